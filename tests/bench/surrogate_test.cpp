#include "bench/surrogate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "bench/encoding.hpp"
#include "bench/import.hpp"
#include "bench/table_writer.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/shared.hpp"

namespace weft::bench {
namespace {

using test::error_of;
using test::Folder;

// A table of a space whose score follows from its genes and a little noise.
Table table_of(const Folder& folder, const std::string& space_name, int genomes, double noise) {
  const space::Space space = space::Space::load(space_name);
  Manifest manifest;
  manifest.name = "made";
  manifest.space = space_name;
  manifest.sample = true;
  manifest.fidelity_unit = "steps";
  manifest.metrics = {{.name = "val_loss", .unit = "nat", .description = {}}};
  manifest.about = {{"licence", "CC0"}, {"source", "a test"}};
  TableWriter writer(manifest, space);
  Encoding encoding(space);
  base::Random random(3, "table");
  while (writer.genomes() < genomes) {
    const space::Genome genome = space::sample(space, random);
    const std::vector<float> features = encoding.encode(genome);
    const double score = 4 - 0.3 * static_cast<double>(features[features.size() - 2]) + 0.02 * std::sin(features[0]);
    for (int seed = 0; seed < 2; ++seed) {
      const double off = noise * (random.uniform() + random.uniform() + random.uniform() - 1.5) * 2;
      static_cast<void>(writer.add(genome, {.task = "text", .fidelity = 10, .seed = seed, .values = {score + off}}));
    }
  }
  writer.write(folder.path());
  return Table::load(folder.path());
}

TEST(Surrogate, PredictsWhatItHasNotSeenAndSaysHowSureItIs) {
  const Folder folder, saved;
  const Table table = table_of(folder, "gpt_nano", 300, 0.02);
  SurrogateQuality quality;
  const Surrogate fitted = Surrogate::fit(table, {"val_loss", "text", 10}, {}, quality);
  EXPECT_EQ(quality.held_out, 60);
  EXPECT_EQ(quality.fitted, 240);
  EXPECT_GT(quality.r2, 0.9);
  EXPECT_GT(*quality.tau, 0.8);
  EXPECT_GT(*quality.params_tau, 0.8);
  EXPECT_GT(quality.within95, 0.85);
  EXPECT_LT(quality.within50, 0.8);
  fitted.save(saved.path(), quality);
  const Surrogate read = Surrogate::load(saved.path());
  for (std::int64_t number = 0; number < 20; ++number) {
    const Prediction a = fitted.predict(table.genome(number)), b = read.predict(table.genome(number));
    EXPECT_EQ(a.mean, b.mean);
    EXPECT_EQ(a.deviation, b.deviation);
    EXPECT_GT(a.deviation, 0);
  }
}

TEST(Surrogate, IsTheSameForTheSameSeed) {
  const Folder folder;
  const Table table = table_of(folder, "gpt_nano", 60, 0.02);
  SurrogateQuality first, second;
  const Surrogate a = Surrogate::fit(table, {"val_loss", "text", 10}, {.members = 3, .seed = 5}, first),
                  b = Surrogate::fit(table, {"val_loss", "text", 10}, {.members = 3, .seed = 5}, second);
  EXPECT_EQ(first.to_json(), second.to_json());
  EXPECT_EQ(a.predict(table.genome(0)).mean, b.predict(table.genome(0)).mean);
}

TEST(Surrogate, TakesProgramsByTheirOps) {
  const Folder folder;
  const Table table = table_of(folder, "gpt_nano_open", 40, 0.01);
  SurrogateQuality quality;
  const Surrogate fitted = Surrogate::fit(table, {"val_loss", "text", 10}, {.members = 2}, quality);
  EXPECT_TRUE(std::isfinite(fitted.predict(table.genome(3)).mean));
}

TEST(Surrogate, NeedsSomeGenomes) {
  const Folder folder;
  const Table table = table_of(folder, "gpt_nano", 5, 0.02);
  SurrogateQuality quality;
  EXPECT_EQ(error_of([&] {
              Surrogate::fit(table, {"val_loss", "text", 10}, {}, quality);
            }),
            "the table has 5 genomes with a val_loss; a surrogate needs 20");
}

TEST(Surrogate, ThatWasChangedIsRefused) {
  const Folder folder, saved;
  const Table table = table_of(folder, "gpt_nano", 30, 0.02);
  SurrogateQuality quality;
  Surrogate::fit(table, {"val_loss", "text", 10}, {.members = 2}, quality).save(saved.path(), quality);
  std::string bytes = base::read_file(saved / "trees_1.ubj");
  bytes[bytes.size() / 2] ^= 1;
  saved.write("trees_1.ubj", bytes);
  EXPECT_EQ(error_of([&] { Surrogate::load(saved.path()); }),
            (saved / "trees_1.ubj").string() + ": is not the file that surrogate.yaml describes");
  saved.write("surrogate.yaml", "space: gpt_nano\nmetric: val_loss\nkind: trees\nmembers: [{file: ../a, sha256: b}]\n");
  EXPECT_TRUE(error_of([&] { Surrogate::load(saved.path()); }).ends_with("a file beside the manifest was expected"));
}

// What PyTorch gives for the first network of each file of perplexities.
TEST(Surrogate, OfHwGptBenchGivesItsPerplexities) {
  WEFT_NEEDS_SHARED("data/hwgpt/perplexity_surrogate_s.pt");
  for (const auto& [scale, wanted] :
       {std::pair<std::string, double>{"s", 33.14924240112305}, {"m", 21.826879501342773}}) {
    const Folder folder;
    const std::string command = "python3 " + std::string(WEFT_SOURCE_DIR) + "/scripts/convert_hwgpt_surrogate.py " +
                                test::shared("data/hwgpt/perplexity_surrogate_" + scale + ".pt").string() +
                                " --scale " + scale + " -o " + (folder / "surrogate").string() + " > /dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
    const Surrogate surrogate = Surrogate::load(folder / "surrogate");
    import_table("hwgpt_" + scale + "_perplexity", {test::shared("data/hwgpt/ppl_" + scale + ".csv")}, folder / "table",
                 [](std::int64_t) {});
    const Table table = Table::load(folder / "table");
    EXPECT_NEAR(surrogate.predict(table.genome(0)).mean, wanted, 1e-4);
    double off = 0;
    for (std::int64_t number = 0; number < 1000; ++number)
      off += std::abs(surrogate.predict(table.genome(number)).mean -
                      table.value(table.row(number, {}), table.column("val_perplexity")));
    EXPECT_LT(off / 1000, 0.05) << "it was trained on them";
  }
}

}  // namespace
}  // namespace weft::bench
