// Networks of random genomes: their sizes, what they see, how they start.
#include "net/network.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <set>

#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/programs.hpp"

namespace weft::net {
namespace {

constexpr std::int64_t kContext = 24;

space::Input input_of(const space::Space& space) {
  space::Input input = space.input;
  if (input.task == space::Task::language_model) input.context = kContext;
  return input;
}

// Architectures of sampled genomes; those of an open space are mutated a few times more.
std::vector<space::Architecture> architectures(const space::Space& space, int count, std::uint64_t seed) {
  base::Random random(seed, space.name);
  std::vector<space::Architecture> list;
  while (static_cast<int>(list.size()) < count) {
    space::Genome genome = space::sample(space, random);
    for (std::uint64_t i = random.below(6); i > 0; --i) genome = space::mutate(space, genome, random).value_or(genome);
    if (auto made = space::decode(space, genome, input_of(space))) list.push_back(std::move(*made));
  }
  return list;
}

at::Tensor input_for(const space::Architecture& a, std::int64_t batch = 2) {
  if (a.input.task == space::Task::language_model)
    return at::randint(a.input.vocabulary, {batch, a.input.context}, at::kLong);
  return at::randn({batch, a.input.channels, a.input.height, a.input.width});
}

at::Tensor logits(const Network& network, const at::Tensor& input, std::uint64_t seed = 1) {
  return forward(network, initialise(network, seed, at::kCPU), input, false);
}

class Networks : public ::testing::TestWithParam<const char*> {
 protected:
  static void SetUpTestSuite() { at::set_num_threads(1); }  // a second thread waits more than it helps
  const space::Space space_ = space::Space::load(GetParam());
};

TEST_P(Networks, HoldExactlyTheParametersThatTheSpaceCounted) {
  for (const space::Architecture& a : architectures(space_, 60, 1)) {
    const Network network = make_network(a);
    const Weights weights = initialise(network, 1, at::kCPU);
    ASSERT_EQ(count_parameters(network, weights), a.counts.params);
    ASSERT_EQ(weights.size(), network.weights.size());
    std::set<std::string> names;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      EXPECT_EQ(weights[i].sizes().vec(), network.weights[i].shape) << network.weights[i].name;
      EXPECT_TRUE(names.insert(network.weights[i].name).second) << network.weights[i].name;
    }
  }
}

TEST_P(Networks, GiveFiniteScoresOfTheTasksShape) {
  for (const space::Architecture& a : architectures(space_, 15, 2)) {
    const at::Tensor scores = logits(make_network(a), input_for(a));
    const auto shape = a.input.task == space::Task::language_model
                           ? std::vector<std::int64_t>{2, kContext, a.input.vocabulary}
                           : std::vector<std::int64_t>{2, a.input.classes};
    ASSERT_EQ(scores.sizes().vec(), shape);
    EXPECT_TRUE(at::isfinite(scores).all().item<bool>());
  }
}

TEST_P(Networks, GiveTheSameScoresForTheSameInput) {
  for (const space::Architecture& a : architectures(space_, 8, 3)) {
    const Network network = make_network(a);
    const at::Tensor input = input_for(a), first = logits(network, input);
    EXPECT_TRUE(at::equal(first, logits(network, input)));
    EXPECT_FALSE(at::equal(first, logits(network, input, 2))) << "another seed, other weights";
  }
}

TEST_P(Networks, DoNotMixTheBatch) {
  for (const space::Architecture& a : architectures(space_, 15, 4)) {
    const Network network = make_network(a);
    const at::Tensor input = input_for(a), other = input_for(a);
    at::Tensor mixed = input.clone();
    mixed.select(0, 1).copy_(other.select(0, 1));
    const at::Tensor difference = (logits(network, input) - logits(network, mixed)).abs();
    EXPECT_TRUE(difference.select(0, 0).max().item<double>() <= 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(EverySpace, Networks, ::testing::Values("gpt_nano", "gpt_nano_open", "vit_nano"),
                         [](const auto& row) { return std::string(row.param); });

class Causal : public Networks {};

TEST_P(Causal, ScoresDoNotSeeTheFuture) {
  base::Random random(5);
  int changed = 0;
  for (const space::Architecture& a : architectures(space_, 25, 5)) {
    const Network network = make_network(a);
    const at::Tensor input = input_for(a);
    const auto from = static_cast<std::int64_t>(1 + random.below(kContext - 1));
    at::Tensor future = input.clone();
    future.narrow(1, from, kContext - from).add_(1).remainder_(a.input.vocabulary);
    const at::Tensor difference = (logits(network, input) - logits(network, future)).abs();
    ASSERT_TRUE(difference.narrow(1, 0, from).max().item<double>() <= 1e-6) << "from position " << from;
    changed += difference.narrow(1, from, kContext - from).max().item<double>() > 1e-6;
  }
  EXPECT_GE(changed, 20) << "the present is seen";
}

INSTANTIATE_TEST_SUITE_P(EverySpace, Causal, ::testing::Values("gpt_nano", "gpt_nano_open"),
                         [](const auto& row) { return std::string(row.param); });

TEST(Kernels, ThereIsOneForEveryOp) {
  for (const block::Op* op : block::ops()) {
    if (op->name == "pick") continue;  // no graph has one
    EXPECT_NE(find_kernel(op->name), nullptr) << op->name;
  }
}

TEST(Kernels, DropOnlyWhileTraining) {
  space::Architecture a{.input = {.vocabulary = 11, .context = 8}, .width = 16, .ends = {.tied = true}};
  a.layers.push_back(test::graph_of("return dropout(x, 0.5)"));
  const Network network = make_network(a);
  const Weights weights = initialise(network, 1, at::kCPU);
  const at::Tensor input = input_for(a);
  EXPECT_TRUE(at::equal(forward(network, weights, input, false), forward(network, weights, input, false)));
  EXPECT_FALSE(at::equal(forward(network, weights, input, true), forward(network, weights, input, true)));
}

// Radford et al. 2019: normal of deviation 0.02, what writes into the residual stream divided by √(2·layers).
TEST(Initialisation, IsThatOfGpt2) {
  const space::Space space = space::Space::load("gpt_nano");
  for (const int depth : {2, 6}) {
    const auto list = [&](const char* value) {
      std::string text = "[";
      for (int i = 0; i < depth; ++i) text += (i > 0 ? "," : "") + std::string(value);
      return text + "]";
    };
    const auto genome = space::from_text(space, R"({"embed_dim":128,"depth":)" + std::to_string(depth) +
                                                    R"(,"block":"gpt2","num_heads":)" + list("4") + R"(,"mlp_ratio":)" +
                                                    list("2") + "}");
    ASSERT_TRUE(genome.has_value()) << genome.error();
    const Network network = make_network(*space::decode(space, *genome, input_of(space)));
    const Weights weights = initialise(network, 3, at::kCPU);
    int residual = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const WeightSpec& spec = network.weights[i];
      residual += spec.residual;
      if (spec.name.ends_with("bias")) {
        EXPECT_TRUE((weights[i] == 0).all().item<bool>()) << spec.name;
        EXPECT_FALSE(spec.decay);
      } else if (spec.shape.size() == 1) {
        EXPECT_TRUE((weights[i] == 1).all().item<bool>()) << spec.name;
        EXPECT_FALSE(spec.decay);
      } else {
        const double wanted = spec.residual ? 0.02 / std::sqrt(2.0 * depth) : 0.02;
        EXPECT_NEAR(weights[i].std().item<double>(), wanted, 0.05 * wanted) << spec.name;
        EXPECT_NEAR(weights[i].mean().item<double>(), 0, 0.1 * wanted) << spec.name;
        EXPECT_TRUE(spec.decay);
      }
    }
    EXPECT_EQ(residual, 2 * depth) << "attention's and the feed-forward network's projection of every layer";
  }
}

TEST(Initialisation, FollowsFromTheSeed) {
  const Network network = make_network(architectures(space::Space::load("vit_nano"), 1, 1)[0]);
  const Weights first = initialise(network, 5, at::kCPU), same = initialise(network, 5, at::kCPU),
                other = initialise(network, 6, at::kCPU);
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_TRUE(at::equal(first[i], same[i]));
    if (network.weights[i].init != block::Init::normal) continue;
    EXPECT_FALSE(at::equal(first[i], other[i]));
  }
}

}  // namespace
}  // namespace weft::net
