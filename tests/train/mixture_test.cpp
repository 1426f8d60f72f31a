// Learning a mixture: its gradients against finite differences and PyTorch's, its updates against PyTorch's Adam, and a
// training that was stopped goes on as if it had not been.
#include "train/mixture.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones_like.h>
#include <gtest/gtest.h>

#include <cmath>

#include "net/device.hpp"
#include "tests/support/entangled.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/spaces.hpp"
#include "train/supernet_checkpoint.hpp"
#include "train/supernet_trainer.hpp"

namespace weft::train {
namespace {

space::Space heads() {
  return test::space_with_block(
      "input: {context: 6}\nstem: {embedding: 11, position: learned}\nhead: {norm: layernorm, tied: true}\n"
      "genes:\n  embed_dim: {choice: [8, 12]}\n  depth: {range: [1, 2]}\n"
      "  num_heads: {choice: [1, 2, 4], per_layer: true}\n"
      "layers: {count: depth, block: own.block, bind: {D: embed_dim, H: num_heads}}\n",
      "own",
      "def block(x):\n    h = layernorm(x)\n"
      "    x = x + linear(attention(linear(h, 4 * H), linear(h, 4 * H), linear(h, 4 * H), heads=H), D)\n"
      "    return x + linear(silu(linear(layernorm(x), 2 * D)), D)\n");
}

// One gene of three values, which have logits 0 to 2.
space::Space one_gene() {
  return test::space_with_block(
      "input: {context: 6}\nstem: {embedding: 11}\ngenes:\n  width: {choice: [2, 4, 8]}\n"
      "layers: {count: 1, block: own.block, bind: {D: 4, W: width}}\n",
      "own", "def block(x):\n    return x + linear(silu(linear(x, W)), D)\n");
}

class OneGene : public ::testing::Test {
 protected:
  Mixture mixture(const MixtureRecipe& recipe) { return {supernet_, space::largest(space_, space_.input), recipe}; }
  static void set(Mixture& mixture, std::vector<double> values) {
    const at::NoGradGuard no_grad;
    for (std::size_t i = 0; i < values.size(); ++i) mixture.logits()[static_cast<std::int64_t>(i)].fill_(values[i]);
  }
  static void expect_near(const at::Tensor& tensor, const std::vector<double>& expected, double tolerance) {
    ASSERT_EQ(tensor.numel(), static_cast<std::int64_t>(expected.size()));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double value = tensor[static_cast<std::int64_t>(i)].item<double>();
      EXPECT_TRUE(std::abs(value - expected[i]) <= tolerance) << value << " " << expected[i];
    }
  }

  space::Space space_ = one_gene();
  net::Supernet supernet_{space_, space_.input, test::double_supernet()};
  std::unique_ptr<ProcessGroup> group_ = ProcessGroup::from_environment();
};

TEST(MixtureGradients, AreThoseOfFiniteDifferences) {
  const space::Space space = heads();
  net::Supernet supernet(space, space.input, test::double_supernet());
  Mixture mixture(supernet, space::largest(space, space.input), {});
  const test::Examples examples = test::examples_for(space.input, 2);
  const auto loss = [&] {
    const auto mixed = mixture.superposition().mix(mixture.draw(1), false);
    return test::loss_of(mixture.superposition().forward(mixed, examples.input, true), examples.target);
  };
  const auto move = [&](std::int64_t index, double by) {
    const at::NoGradGuard no_grad;
    mixture.logits()[index].add_(by);
  };
  for (std::int64_t i = 0; i < mixture.logits().numel(); ++i) move(i, 0.3 * static_cast<double>(i % 4) - 0.4);
  loss().backward();
  const at::Tensor gradient = mixture.logits().grad().clone();
  constexpr double kStep = 1e-5;
  for (std::int64_t i = 0; i < gradient.numel(); ++i) {
    move(i, kStep);
    const double above = loss().item<double>();
    move(i, -2 * kStep);
    const double below = loss().item<double>();
    move(i, kStep);
    const double expected = (above - below) / (2 * kStep), got = gradient[i].item<double>();
    EXPECT_TRUE(std::abs(got - expected) <= 1e-8 + 1e-5 * std::abs(expected)) << i << ": " << got << " " << expected;
  }
}

// torch.manual_seed(7); x = torch.distributions.Dirichlet(torch.nn.functional.elu(logits) + 1).rsample();
// (x * torch.tensor([1., -2., 0.5])).sum().backward(), of PyTorch 2.13 in float64.
TEST_F(OneGene, OfADirichletHasPyTorchsSampleAndGradient) {
  Mixture mixture = this->mixture({.dirichlet = true});
  set(mixture, {0.4, -0.3, 1.1});
  const at::Tensor sample = mixture.draw(7)[0];
  expect_near(sample.detach(), {0.23316133508313658, 0.1529586688397041, 0.6138799960771594}, 1e-12);
  (sample[0] - 2 * sample[1] + 0.5 * sample[2]).backward();
  expect_near(mixture.logits().grad(), {0.18183352045062026, -0.4828467153520136, 0.08201841342664355}, 1e-10);
}

TEST_F(OneGene, OfADirichletHasOtherSamplesForOtherSeedsAndTheMeanOnAverage) {
  Mixture mixture = this->mixture({.dirichlet = true});
  set(mixture, {1, -1, 0.5});
  EXPECT_TRUE(at::equal(mixture.draw(1)[0], mixture.draw(1)[0]));
  EXPECT_FALSE(at::equal(mixture.draw(1)[0], mixture.draw(2)[0]));
  const at::NoGradGuard no_grad;
  at::Tensor sum = mixture.draw(1)[0];
  constexpr int kDraws = 4000;
  for (int seed = 2; seed <= kDraws; ++seed) sum = sum + mixture.draw(static_cast<std::uint64_t>(seed))[0];
  EXPECT_TRUE(test::difference(sum / kDraws, mixture.means()[0]) <= 0.02);
}

// torch.optim.Adam([logits], lr=0.05, betas=(0.5, 0.999), eps=1e-8, weight_decay=...) of PyTorch 2.13 in float64.
TEST_F(OneGene, IsMovedAsPyTorchsAdamMovesIt) {
  const std::vector<std::vector<double>> gradients{{1, -2, 0.5}, {0.25, 3, -1}, {-0.5, 1, 2}};
  for (const auto& [decay, expected] :
       {std::pair{0.0, std::vector{0.4210937476857466, -1.0026011437561058, 0.19653386702162984}},
        std::pair{0.1, std::vector{0.4165813796605601, -0.9988969073604759, 0.19475274407635626}}}) {
    Mixture mixture = this->mixture({.learning_rate = 0.05, .decay = decay});
    set(mixture, {0.5, -1, 0.25});
    for (const auto& one : gradients) {
      at::Tensor gradient = at::ones_like(mixture.logits().detach());
      for (std::size_t i = 0; i < one.size(); ++i) gradient[static_cast<std::int64_t>(i)].fill_(one[i]);
      mixture.logits().mutable_grad() = gradient;
      mixture.step(*group_);
    }
    expect_near(mixture.logits().detach(), expected, 1e-12);
  }
}

TEST_F(OneGene, OfADirichletDecaysTowardsTheUniformOne) {
  Mixture mixture = this->mixture({.dirichlet = true, .learning_rate = 0.05, .decay = 1});
  set(mixture, {2, -2, 0});
  for (int step = 0; step < 200; ++step) mixture.step(*group_);
  EXPECT_TRUE(mixture.logits().detach().abs().max().item<double>() <= 0.05);
}

TEST_F(OneGene, IsReadAsItWasWritten) {
  Mixture first = mixture({}), second = mixture({});
  set(first, {0.1, 1.0 / 3, -2e-17});
  first.logits().mutable_grad() = at::ones_like(first.logits().detach()) / 3;
  first.step(*group_);
  second.restore(base::Json::parse(first.to_json().dump()));
  EXPECT_TRUE(at::equal(second.logits(), first.logits()));
  EXPECT_EQ(second.to_json(), first.to_json());
}

TEST_F(OneGene, IsNotReadFromAnotherSpace) {
  Mixture mixture = this->mixture({});
  base::Json state = mixture.to_json();
  state["logits"] = {0, 0};
  EXPECT_EQ(test::error_of([&] { mixture.restore(state); }), "its mixture is of another space");
}

class MixtureTraining : public ::testing::TestWithParam<bool> {
 protected:
  static void SetUpTestSuite() {
    net::set_threads(1);
    data_ = open_dataset({.data = "wordnet_glosses", .path = "", .context = 16}).release();
    space_ = new space::Space(space::Space::load("gpt_nano_heads"));
  }
  static void TearDownTestSuite() {
    delete data_;
    delete space_;
  }

  SupernetTrainer trainer(double warmup) {
    SupernetRecipe recipe;
    recipe.recipe = {.steps = 6, .batch = 2, .validation = 2, .curve = 3, .device = "cpu"};
    recipe.mixture = MixtureRecipe{.dirichlet = GetParam(), .learning_rate = 0.05, .warmup = warmup};
    return {*space_, *data_, recipe, 1, *group_};
  }

  static const Dataset* data_;
  static const space::Space* space_;
  std::unique_ptr<ProcessGroup> group_ = ProcessGroup::from_environment();
  test::Folder folder_;
};

const Dataset* MixtureTraining::data_ = nullptr;
const space::Space* MixtureTraining::space_ = nullptr;

TEST_P(MixtureTraining, ThatWasStoppedGoesOnAsIfItHadNotBeen) {
  SupernetTrainer whole = trainer(0.1), first = trainer(0.1);
  const base::fs::path file = folder_ / "s.safetensors";
  for (int step = 0; step < 6; ++step) whole.step();
  for (int step = 0; step < 3; ++step) first.step();
  first.measure();
  first.save(file);
  SupernetTrainer second = trainer(0.1);
  second.resume(file);
  for (int step = 0; step < 3; ++step) second.step();
  EXPECT_EQ(second.mixture()->to_json(), whole.mixture()->to_json());
  const auto& expected = whole.supernet().weights();
  ASSERT_EQ(second.supernet().weights().size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_TRUE(at::equal(second.supernet().weights()[i].value, expected[i].value)) << expected[i].name;
}

TEST_P(MixtureTraining, MovesProbabilitiesOnlyAfterItsWarmUp) {
  SupernetTrainer waiting = trainer(1), learning = trainer(0.4);
  const base::Json before = waiting.mixture()->to_json();
  for (int step = 0; step < 6; ++step) waiting.step();
  EXPECT_EQ(waiting.mixture()->to_json(), before);
  for (int step = 0; step < 2; ++step) learning.step();
  EXPECT_EQ(learning.mixture()->to_json(), before);
  for (int step = 2; step < 6; ++step) learning.step();
  EXPECT_NE(learning.mixture()->to_json().at("probabilities"), before.at("probabilities"));
}

TEST_P(MixtureTraining, MeasuresTheMixtureAndItsMostProbableGenome) {
  SupernetTrainer trainer = this->trainer(0.1);
  for (int step = 0; step < 6; ++step) trainer.step();
  const SupernetPoint point = trainer.measure();
  ASSERT_TRUE(point.mixture && point.derived);
  EXPECT_TRUE(*point.mixture > 3 && *point.mixture < 6) << *point.mixture;
  EXPECT_TRUE(*point.derived > 3 && *point.derived < 6) << *point.derived;
  const SupernetPoint again = SupernetPoint::from_json(base::Json::parse(point.to_json().dump()));
  EXPECT_EQ(again.mixture, point.mixture);
  EXPECT_EQ(again.derived, point.derived);
}

TEST_P(MixtureTraining, KeepsItsProbabilitiesInTheCheckpoint) {
  SupernetTrainer trainer = this->trainer(0.1);
  for (int step = 0; step < 3; ++step) trainer.step();
  trainer.measure();
  trainer.save(folder_ / "s.safetensors");
  const base::Json state = read_state(folder_ / "s.safetensors");
  EXPECT_EQ(state.at("mixture").at("probabilities"), trainer.mixture()->distribution().to_json());
  EXPECT_EQ(state.at("mixture").at("probabilities").at("num_heads").size(), 6U);
}

INSTANTIATE_TEST_SUITE_P(Of, MixtureTraining, ::testing::Values(false, true),
                         [](const auto& row) { return row.param ? "drnas" : "darts"; });

}  // namespace
}  // namespace weft::train
