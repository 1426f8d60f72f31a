#include "bench/validation.hpp"

#include <gtest/gtest.h>

#include <cmath>

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

// Genomes whose scores differ by 1 per step, with seeds that scatter by `noise`; one score stands far off, one is
// missing.
Table table_of(const test::Folder& folder, double noise) {
  const space::Space space =
      space::Space::load(folder.write("t.yaml", test::space_yaml("genes:\n  width: {range: [1, 200]}\n")));
  TableWriter writer(losses(), space);
  base::Random random(4);
  std::int64_t number = 0;
  space::enumerate(space, [&](const space::Genome& genome) {
    for (int seed = 0; seed < 4; ++seed) {
      double score = static_cast<double>(number) + noise * noise_of(random);
      if (number == 50 && seed == 2) score += 1000;
      if (number == 60 && seed == 1) continue;
      EXPECT_EQ(writer.add(genome, {.task = "text", .fidelity = 10, .seed = seed, .values = {score}}), "");
    }
    ++number;
    return true;
  });
  writer.write(folder.path());
  return Table::load(folder.path());
}

TEST(Validation, FindsGapsAndOutliers) {
  const test::Folder folder;
  const Table table = table_of(folder, 2);
  const auto checks = check_table(table, "val_loss");
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].genomes, 200);
  EXPECT_EQ(checks[0].missing, 1);
  ASSERT_EQ(checks[0].outliers.size(), 1U);
  EXPECT_EQ(checks[0].outliers[0].row, 50 * 4 + 2);
}

TEST(Validation, TellsTheNoiseOfSeedsFromTheDifferencesOfGenomes) {
  const test::Folder folder;
  const space::Space space =
      space::Space::load(folder.write("t.yaml", test::space_yaml("genes:\n  width: {range: [1, 1000]}\n")));
  TableWriter writer(losses(), space);
  base::Random random(4);
  space::enumerate(space, [&](const space::Genome& genome) {
    const double own = 3 * noise_of(random);
    for (int seed = 0; seed < 5; ++seed)
      EXPECT_EQ(writer.add(genome, {.task = "text", .fidelity = 10, .seed = seed, .values = {own + noise_of(random)}}),
                "");
    return true;
  });
  writer.write(folder.path());
  const CellCheck check = check_table(Table::load(folder.path()), "val_loss").at(0);
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
    const space::Space space =
        space::Space::load(folder.write("t.yaml", test::space_yaml("genes:\n  width: {range: [1, 40]}\n")));
    TableWriter writer(losses(), space);
    base::Random random(4);
    space::enumerate(space, [&](const space::Genome& genome) {
      const double own = noise_of(random);
      for (int seed = 0; seed < seeds; ++seed)
        EXPECT_EQ(writer.add(genome, {.task = "text", .fidelity = 10, .seed = seed, .values = {own}}), "");
      return true;
    });
    writer.write(folder.path());
    const CellCheck check = check_table(Table::load(folder.path()), "val_loss").at(0);
    EXPECT_FALSE(check.seeds.has_value());
    EXPECT_GT(check.between, 0.5);
    EXPECT_FALSE(to_json(check).contains("reliability"));
  }
}

}  // namespace
}  // namespace weft::bench
