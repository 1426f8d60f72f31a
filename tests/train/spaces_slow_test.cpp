// A sample of every space in search_spaces/ trains: one step on inputs as small as the space takes, with finite losses.
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/files.hpp"
#include "net/device.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "train/trainer.hpp"

namespace weft::train {
namespace {

constexpr std::int64_t kContext = 16;
constexpr int kDrawn = 40, kTrained = 20;
constexpr double kMostFlops = 2e10, kMostParams = 3e8;  // of what is trained: a space beyond them is skipped, by name
constexpr double kEnough = 2e9;                         // FLOPs of one example after which no further sample is trained

// Random examples of any size that a space may want.
class Noise : public Dataset {
 public:
  explicit Noise(const space::Input& input) : input_(input) {}
  space::Input input() const override { return input_; }
  Batch sample(base::Random&, std::int64_t size) const override {
    if (input_.task == space::Task::image_classification)
      return {at::randn({size, input_.channels, input_.height, input_.width}),
              at::randint(input_.classes, {size}, at::kLong)};
    return {at::randint(input_.vocabulary, {size, input_.context}, at::kLong),
            at::randint(input_.vocabulary, {size, input_.context}, at::kLong)};
  }
  std::vector<Batch> fixed(Split, std::int64_t count, std::int64_t) const override {
    base::Random unused(0);
    return {sample(unused, count)};
  }
  std::string description() const override { return "noise"; }
  std::string hash() const override { return ""; }

 private:
  space::Input input_;
};

// Short sequences, and images of two patches a side; images that blocks see as they are stay so up to 32 pixels.
space::Input reduced(const space::Space& space) {
  space::Input input = space.input;
  if (input.task == space::Task::language_model) {
    input.context = std::min(input.context, kContext);
    return input;
  }
  const std::int64_t side = space.ends.patch > 0 ? 2 * space.ends.patch : 32;
  input.height = std::min(input.height, side);
  input.width = std::min(input.width, side);
  return input;
}

class EverySpace : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() { net::set_threads(1); }
};

TEST_P(EverySpace, trains_a_step_with_a_finite_loss) {
  const space::Space space = space::Space::load(GetParam());
  const Noise data(space::input_for(space, reduced(space)));
  base::Random random(1, GetParam());
  std::vector<space::Architecture> drawn;
  for (int i = 0; i < kDrawn; ++i) {
    if (auto made = space::decode(space, space::sample(space, random), data.input())) drawn.push_back(std::move(*made));
  }
  ASSERT_FALSE(drawn.empty()) << "no sample is an architecture";
  std::sort(drawn.begin(), drawn.end(), [](const auto& a, const auto& b) { return a.counts.params < b.counts.params; });
  int trained = 0;
  double spent = 0;
  for (const space::Architecture& one : drawn) {
    if (static_cast<double>(one.flops()) > kMostFlops || static_cast<double>(one.counts.params) > kMostParams) continue;
    const journal::Outcome outcome = train(
        one, data, {.steps = 1, .batch = 2, .validation = 1, .curve = 1, .time_limit = 100, .device = "cpu"}, {}, 1);
    ASSERT_TRUE(outcome.ok()) << outcome.failure << ": " << outcome.detail;
    EXPECT_TRUE(std::isfinite(outcome.metrics.at("train_loss")) && std::isfinite(outcome.metrics.at("val_loss")));
    EXPECT_EQ(outcome.metrics.at("params"), static_cast<double>(one.counts.params));
    spent += static_cast<double>(one.flops() + 10 * one.counts.params);  // the optimiser reads each parameter
    if (++trained == kTrained || spent > kEnough) break;
  }
  if (trained == 0)
    GTEST_SKIP() << GetParam() << ": the smallest of " << drawn.size() << " samples has " << drawn[0].counts.params
                 << " parameters and " << drawn[0].flops() << " FLOPs, more than this test trains";
}

std::string name_of(const ::testing::TestParamInfo<std::string>& info) {
  return info.param;
}

INSTANTIATE_TEST_SUITE_P(Spaces, EverySpace, ::testing::ValuesIn(base::list_data("search_spaces", ".yaml")), name_of);

}  // namespace
}  // namespace weft::train
