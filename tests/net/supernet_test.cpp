// The one equation of entangled weights: a sub-network's logits, loss and gradients are those of the stand-alone model
// that holds its slices; and what it does not have is left alone.
#include "net/supernet.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <set>

#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/entangled.hpp"
#include "tests/support/spaces.hpp"

namespace weft::net {
namespace {

using test::check_equation;

space::Genome genome_of(const space::Space& space, const std::string& text) {
  auto genome = space::from_text(space, text);
  EXPECT_TRUE(genome.has_value()) << genome.error();
  return *genome;
}

const SharedWeight& weight_named(const Supernet& supernet, const std::string& part) {
  for (const SharedWeight& weight : supernet.weights()) {
    if (weight.name.find(part) != std::string::npos) return weight;
  }
  ADD_FAILURE() << "no weight " << part;
  return supernet.weights().front();
}

class EntangledSpace : public ::testing::TestWithParam<const char*> {};

TEST_P(EntangledSpace, GivesEveryGenomeWhatItWouldGiveAlone) {
  const space::Space space = space::Space::load(GetParam());
  check_equation(space, test::reduced_input(space), 5);
}

INSTANTIATE_TEST_SUITE_P(Of, EntangledSpace,
                         ::testing::Values("gpt_nano", "vit_nano", "transformer_union", "nasbench201", "lm_blocks",
                                           "natsbench_size"));

// A part of a weight, with what each of its values is in the whole: its index.
at::Tensor indices(const Supernet& supernet, const Part& part) {
  const SharedWeight& weight = supernet.weights()[part.weight];
  const at::Tensor index = at::arange(weight.value.numel(), at::kLong).view(weight.value.sizes());
  at::Tensor own = at::empty(shape_of(part.axes), at::kLong);
  copy_each(windows(own, part.axes, part.axes), windows(index, weight.axes, part.axes));
  return own;
}

const Part& part_named(const Supernet& supernet, const SubNetwork& network, const std::string& name) {
  const Part* found = nullptr;
  network.each_part([&](const Part& part) {
    if (supernet.weights()[part.weight].name.find(name) != std::string::npos) found = &part;
  });
  EXPECT_NE(found, nullptr) << name;
  return *found;
}

constexpr const char* kGrouped =
    "genes: {heads: {choice: [2, 4]}, groups: {choice: [1, 2]}}\nrequire: [\"heads % groups == 0\"]\n"
    "layers: {count: 1, block: gqa.block, bind: {D: 8, H: heads, G: groups}}\n";
constexpr const char* kGqa =
    "def block(x):\n    a = attention(linear(x, 4 * H), linear(x, 4 * G), linear(x, 4 * G), heads=H, kv_heads=G)\n"
    "    return x + linear(a, D)\n";

TEST(Supernet, HeadsAreWholeAndStayInTheirGroup) {
  const space::Space space = test::space_with_block(kGrouped, "gqa", kGqa);
  Supernet supernet(space, test::reduced_input(space), test::double_supernet());
  // Four heads of one group are members 0 to 3 of it; of two groups, members 0 and 1 of each.
  const auto one = supernet.select(genome_of(space, "{\"heads\": 4, \"groups\": 1}"));
  const auto two = supernet.select(genome_of(space, "{\"heads\": 4, \"groups\": 2}"));
  ASSERT_TRUE(one && two);
  const SharedWeight& query = weight_named(supernet, "linear(3,s).0.weight");
  ASSERT_EQ(query.axes[0], (block::Axis{block::Segment{{2, 4, 4}}}));
  const auto rows = [&](const SubNetwork& network) {
    return indices(supernet, part_named(supernet, network, "linear(3,s).0.weight")).select(1, 0).div(8, "floor");
  };
  EXPECT_TRUE(at::equal(rows(*one), at::arange(16, at::kLong)));
  EXPECT_TRUE(at::equal(rows(*two), at::cat({at::arange(8, at::kLong), at::arange(16, 24, at::kLong)})));
}

TEST(Supernet, AGateStaysAGateAndAValueAValue) {
  const space::Space space = test::space_with_block(
      "genes: {ratio: {choice: [1, 2]}}\nlayers: {count: 1, block: glu.block, bind: {D: 8, R: ratio}}\n", "glu",
      "def block(x):\n    gate, value = split(linear(x, 2 * R * D), 2)\n"
      "    return x + linear(silu(gate) * value, D)\n");
  Supernet supernet(space, test::reduced_input(space), test::double_supernet());
  const auto network = supernet.select(genome_of(space, "{\"ratio\": 1}"));
  ASSERT_TRUE(network.has_value());
  const at::Tensor rows =
      indices(supernet, part_named(supernet, *network, "linear(1|1,s).0.weight")).select(1, 0).div(8, "floor");
  EXPECT_TRUE(at::equal(rows, at::cat({at::arange(8, at::kLong), at::arange(16, 24, at::kLong)})));
}

TEST(Supernet, TheTapsOfACausalConvolutionKeepTheirDistanceFromThePosition) {
  const space::Space space = test::space_with_block(
      "genes: {width: {choice: [3, 5]}}\nlayers: {count: 1, block: conv.block, bind: {D: 8, K: width}}\n", "conv",
      "def block(x):\n    return x + dwconv(x, width=K)\n");
  Supernet supernet(space, test::reduced_input(space), test::double_supernet());
  const auto network = supernet.select(genome_of(space, "{\"width\": 3}"));
  ASSERT_TRUE(network.has_value());
  const at::Tensor taps = indices(supernet, part_named(supernet, *network, "dwconv(s,1,1l).0.weight")).view({8, 3})[0];
  EXPECT_TRUE(at::equal(taps, at::arange(2, 5, at::kLong)));
}

TEST(Supernet, LayersThatAreLeftOutMayBeSpreadEvenly) {
  const space::Space space = test::space_of(
      "genes: {depth: {range: [2, 4]}}\nlayers: {count: depth, block: gpt2.block, bind: {D: 16, H: 2, R: "
      "1}}\n");
  SupernetOptions options = test::double_supernet();
  options.depth = SupernetOptions::Depth::spread;
  Supernet supernet(space, test::reduced_input(space), options);
  const auto network = supernet.select(genome_of(space, "{\"depth\": 2}"));
  ASSERT_TRUE(network.has_value());
  std::set<std::string> layers;
  network->each_part([&](const Part& part) {
    const std::string& name = supernet.weights()[part.weight].name;
    if (name.starts_with("layers.0.")) layers.insert(name.substr(9, 1));
  });
  EXPECT_EQ(layers, (std::set<std::string>{"0", "2"}));
}

TEST(Supernet, WhatItGrowsForKeepsWhatWasThere) {
  const space::Space space = space::Space::load("gpt_nano");
  const space::Input input = test::reduced_input(space);
  Supernet supernet(space, input, test::double_supernet(false));
  const space::Genome small = space::smallest(space, input);
  const Weights before = supernet.select(small)->copy_weights();
  const int growths = supernet.growths();
  ASSERT_TRUE(supernet.select(space::largest(space, input)).has_value());
  EXPECT_GT(supernet.growths(), growths);
  const Weights after = supernet.select(small)->copy_weights();
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(at::equal(before[i], after[i])) << i;
}

TEST(Supernet, ChangesItsSubNetworkWithoutBuildingAnything) {
  const space::Space space = space::Space::load("gpt_nano");
  Supernet supernet(space, test::reduced_input(space), test::double_supernet());
  base::Random random(1);
  const space::Genome genome = space::sample(space, random);
  const auto first = supernet.select(genome), again = supernet.select(genome);
  ASSERT_TRUE(first && again);
  std::vector<const Part*> a, b;
  first->each_part([&](const Part& part) { a.push_back(&part); });
  again->each_part([&](const Part& part) { b.push_back(&part); });
  EXPECT_EQ(a, b);
}

TEST(Supernet, DoesNotGrowBeyondItsLimit) {
  const space::Space space = space::Space::load("gpt_nano");
  SupernetOptions options;
  options.outlined = false;
  options.most_values = 100'000;
  Supernet supernet(space, test::reduced_input(space), options);
  const auto network = supernet.select(space::largest(space, supernet.input()));
  ASSERT_FALSE(network.has_value());
  EXPECT_NE(network.error().find("100000 are allowed"), std::string::npos) << network.error();
  EXPECT_EQ(supernet.values(), 0);
}

}  // namespace
}  // namespace weft::net
