// The published spaces: sizes, and the parameters and FLOPs that others counted.
#include <gtest/gtest.h>

#include <cmath>

#include "base/json.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"
#include "tests/support/shared.hpp"

namespace weft::space {
namespace {

using base::Json;

// Some of the files have Python's names for what is no JSON number.
Json shared_json(const std::string& file) {
  std::string text = base::read_file(test::shared(file));
  for (const std::string name : {"-Infinity", "Infinity", "NaN"}) {
    for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos;) text.replace(at, name.size(), "null");
  }
  return Json::parse(text);
}

Architecture architecture_of(const Space& space, const Json& genome) {
  const auto read = from_json(space, genome);
  EXPECT_TRUE(read.has_value()) << read.error();
  const auto architecture = decode(space, *read, space.input);
  EXPECT_TRUE(architecture.has_value()) << architecture.error();
  return *architecture;
}

block::Counts counts_of(const Space& space, const Json& genome) {
  return architecture_of(space, genome).counts;
}

TEST(Published, SpacesHaveTheirSizes) {
  EXPECT_EQ(count(Space::load("gpt_s")).count, "1903784282946");
  EXPECT_EQ(count(Space::load("nasbench201")).count, "15625");
  EXPECT_EQ(count(Space::load("nasbench_macro")).count, "6561");
  EXPECT_EQ(count(Space::load("natsbench_size")).count, "32768");
  EXPECT_EQ(count(Space::load("transnasbench_micro")).count, "4096");
  EXPECT_EQ(count(Space::load("transnasbench_macro")).count, "3256");
  EXPECT_EQ(count(Space::load("jahs")).count, "2432531250");  // 15,625 cells, 3 · 3 · 3 · 3 · 2, 31 · 31
  // 573,494 of 2^21 graphs have at most nine edges and join input and output, counted with NumPy; times 3^5.
  EXPECT_EQ(count(Space::load("nasbench101")).count, "139359042");
}

// Dong, Yang 2020, section 2.2. In NAS-Bench-Macro, identities among the layers that keep their channels do nothing: of
// the stages' choices 3 · 3, 3 · (1 + 2 + 4) and 3 · (1 + 2 + 4) remain.
TEST(Published, SpacesHaveTheirDistinctNetworks) {
  EXPECT_EQ(count_networks(Space::load("nasbench201")), 6466);
  EXPECT_EQ(count_networks(Space::load("nasbench_macro")), 3969);
}

// The table's FLOPs are the multiply-accumulates of convolutions and of the last product.
TEST(Published, NasBenchMacroHasTheRecordedParametersAndFlops) {
  WEFT_NEEDS_SHARED("data/macro/nasbench_macro_cifar10.json");
  const Space space = Space::load("nasbench_macro");
  const Json table = shared_json("data/macro/nasbench_macro_cifar10.json");
  for (const auto& [key, row] : table.items()) {
    const block::Counts counts = counts_of(space, key);
    ASSERT_EQ(counts.params, row.at("params")) << key;
    ASSERT_EQ(counts.macs, row.at("flops")) << key;
  }
  EXPECT_EQ(table.size(), 6561U);
}

std::int64_t params_of_101(const char* text) {
  const Space space = Space::load("nasbench101");
  const auto genome = from_text(space, text);
  EXPECT_TRUE(genome.has_value()) << genome.error();
  const auto architecture = decode(space, *genome, space.input);
  EXPECT_TRUE(architecture.has_value()) << architecture.error();
  return architecture->counts.params;
}

// The Inception-like cell of NAS-Bench-101's README; its trainable_parameters are those that a query of it returns.
TEST(Published, NasBench101HasTheRecordedParameters) {
  const char* const ops = " conv1x1-bn-relu conv3x3-bn-relu conv3x3-bn-relu conv3x3-bn-relu maxpool3x3";
  EXPECT_EQ(params_of_101((std::string("111010 00001 0001 100 01 1") + ops).c_str()), 2'694'282);
}

// What the benchmark's own code counts, with its classification head of 75 classes, for an image of 224 by 224 pixels.
TEST(Published, TransNasBench101HasTheParametersAndFlopsOfItsCode) {
  struct Row {
    const char *space, *network;
    std::int64_t params, macs;
  };
  for (const Row& row : {Row{"transnasbench_micro", "64-41414-0_00_000", 57'963, 68'679'168},
                         Row{"transnasbench_micro", "64-41414-1_11_111", 579'435, 126'481'920},
                         Row{"transnasbench_micro", "64-41414-1_02_333", 22'559'083, 3'511'154'176},
                         Row{"transnasbench_micro", "64-41414-2_01_231", 9'100'907, 1'443'100'160},
                         Row{"transnasbench_macro", "64-123400-basic", 3'419'499, 3'061'558'016},
                         Row{"transnasbench_macro", "64-311112-basic", 1'298'795, 1'060'930'944}}) {
    const block::Counts counts = counts_of(Space::load(row.space), row.network);
    EXPECT_EQ(counts.params, row.params) << row.network;
    EXPECT_EQ(counts.macs, row.macs) << row.network;
  }
}

// Where a network of JAHS-Bench-201 is one of NAS-Bench-201 it has as many parameters; the smallest by hand.
TEST(Published, JahsBench201HasTheParametersOfItsNetworks) {
  const Space space = Space::load("jahs");
  Json genome = {{"op_10", "nor_conv_3x3"}, {"op_20", "none"}, {"op_21", "avg_pool_3x3"},
                 {"op_30", "skip_connect"}, {"op_31", "none"}, {"op_32", "nor_conv_1x1"}};
  const std::int64_t wanted = counts_of(Space::load("nasbench201"), genome).params;
  genome.update({{"cells", 5}, {"width", 16}, {"resolution", 1.0}, {"activation", "relu"}});
  genome.update({{"trivial_augment", false}, {"learning_rate", 0.1}, {"weight_decay", 0.0005}});
  EXPECT_EQ(counts_of(space, genome).params, wanted);
  genome.update({{"cells", 1}, {"width", 4}, {"resolution", 0.25}, {"activation", "mish"}});
  const auto cell = [](int c) { return 10 * c * c + 4 * c; };       // a 3x3 and a 1x1 convolution, normalised
  const auto reduction = [](int c) { return 56 * c * c + 8 * c; };  // to 2 c channels
  EXPECT_EQ(counts_of(space, genome).params,
            4 * 29 + cell(4) + reduction(4) + cell(8) + reduction(8) + cell(16) + 2 * 16 + 10 * 17);
}

struct SizeRow {
  const char* channels;
  std::int64_t params, flops, classes;
};

// Recorded in NATS-sss-v1_0 (000000, 000011, 000284) under "01", all_results: params and flop, in millions, of cifar10
// and cifar100. The FLOPs are multiply-accumulates, and one more for each class: the head's bias.
TEST(Published, NatsBenchSizeHasTheRecordedParametersAndFlops) {
  const Space space = Space::load("natsbench_size");
  for (const SizeRow& row :
       {SizeRow{"8:8:8:8:8", 11'714, 4'481'114, 10}, SizeRow{"8:8:8:8:8", 12'524, 4'481'924, 100},
        SizeRow{"8:8:8:16:32", 49'202, 6'840'650, 10}, SizeRow{"8:8:8:16:32", 52'172, 6'843'620, 100},
        SizeRow{"8:8:40:32:40", 144'834, 21'827'994, 10}, SizeRow{"8:8:40:32:40", 148'524, 21'831'684, 100}}) {
    Input input = space.input;
    input.classes = row.classes;
    const auto architecture = decode(space, *from_text(space, row.channels), input);
    ASSERT_TRUE(architecture.has_value()) << architecture.error();
    EXPECT_EQ(architecture->counts.params, row.params) << row.channels;
    EXPECT_EQ(architecture->counts.macs + row.classes, row.flops) << row.channels;
  }
}

// The multiply-accumulates of the same model, counted here once more.
std::int64_t gpt_macs(const Json& row, std::int64_t time) {
  const std::int64_t width = row.at("E");
  std::int64_t macs = time * width * 50254;
  for (std::size_t layer = 0; layer < row.at("mlp").size(); ++layer) {
    const std::int64_t inner = 64 * row.at("heads")[layer].get<std::int64_t>(), ratio = row.at("mlp")[layer];
    macs += time * (4 * width * inner + 2 * ratio * width * width) + 2 * time * time * inner;
  }
  return macs;
}

TEST(Published, GptsHaveTheReferencesParameters) {
  WEFT_NEEDS_SHARED("golden/counts.json");
  for (const Json& row : shared_json("golden/counts.json").at("gpt")) {
    const Space space = Space::load(row.at("name").get<std::string>().front() == 'S' ? "gpt_s" : "gpt_m");
    const block::Counts counts = counts_of(space, {{"embed_dim", row.at("E")},
                                                   {"n_layer", row.at("depth")},
                                                   {"mlp_ratio", row.at("mlp")},
                                                   {"n_head", row.at("heads")},
                                                   {"bias", row.at("bias")}});
    EXPECT_EQ(counts.params, row.at("tied")) << row.at("name");
    EXPECT_EQ(counts.params + 50254 * row.at("E").get<std::int64_t>(), row.at("untied")) << row.at("name");
    EXPECT_EQ(counts.macs, gpt_macs(row, 1024)) << row.at("name");
  }
}

TEST(Published, AutoFormersHaveTheReferencesParameters) {
  WEFT_NEEDS_SHARED("golden/counts.json");
  for (const Json& row : shared_json("golden/counts.json").at("autoformer")) {
    const char size = static_cast<char>(std::tolower(row.at("name").get<std::string>().front()));
    const block::Counts counts =
        counts_of(Space::load(std::string("autoformer_") + size), {{"embed_dim", row.at("E")},
                                                                   {"depth", row.at("depth")},
                                                                   {"mlp_ratio", row.at("mlp")},
                                                                   {"num_heads", row.at("heads")}});
    EXPECT_EQ(counts.params, row.at("params")) << row.at("name");
  }
}

// NASLib writes an architecture as the operations on the edges 1-2, 1-3, 1-4, 2-3, 2-4, 3-4.
Json naslib_genome(const std::string& key) {
  static const std::array kOps{"skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3"};
  static const std::array kEdges{"op_10", "op_20", "op_30", "op_21", "op_31", "op_32"};
  Json genome = Json::object();
  std::size_t edge = 0;
  for (const char c : key) {
    if (c >= '0' && c <= '4') genome[kEdges.at(edge++)] = kOps.at(static_cast<std::size_t>(c - '0'));
  }
  return genome;
}

// Beside products and convolutions the table counts batch norms (two for each value), ReLUs (one) and poolings (a
// window for each value), of every operation of the cell on its own.
std::int64_t tables_flops(const Architecture& a, const Json& genome) {
  std::int64_t total = a.counts.macs + 160'832;  // outside the cells
  for (const auto& [edge, op] : genome.items()) {
    const auto name = op.get<std::string>();
    const std::int64_t values = 5 * (16 * 32 * 32 + 32 * 16 * 16 + 64 * 8 * 8);  // of an operation, over all cells
    total += name.starts_with("nor_conv") ? 3 * values : name == "avg_pool_3x3" ? 9 * values : 0;
  }
  return total;
}

TEST(Published, NasBench201HasTheRecordedParametersAndFlops) {
  WEFT_NEEDS_SHARED("data/zerocost/zc_nasbench201.json");
  const Space space = Space::load("nasbench201");
  const Json table = shared_json("data/zerocost/zc_nasbench201.json").at("cifar10");
  int rows = 0;
  for (const auto& [key, row] : table.items()) {
    const Json genome = naslib_genome(key);
    const Architecture a = architecture_of(space, genome);
    const auto recorded = [&](const char* name) { return 1e6 * row.at(name).at("score").get<double>(); };
    ASSERT_EQ(a.counts.params, std::llround(recorded("params"))) << key;
    ASSERT_EQ(tables_flops(a, genome), std::llround(recorded("flops"))) << key;
    ++rows;
  }
  EXPECT_EQ(rows, 725);
}

}  // namespace
}  // namespace weft::space
