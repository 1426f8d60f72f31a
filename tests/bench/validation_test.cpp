#include "bench/validation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "bench/table_writer.hpp"
#include "space/vary.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/spaces.hpp"

namespace weft::bench {
namespace {

double noise_of(base::Random& random) {  // of about deviation 1
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += random.uniform();
  return sum;
}

Manifest losses() {
  Manifest manifest;
  manifest.name = "made";
  manifest.space = "t.yaml";
  manifest.fidelity_unit = "steps";
  manifest.metrics = {{.name = "val_loss", .unit = "nat", .description = {}}};
  manifest.about = {{"licence", "CC0"}, {"source", "a test"}};
  return manifest;
}

using Score = std::function<double(int genome, int seed)>;

// A table of so many genomes with so many seeds; NaN is a row that is missing.
Table table_of(const test::Folder& folder, int genomes, int seeds, const Score& score) {
  const space::Space space = space::Space::load(
      folder.write("t.yaml", test::space_yaml("genes:\n  width: {range: [1, " + std::to_string(genomes) + "]}\n")));
  TableWriter writer(losses(), space);
  int number = 0;
  space::enumerate(space, [&](const space::Genome& genome) {
    for (int seed = 0; seed < seeds; ++seed) {
      const double value = score(number, seed);
      if (std::isnan(value)) continue;
      EXPECT_EQ(writer.add(genome, {.task = "text", .fidelity = 10, .seed = seed, .values = {value}}), "");
    }
    ++number;
    return true;
  });
  writer.write(folder.path());
  return Table::load(folder.path());
}

TEST(Validation, FindsGapsAndOutliers) {
  const test::Folder folder;
  base::Random random(4);
  // Scores that differ by 1 per step, with seeds that scatter; one stands far off, one is missing.
  const Table table = table_of(folder, 200, 4, [&](int genome, int seed) {
    const double score = genome + 2 * noise_of(random);
    if (genome == 60 && seed == 1) return std::nan("");
    return genome == 50 && seed == 2 ? score + 1000 : score;
  });
  const auto checks = check_table(table, "val_loss");
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].genomes, 200);
  EXPECT_EQ(checks[0].missing, 1);
  ASSERT_EQ(checks[0].outliers.size(), 1U);
  EXPECT_EQ(checks[0].outliers[0].row, 50 * 4 + 2);
}

TEST(Validation, TellsTheNoiseOfSeedsFromTheDifferencesOfGenomes) {
  const test::Folder folder;
  base::Random random(4);
  double own = 0;
  const Table table = table_of(folder, 1000, 5, [&](int /*genome*/, int seed) {
    if (seed == 0) own = 3 * noise_of(random);
    return own + noise_of(random);
  });
  const CellCheck check = check_table(table, "val_loss").at(0);
  ASSERT_TRUE(check.seeds.has_value());
  EXPECT_NEAR(check.seeds->within, 1, 0.05);
  EXPECT_NEAR(check.between, 3, 0.2);
  EXPECT_NEAR(check.seeds->reliability, 0.9, 0.02);
  EXPECT_NEAR(check.seeds->reliability_of_mean, 0.978, 0.01);
  EXPECT_NEAR(*check.seeds->tau, 2 / M_PI * std::asin(0.9), 0.03);  // of two normal scores with that correlation
}

TEST(Validation, SaysNothingOfSeedsWhereGenomesWereMeasuredOnce) {
  for (const int seeds : {1, 3}) {  // a latency that stands in the row of each seed was measured once, too
    const test::Folder folder;
    base::Random random(4);
    double own = 0;
    const Table table = table_of(folder, 40, seeds, [&](int /*genome*/, int seed) {
      if (seed == 0) own = noise_of(random);
      return own;
    });
    const CellCheck check = check_table(table, "val_loss").at(0);
    EXPECT_FALSE(check.seeds.has_value());
    EXPECT_GT(check.between, 0.5);
    EXPECT_FALSE(to_json(check).contains("reliability"));
  }
}

}  // namespace
}  // namespace weft::bench
