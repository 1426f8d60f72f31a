// Training small networks on real text, and the parts of a step.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/randn_like.h>
#include <gtest/gtest.h>

#include "net/device.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "train/optimizer.hpp"
#include "train/trainer.hpp"

namespace weft::train {
namespace {

constexpr std::int64_t kContext = 32;

space::Architecture small(const Dataset& data) {
  const space::Space space = space::Space::load("gpt_nano");
  const auto genome =
      space::from_text(space, R"({"embed_dim":64,"depth":2,"block":"gpt2","num_heads":[2,2],"mlp_ratio":[2,2]})");
  return *space::decode(space, *genome, data.input());
}

class Training : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    net::set_threads(1);
    data_ = open_dataset({.data = "wordnet_glosses", .path = "", .context = kContext}).release();
  }
  static void TearDownTestSuite() { delete data_; }

  static Recipe recipe() {
    return {.steps = 6, .batch = 4, .warmup = 0.2, .validation = 4, .curve = 3, .device = "cpu"};
  }
  static journal::Outcome run(const Recipe& recipe, std::uint64_t seed = 1, const journal::Fidelity& fidelity = {}) {
    return train(small(*data_), *data_, recipe, fidelity, seed);
  }
  static const Dataset* data_;
};

const Dataset* Training::data_ = nullptr;

TEST_F(Training, LearnsRealText) {
  Recipe recipe = Training::recipe();
  recipe.steps = 60;
  recipe.batch = 16;
  recipe.validation = 64;
  const journal::Outcome outcome = run(recipe);
  ASSERT_TRUE(outcome.ok()) << outcome.failure;
  EXPECT_LT(outcome.metrics.at("val_loss"), 0.65 * std::log(256));
  EXPECT_LT(outcome.metrics.at("train_loss"), 0.65 * std::log(256));
  EXPECT_LT(outcome.curve.at(2).at("val_loss"), outcome.curve.at(0).at("val_loss"));
}

TEST_F(Training, HasTheSameCurveForTheSameSeedBitForBit) {
  const journal::Outcome first = run(recipe(), 3), again = run(recipe(), 3), other = run(recipe(), 4);
  EXPECT_EQ(first.curve, again.curve);
  EXPECT_EQ(first.metrics, again.metrics);
  EXPECT_NE(first.curve, other.curve);
  EXPECT_NE(first.metrics.at("val_loss"), other.metrics.at("val_loss"));
}

TEST_F(Training, OfANetworkThatLearnsNothingScoresItAsItIs) {
  const space::Space space = space::Space::load("peft_lora");
  base::Json none;
  for (const char* product : {"query", "key", "value", "out", "up", "down"}) none[product] = std::vector(6, false);
  const auto genome = space::from_json(space, none);
  ASSERT_TRUE(genome.has_value()) << genome.error();
  Recipe recipe = Training::recipe();
  recipe.steps = 2;
  const journal::Outcome outcome = train(*space::decode(space, *genome, data_->input()), *data_, recipe, {}, 1);
  ASSERT_TRUE(outcome.ok()) << outcome.failure;
  EXPECT_NEAR(outcome.metrics.at("val_loss"), std::log(256), 0.5);
}

TEST_F(Training, SaysWhatItMeasured) {
  const journal::Outcome outcome = run(recipe());
  const space::Architecture a = small(*data_);
  EXPECT_EQ(outcome.metrics.at("params"), static_cast<double>(a.counts.params));
  EXPECT_EQ(outcome.metrics.at("flops"), static_cast<double>(a.flops()));
  EXPECT_EQ(outcome.metrics.at("steps"), 6);
  EXPECT_EQ(outcome.metrics.at("tokens"), 6.0 * 4 * kContext);
  EXPECT_GT(outcome.measured.at("train_s"), 0);
  EXPECT_GT(outcome.measured.at("tokens_per_s"), 0);
  EXPECT_GT(outcome.measured.at("memory_bytes"), 1e6);
}

TEST_F(Training, HasAsManyPointsInItsCurveAsWanted) {
  for (const int curve : {1, 3, 6}) {
    Recipe recipe = Training::recipe();
    recipe.curve = curve;
    const journal::Outcome outcome = run(recipe);
    ASSERT_EQ(outcome.curve.size(), static_cast<std::size_t>(curve));
    EXPECT_EQ(outcome.curve.back().at("step"), 6);
    EXPECT_EQ(outcome.curve.back().at("tokens"), 6 * 4 * kContext);
    EXPECT_EQ(outcome.curve.back().at("val_loss"), outcome.metrics.at("val_loss"));
    for (int i = 0; i < curve; ++i)
      EXPECT_EQ(outcome.curve[static_cast<std::size_t>(i)].at("step"), 6 / curve * (i + 1));
  }
}

TEST_F(Training, HasAPointAStepWhereMoreAreWanted) {
  Recipe recipe = Training::recipe();
  recipe.steps = 3;
  recipe.curve = 10;
  EXPECT_EQ(run(recipe).curve.size(), 3U);
}

TEST_F(Training, KeepsABudgetOfTokens) {
  Recipe recipe = Training::recipe();
  recipe.steps = 0;
  recipe.tokens = 5 * 4 * kContext;
  EXPECT_EQ(run(recipe).metrics.at("steps"), 5);
}

TEST_F(Training, KeepsABudgetOfSeconds) {
  Recipe recipe = Training::recipe();
  recipe.steps = 0;
  recipe.seconds = 0.3;
  const journal::Outcome outcome = run(recipe);
  ASSERT_TRUE(outcome.ok());
  EXPECT_GE(outcome.measured.at("train_s"), 0.3);
  EXPECT_LT(outcome.measured.at("train_s"), 3);
  EXPECT_LE(outcome.curve.size(), 3U);
  EXPECT_GE(outcome.curve.size(), 1U);
}

TEST_F(Training, TakesAShareOfItsBudgetAtALowerFidelity) {
  EXPECT_EQ(run(recipe(), 1, {.budget = 0.5}).metrics.at("steps"), 3);
  EXPECT_EQ(run(recipe(), 1, {.budget = 0.001}).metrics.at("steps"), 1);
}

TEST_F(Training, TakesTestScoresOnlyWhenAskedFor) {
  Recipe recipe = Training::recipe();
  recipe.steps = 1;
  recipe.batch = 32;
  EXPECT_TRUE(run(recipe).test.empty());
  const journal::Outcome tested = run(recipe, 1, {.budget = 1, .test = true});
  EXPECT_TRUE(std::isfinite(tested.test.at("test_loss")));
  EXPECT_EQ(tested.test.size(), 1U);
  EXPECT_EQ(tested.metrics, run(recipe).metrics) << "the test changes nothing else";
}

TEST_F(Training, ThatDivergesIsAFailureAndNoException) {
  Recipe recipe = Training::recipe();
  recipe.steps = 20;
  recipe.clip = 0;
  for (const double rate : {10.0, 1e30}) {
    recipe.learning_rate = rate;
    const journal::Outcome outcome = run(recipe);
    if (outcome.ok()) {
      EXPECT_TRUE(std::isfinite(outcome.metrics.at("val_loss")));
    } else {
      EXPECT_EQ(outcome.failure, "diverged");
      EXPECT_FALSE(outcome.detail.empty());
      EXPECT_FALSE(outcome.transient);
    }
    EXPECT_TRUE(rate < 1e20 || !outcome.ok());
  }
}

TEST_F(Training, ThatTakesTooLongIsAFailureWithItsReason) {
  Recipe recipe = Training::recipe();
  recipe.steps = 100'000;
  recipe.time_limit = 0.2;
  const journal::Outcome outcome = run(recipe);
  EXPECT_EQ(outcome.failure, "time_limit");
  EXPECT_EQ(outcome.detail, "took longer than 0.2 s");
  EXPECT_TRUE(outcome.transient);
}

TEST(LearningRate, RisesToItsPeakAndFallsToItsEnd) {
  const Recipe recipe{.learning_rate = 2, .warmup = 0.2, .final_rate = 0.1};
  EXPECT_NEAR(learning_rate(recipe, 0), 2 * 0.001 / 0.2, 1e-12);
  EXPECT_NEAR(learning_rate(recipe, 0.1), 1, 1e-12);
  EXPECT_NEAR(learning_rate(recipe, 0.2), 2, 1e-12);
  EXPECT_NEAR(learning_rate(recipe, 0.6), 2 * (0.1 + 0.9 / 2), 1e-12);
  EXPECT_NEAR(learning_rate(recipe, 1), 0.2, 1e-12);
  EXPECT_NEAR(learning_rate(recipe, 1.5), 0.2, 1e-12) << "a clock may run over";
}

TEST(LearningRate, StartsAtThePeakWithoutWarmUp) {
  EXPECT_NEAR(learning_rate({.learning_rate = 3, .warmup = 0}, 0), 3, 1e-12);
}

TEST(LearningRate, NeverPassesItsPeak) {
  for (const double warmup : {0.0, 1e-6, 1e-4, 5e-4, 1e-3, 0.1, 0.9}) {
    for (double used = 0; used <= 1; used += 1.0 / 4096)
      ASSERT_LE(learning_rate({.learning_rate = 1, .warmup = warmup}, used), 1 + 1e-12) << warmup << " " << used;
  }
}

// A step by hand, in double.
struct ByHand {
  double beta1, beta2, epsilon;
  at::Tensor average = {}, square = {};
  int step = 0;

  at::Tensor update(const at::Tensor& weight, const at::Tensor& gradient, double rate, double decay) {
    ++step;
    average = step == 1 ? (1 - beta1) * gradient : beta1 * average + (1 - beta1) * gradient;
    square = step == 1 ? (1 - beta2) * gradient * gradient : beta2 * square + (1 - beta2) * gradient * gradient;
    const at::Tensor unbiased = average / (1 - std::pow(beta1, step)),
                     root = (square / (1 - std::pow(beta2, step))).sqrt();
    return weight * (1 - rate * decay) - rate * unbiased / (root + epsilon);
  }
};

class Steps : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto data = space::Input{.vocabulary = 13, .context = 8};
    const space::Space space = space::Space::load("gpt_nano");
    const auto genome =
        space::from_text(space, R"({"embed_dim":64,"depth":2,"block":"gpt2","num_heads":[2,2],"mlp_ratio":[1,1]})");
    network_ = net::make_network(*space::decode(space, *genome, data));
    weights_ = net::initialise(network_, 1, at::kCPU);
    for (const at::Tensor& weight : weights_) weight.set_requires_grad(true);
  }
  void give_gradients(double scale) {
    gradients_.clear();
    for (const at::Tensor& weight : weights_) {
      gradients_.push_back(scale * at::randn_like(weight.detach()));
      weight.mutable_grad() = gradients_.back().clone();
    }
  }
  double norm() const {
    double sum = 0;
    for (const at::Tensor& gradient : gradients_) sum += gradient.to(at::kDouble).pow(2).sum().item<double>();
    return std::sqrt(sum);
  }
  // Two steps, compared with the formula.
  void expect_formula(const Recipe& recipe, double gradient_scale) {
    Optimizer optimizer(network_, weights_, recipe);
    std::vector<ByHand> hands(weights_.size(), {recipe.beta1, recipe.beta2, recipe.epsilon});
    for (const double rate : {1e-2, 3e-3}) {
      give_gradients(gradient_scale);
      const double clip = recipe.clip > 0 ? std::min(1.0, recipe.clip / (norm() + 1e-6)) : 1;
      std::vector<at::Tensor> wanted;
      for (std::size_t i = 0; i < weights_.size(); ++i) {
        const double decay = network_.weights[i].shape.size() > 1 ? recipe.weight_decay : 0;
        wanted.push_back(
            hands[i].update(weights_[i].detach().to(at::kDouble), clip * gradients_[i].to(at::kDouble), rate, decay));
      }
      optimizer.step(rate);
      for (std::size_t i = 0; i < weights_.size(); ++i) {
        const double difference = (weights_[i].detach().to(at::kDouble) - wanted[i]).abs().max().item<double>();
        ASSERT_TRUE(difference <= 1e-6) << network_.weights[i].name << " " << difference;
        EXPECT_FALSE(weights_[i].grad().defined()) << "gradients are dropped";
      }
    }
  }

  net::Network network_;
  net::Weights weights_;
  std::vector<at::Tensor> gradients_;
};

TEST_F(Steps, AreThoseOfAdamW) {
  expect_formula({.weight_decay = 0.1, .clip = 0}, 0.5);
}

TEST_F(Steps, ClipTheGradientsByTheirCommonNorm) {
  expect_formula({.weight_decay = 0.1, .clip = 1}, 3);
}

TEST_F(Steps, LeaveSmallGradientsAlone) {
  expect_formula({.weight_decay = 0, .clip = 1}, 1e-4);
}

TEST_F(Steps, DecayMatricesAndNothingElse) {
  Optimizer optimizer(network_, weights_, {.weight_decay = 0.5});
  net::Weights before;
  for (const at::Tensor& weight : weights_) before.push_back(weight.detach().clone());
  optimizer.step(0.1);  // no gradient at all
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const double factor = network_.weights[i].shape.size() > 1 ? 1 - 0.1 * 0.5 : 1;
    EXPECT_TRUE((weights_[i].detach() - factor * before[i]).abs().max().item<double>() <= 1e-7)
        << network_.weights[i].name;
  }
}

TEST_F(Steps, DoNothingAtARateOfZero) {
  Optimizer optimizer(network_, weights_, {.weight_decay = 0.5});
  const at::Tensor before = weights_[0].detach().clone();
  give_gradients(1);
  optimizer.step(0);
  EXPECT_TRUE(at::equal(weights_[0].detach(), before));
}

}  // namespace
}  // namespace weft::train
