// Networks of a thousand random programs for each place: what libtorch allocates, and what positions see.
#include "tests/support/random_programs.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "net/network.hpp"

namespace weft::net {
namespace {

constexpr std::uint64_t kPrograms = 1000;
constexpr std::int64_t kContext = 16;

// One layer of the program, without ends that have weights: images of 4×4 patches, or of 16 channels.
space::Architecture architecture_of(const block::Program& program, const block::Setting& setting) {
  const block::Layer& layer = setting.layers.front();
  space::Architecture a{.causal = setting.place.causal, .width = 16, .ends = {.norm = space::Norm::none, .tied = true}};
  if (layer.input.kind == block::Type::Kind::image || setting.place.grid) {
    a.input = {.task = space::Task::image_classification,
               .vocabulary = 0,
               .context = 0,
               .channels = 16,
               .height = 8,
               .width = 8,
               .classes = 3};
    a.ends.patch = setting.place.grid ? 2 : 0;
  } else {
    a.input = {.vocabulary = 7, .context = kContext};
  }
  auto graph = block::check(program, layer.binding, layer.input, setting.place);
  EXPECT_TRUE(graph) << graph.error().text();
  a.layers.push_back(std::move(*graph));
  a.counts = block::count(a.layers[0], a.positions(), setting.place);
  a.counts += space::count_ends(a);
  return a;
}

class RandomPrograms : public ::testing::TestWithParam<test::Ground> {
 protected:
  static void SetUpTestSuite() { at::set_num_threads(1); }
};

TEST_P(RandomPrograms, CountWhatLibtorchAllocates) {
  for (std::uint64_t i = 0; i < kPrograms; ++i) {
    const block::Program program = test::random_program(GetParam(), i);
    const space::Architecture a = architecture_of(program, GetParam().setting);
    const Network network = make_network(a);
    ASSERT_EQ(count_parameters(network, initialise(network, 1, at::kCPU)), a.counts.params) << block::print(program);
  }
}

TEST_P(RandomPrograms, RunAndSeeNoFuture) {
  int changed = 0;
  for (std::uint64_t i = 0; i < kPrograms; ++i) {
    const block::Program program = test::random_program(GetParam(), i);
    const Network network = make_network(architecture_of(program, GetParam().setting));
    const Weights weights = initialise(network, i, at::kCPU);
    const space::Input& input = network.architecture.input;
    if (input.task == space::Task::image_classification) {
      const at::Tensor scores =
          forward(network, weights, at::randn({2, input.channels, input.height, input.width}), false);
      ASSERT_EQ(scores.sizes().vec(), (std::vector<std::int64_t>{2, input.classes})) << block::print(program);
      continue;
    }
    base::Random random(i, "future");
    const auto from = static_cast<std::int64_t>(1 + random.below(kContext - 1));
    const at::Tensor tokens = at::randint(input.vocabulary, {2, kContext}, at::kLong);
    at::Tensor other = tokens.clone();
    other.narrow(1, from, kContext - from).add_(1).remainder_(input.vocabulary);
    const at::Tensor a = forward(network, weights, tokens, false), b = forward(network, weights, other, false);
    const auto equal = [](const at::Tensor& x, const at::Tensor& y) {
      return at::allclose(x, y, 1e-3, 1e-9, /*equal_nan=*/true);
    };
    ASSERT_TRUE(equal(a.narrow(1, 0, from), b.narrow(1, 0, from))) << block::print(program) << "from position " << from;
    changed += equal(a.narrow(1, from, kContext - from), b.narrow(1, from, kContext - from)) ? 0 : 1;
  }
  if (GetParam().setting.place.causal) {
    EXPECT_GT(changed, 800) << "the present is seen";
  }
}

INSTANTIATE_TEST_SUITE_P(EveryPlace, RandomPrograms, ::testing::ValuesIn(test::grounds()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace weft::net
