// Latency: that what is timed is the work, and that a table's sums tell it.
#include "train/latency.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "net/device.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/spaces.hpp"
#include "train/latency_table.hpp"

namespace weft::train {
namespace {

space::Architecture gpt_nano(const std::string& genome, std::int64_t context = 128) {
  const space::Space space = space::Space::load("gpt_nano");
  return *space::decode(space, *space::from_text(space, genome), {.context = context});
}

const char* const kSmall = R"({"embed_dim":64,"depth":2,"block":"gpt2","num_heads":[2,2],"mlp_ratio":[1,1]})";
const char* const kLarge =
    R"({"embed_dim":128,"depth":6,"block":"gpt2","num_heads":[2,2,2,2,2,2],"mlp_ratio":[4,4,4,4,4,4]})";

class Latency : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { net::set_threads(1); }
  static LatencyRecipe recipe() { return {.warmup = 2, .repeats = 9, .device = "cpu"}; }
  static double seconds(const std::string& genome, const LatencyRecipe& recipe) {
    const journal::Outcome outcome = measure_latency(gpt_nano(genome), recipe);
    EXPECT_TRUE(outcome.ok()) << outcome.detail;
    return outcome.measured.at("latency_s");
  }
};

TEST_F(Latency, IsMeasuredAndNoDeterminedMetric) {
  const journal::Outcome outcome = measure_latency(gpt_nano(kSmall), recipe());
  ASSERT_TRUE(outcome.ok()) << outcome.detail;
  EXPECT_TRUE(outcome.metrics.empty());
  EXPECT_GT(outcome.measured.at("latency_s"), 0);
  EXPECT_GE(outcome.measured.at("latency_iqr_s"), 0);
}

// 17 times the products: more than three times the time, whatever else runs here.
TEST_F(Latency, GrowsWithTheNetwork) {
  EXPECT_GT(seconds(kLarge, recipe()), 3 * seconds(kSmall, recipe()));
}

TEST_F(Latency, GrowsWithTheBatch) {
  LatencyRecipe larger = recipe();
  larger.batch = 8;
  EXPECT_GT(seconds(kSmall, larger), 2 * seconds(kSmall, recipe()));
}

TEST_F(Latency, OfATrainingStepIsLongerThanOfAForwardPass) {
  LatencyRecipe training = recipe();
  training.training = true;
  EXPECT_GT(seconds(kLarge, training), 1.5 * seconds(kLarge, recipe()));
}

TEST_F(Latency, IsMeasuredOnImages) {
  const space::Space space = space::Space::load("vit_nano");
  base::Random random(1);
  const auto architecture = space::decode(space, space::sample(space, random), space.input);
  for (const bool training : {false, true}) {
    LatencyRecipe images = recipe();
    images.training = training;
    const journal::Outcome outcome = measure_latency(*architecture, images);
    ASSERT_TRUE(outcome.ok()) << outcome.detail;
    EXPECT_GT(outcome.measured.at("latency_s"), 0);
  }
}

TEST_F(Latency, FailsBeyondItsTimeLimit) {
  LatencyRecipe short_time = recipe();
  short_time.time_limit = 1e-6;
  const journal::Outcome outcome = measure_latency(gpt_nano(kSmall), short_time);
  EXPECT_EQ(outcome.failure, "time_limit");
  EXPECT_TRUE(outcome.transient);
}

class Table : public Latency {
 protected:
  // Two widths, three depths, three ratios: six layers and two ends.
  static space::Space space() {
    return test::space_of(
        "genes: {width: {choice: [64, 128]}, depth: {range: [1, 6]}, ratio: {choice: [1, 2, 4], per_layer: true}}\n"
        "layers: {count: depth, block: gpt2.block, bind: {D: width, H: 2, R: ratio}}\n");
  }
  static LatencyTable build(const space::Space& space, int held_out = 12) {
    return build_latency_table({.space = &space,
                                .input = space.input,
                                .recipe = recipe(),
                                .held_out = held_out,
                                .progress = [](const std::string&, int, int) {}});
  }
};

TEST_F(Table, HasACellForEachLayerAndForTheEnds) {
  const LatencyTable table = build(space(), 2);
  EXPECT_EQ(table.cells.size(), 8U);
  for (const auto& [key, cell] : table.cells) EXPECT_TRUE(cell.seconds > 0) << cell.what;
}

TEST_F(Table, TellsWhatIsMeasured) {
  const LatencyTable table = build(space());
  EXPECT_EQ(table.check.genomes, 12);
  // How small and how near to 1 is the machine's affair.
  EXPECT_TRUE(table.check.mape > 0 && std::isfinite(table.check.mape)) << table.check.mape;
  EXPECT_TRUE(table.check.kendall_tau > -1 && table.check.kendall_tau <= 1) << table.check.kendall_tau;
}

TEST_F(Table, SumsItsCells) {
  const space::Space space = Table::space();
  const LatencyTable table = build(space, 2);
  const auto genome = space::from_text(space, R"({"width":64,"depth":3,"ratio":[1,4,1]})");
  double sum = 0;
  for (const auto& [key, cell] : table.cells) {
    if (cell.what.find("width 64") != std::string::npos) sum += cell.seconds;
    if (cell.what == R"(gpt2.block {"D":64,"H":2,"R":1})") sum += 2 * cell.seconds;
    if (cell.what == R"(gpt2.block {"D":64,"H":2,"R":4})") sum += cell.seconds;
  }
  EXPECT_NEAR(*table.seconds(space, *genome), sum, 1e-12);
}

TEST_F(Table, SaysWhichCellItLacks) {
  const space::Space space = Table::space();
  LatencyTable table = build(space, 2);
  std::erase_if(table.cells, [](const auto& cell) { return cell.second.what == R"(gpt2.block {"D":64,"H":2,"R":4})"; });
  const auto genome = space::from_text(space, R"({"width":64,"depth":1,"ratio":[4]})");
  const auto seconds = table.seconds(space, *genome);
  ASSERT_FALSE(seconds.has_value());
  EXPECT_EQ(seconds.error(), R"(the latency table has no cell for gpt2.block {"D":64,"H":2,"R":4}; build it again)");
}

TEST_F(Table, IsReadAsItWasWritten) {
  const test::Folder folder;
  const space::Space space = Table::space();
  const LatencyTable table = build(space, 2);
  const std::string path = folder.write("t.json", table.to_json().dump(1));
  const LatencyTable again = LatencyTable::load(path);
  EXPECT_EQ(again.to_json(), table.to_json());
  again.check_fits(space, space.input, path);
}

TEST_F(Table, FitsItsSpaceAndItsInputAlone) {
  const space::Space space = Table::space(), other = space::Space::load("gpt_nano");
  const LatencyTable table = build(space, 2);
  EXPECT_EQ(test::error_of([&] { table.check_fits(other, other.input, "t.json"); }),
            "t.json: is of the space 't', not of 'gpt_nano'");
  space::Input longer = space.input;
  longer.context = 64;
  EXPECT_NE(test::error_of([&] { table.check_fits(space, longer, "t.json"); }).find("was made for inputs of"),
            std::string::npos);
}

TEST_F(Table, IsNotReadFromAnotherFile) {
  const test::Folder folder;
  for (const char* text : {"{}", "[]", R"({"format": "weft latency table 1"})", R"({"format": "x"})", "no"})
    EXPECT_FALSE(test::error_of([&] { LatencyTable::load(folder.write("t.json", text)); }).empty()) << text;
}

TEST_F(Table, IsNotBuiltOfWhatItCannotSum) {
  const auto refusal = [&](const char* name) {
    const space::Space space = space::Space::load(name);
    return test::error_of([&] { build(space, 2); });
  };
  EXPECT_NE(refusal("gpt_nano_open").find("is open: its programs cannot be measured"), std::string::npos);
  EXPECT_NE(refusal("nasbench201").find("its layers change the width or the size of images"), std::string::npos);
}

}  // namespace
}  // namespace weft::train
