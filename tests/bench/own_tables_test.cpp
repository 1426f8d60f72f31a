#include <gtest/gtest.h>

#include <cmath>

#include "bench/surrogate.hpp"
#include "bench/table.hpp"
#include "space/decode.hpp"

namespace weft::bench {
namespace {

namespace fs = base::fs;

std::vector<fs::path> own_tables() {
  std::vector<fs::path> list;
  for (const auto& entry : fs::directory_iterator(base::home() / "nasbench/tables")) list.push_back(entry.path());
  return list;
}

// The tables that come with weft.
TEST(OwnTables, HaveTheCountsOfTheirSpace) {
  ASSERT_FALSE(own_tables().empty());
  for (const fs::path& folder : own_tables()) {
    const Table table = Table::load(folder);
    const std::size_t params = table.column("params"), loss = table.column("val_loss");
    space::Counter counter(table.space(), table.space().input);
    for (std::int64_t genome = 0; genome < table.genomes(); ++genome) {
      const std::int64_t counted = counter.count(table.genome(genome)).value().params;
      std::int64_t row = table.first_row(genome);
      for (std::size_t i = 0; i < table.cells(genome).size(); ++i, ++row) {
        EXPECT_EQ(table.value(row, params), static_cast<double>(counted));
        EXPECT_TRUE(table.value(row, loss) > 1 && table.value(row, loss) < 4) << table.value(row, loss);
      }
    }
  }
}

TEST(OwnTables, AreSmallAndHaveADataCard) {
  for (const fs::path& folder : own_tables()) {
    std::uintmax_t bytes = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      bytes += entry.is_regular_file() ? entry.file_size() : 0;
    EXPECT_LT(bytes, 20'000'000U) << folder;
    EXPECT_TRUE(fs::exists(folder / "README.md")) << folder;
  }
}

TEST(OwnTables, OfTransformersHasFiveHundredAndASurrogate) {
  const fs::path folder = base::home() / "nasbench/tables/nano_gpt";
  const Table table = Table::load(folder);
  EXPECT_GE(table.genomes(), 500);
  EXPECT_EQ(table.rows(), 3 * table.genomes());
  const auto surrogate = Surrogate::load(folder / "surrogate");
  double off = 0;
  for (std::int64_t genome = 0; genome < table.genomes(); ++genome)
    off += std::abs(surrogate.predict(table.genome(genome)).mean -
                    table.value(table.first_row(genome), table.column("val_loss")));
  EXPECT_LT(off / static_cast<double>(table.genomes()), 0.1);
}

}  // namespace
}  // namespace weft::bench
