// The inputs that fuzzing found, once more: scripts/fuzz.sh finds new ones.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.hpp"
#include "base/json.hpp"
#include "tests/fuzz/table_targets.hpp"

namespace weft {
namespace {

// In the corpus a character stands for a byte.
std::string bytes_of(const std::string& utf8) {
  std::string bytes;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    if (lead < 0x80) {
      bytes += utf8[i];
    } else {
      bytes += static_cast<char>((lead & 3U) << 6U | (static_cast<unsigned char>(utf8.at(++i)) & 0x3FU));
    }
  }
  return bytes;
}

void replay(const std::string& target, void (*fuzz)(std::string_view), int fewest = 100) {
  const std::string file = base::read_file(base::fs::path(WEFT_SOURCE_DIR) / "tests/fuzz/corpus" / (target + ".jsonl"));
  int inputs = 0;
  for (const std::string& line : base::split_lines(file)) {
    const auto value = base::parse_json(line);
    ASSERT_TRUE(value && value->is_string()) << target << ".jsonl, line " << inputs + 1;
    ASSERT_NO_THROW(fuzz(bytes_of(value->get<std::string>()))) << line;
    ++inputs;
  }
  EXPECT_GT(inputs, fewest);
}

TEST(Corpus, of_programs_is_taken_or_refused) {
  replay("program", test::fuzz_program);
}
TEST(Corpus, of_yaml_files_is_taken_or_refused) {
  replay("yaml", test::fuzz_yaml);
}
TEST(Corpus, of_manifests_is_taken_or_refused) {
  replay("manifest", test::fuzz_manifest);
}
TEST(Corpus, of_tables_is_taken_or_refused) {
  replay("parquet", test::fuzz_parquet, 50);  // they are long
}
TEST(Corpus, of_records_is_taken_or_refused) {
  replay("records", test::fuzz_records);
}
TEST(Corpus, of_surrogates_is_taken_or_refused) {
  replay("surrogate", test::fuzz_surrogate);
}
TEST(Corpus, of_genomes_is_taken_or_refused) {
  replay("genome", test::fuzz_genome);
}

}  // namespace
}  // namespace weft
