// Training supernets: what a step touches, that it repeats, and that it goes on as if it had not been stopped.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "net/device.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/entangled.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"
#include "train/importance.hpp"
#include "train/optimizer.hpp"
#include "train/supernet_checkpoint.hpp"
#include "train/supernet_trainer.hpp"

namespace weft::train {
namespace {

constexpr const char* kSubnets =
    R"({"sampler": "sandwich", "bins": 4, "shrink": 0.5, "distill": 0, "temperature": 1, "accumulate": 1, "ema": 0,
        "sort": false, "depth": "first", "own": false, "checkpoint_s": 60})";
constexpr const char* kTrain =
    R"({"steps": 6, "batch": 2, "learning_rate": 0.003, "warmup": 0.1, "final_rate": 0.1, "weight_decay": 0.1,
        "beta1": 0.9, "beta2": 0.95, "epsilon": 1e-8, "clip": 1, "precision": "fp32", "validation": 2, "test": 2, "curve": 2,
        "time_limit": 600, "device": "cpu"})";

SupernetRecipe recipe_with(const base::Json& subnets = {}, const base::Json& train = {}) {
  base::Json checked = {{"train", base::Json::parse(kTrain)}, {"subnets", base::Json::parse(kSubnets)}};
  for (const auto& [key, value] : subnets.items()) checked["subnets"][key] = value;
  for (const auto& [key, value] : train.items()) checked["train"][key] = value;
  return SupernetRecipe::from_json(checked);
}

class SupernetTraining : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    net::set_threads(1);
    data_ = open_dataset({.data = "wordnet_glosses", .path = "", .context = 16}).release();
    space_ = new space::Space(space::Space::load("gpt_nano"));
  }
  static void TearDownTestSuite() {
    delete data_;
    delete space_;
  }
  static SupernetTrainer trainer(const SupernetRecipe& recipe, std::uint64_t seed = 1) {
    static ProcessGroup alone;
    return SupernetTrainer(*space_, *data_, recipe, seed, alone);
  }
  static const Dataset* data_;
  static const space::Space* space_;
};

const Dataset* SupernetTraining::data_ = nullptr;
const space::Space* SupernetTraining::space_ = nullptr;

void expect_equal(const net::Supernet& a, const net::Supernet& b) {
  ASSERT_EQ(a.weights().size(), b.weights().size());
  for (const net::SharedWeight& one : a.weights()) {
    const auto other = std::find_if(b.weights().begin(), b.weights().end(),
                                    [&](const net::SharedWeight& weight) { return weight.name == one.name; });
    ASSERT_NE(other, b.weights().end()) << one.name;
    EXPECT_TRUE(at::equal(one.value, other->value)) << one.name;
    if (one.average.defined()) {
      EXPECT_TRUE(at::equal(one.average, other->average)) << one.name;
      EXPECT_TRUE(at::equal(one.square, other->square)) << one.name;
    }
    EXPECT_EQ(one.updates, other->updates) << one.name;
  }
}

TEST_F(SupernetTraining, GoesOnAfterACheckpointAsIfItHadNotStopped) {
  const test::Folder folder;
  const SupernetRecipe recipe = recipe_with({{"distill", 0.5}, {"ema", 0.9}});
  SupernetTrainer whole = trainer(recipe);
  while (!whole.done()) whole.step();
  {
    SupernetTrainer first = trainer(recipe);
    for (int i = 0; i < 3; ++i) first.step();
    first.save(folder / "supernet.safetensors");
  }
  SupernetTrainer second = trainer(recipe);
  second.resume(folder / "supernet.safetensors");
  EXPECT_EQ(second.steps(), 3);
  while (!second.done()) second.step();
  EXPECT_EQ(second.steps(), whole.steps());
  expect_equal(whole.supernet(), second.supernet());
}

TEST_F(SupernetTraining, RepeatsBitForBitWithTheSameSeed) {
  SupernetTrainer a = trainer(recipe_with()), b = trainer(recipe_with()), c = trainer(recipe_with(), 2);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(a.step(), b.step());
  c.step();
  expect_equal(a.supernet(), b.supernet());
  EXPECT_FALSE(at::equal(a.supernet().weights()[0].value, c.supernet().weights()[0].value));
}

// Trains with as many lanes as there are threads.
class Lanes : public SupernetTraining {
 protected:
  static void expect_alike(const SupernetRecipe& recipe, double tolerance) {
    at::set_num_threads(2);
    SupernetTrainer beside = trainer(recipe);
    at::set_num_threads(1);
    SupernetTrainer one = trainer(recipe);
    for (int i = 0; i < 3; ++i) EXPECT_NEAR(beside.step(), one.step(), tolerance);
    for (std::size_t i = 0; i < one.supernet().weights().size(); ++i) {
      const net::SharedWeight &a = one.supernet().weights()[i], &b = beside.supernet().weights()[i];
      EXPECT_LE(test::difference(a.value, b.value), tolerance) << a.name;
    }
  }
};

TEST_F(Lanes, OfSubNetworksGiveWhatOneAfterAnotherGives) {
  expect_alike(recipe_with(), 0);
  expect_alike(recipe_with({{"distill", 0.5}}), 0);
}

TEST_F(Lanes, OfPartsOfABatchGiveWhatTheWholeGivesButForRounding) {
  // AdamW's first steps are as long as the rate whatever the gradient: of one near 0 rounding decides where they go. A
  // large epsilon has no such steps.
  expect_alike(recipe_with({{"sampler", "uniform"}}, {{"batch", 5}, {"clip", 0}, {"epsilon", 1e-3}}), 1e-5);
}

TEST_F(Lanes, HandOnWhatGoesWrongInOne) {
  at::set_num_threads(2);
  SubnetLanes lanes;
  at::set_num_threads(1);
  SupernetTrainer trained = trainer(recipe_with());
  const auto networks = trained.supernet().select(
      std::vector{space::largest(*space_, data_->input()), space::smallest(*space_, data_->input())});
  const SubnetLanes::LossOf fails = [](const net::SubNetwork&, const SubnetLanes::Part&) -> at::Tensor {
    throw base::Error("no loss today");
  };
  EXPECT_EQ(test::error_of([&] { lanes.add_gradients(networks, 2, 1, fails); }), "no loss today");
}

TEST_F(SupernetTraining, LeavesEverythingOutsideTheSubNetworkBitForBit) {
  SupernetTrainer trained = trainer(recipe_with());
  trained.step();  // moments are there, and would move what they belong to
  net::Supernet& supernet = trained.supernet();
  const space::Genome small = space::smallest(*space_, data_->input());
  const net::SubNetwork network = supernet.select(std::vector{small})[0];
  std::vector<at::Tensor> before, inside;
  for (const net::SharedWeight& weight : supernet.weights()) {
    before.push_back(at::cat(
        {weight.value.view({-1}), weight.average.defined() ? weight.average.view({-1}) : weight.value.view({-1})}));
    inside.push_back(at::zeros_like(weight.value, at::kBool));
  }
  network.each_part([&](const net::Part& part) {
    const net::SharedWeight& weight = supernet.weights()[part.weight];
    for (at::Tensor& window : net::windows(inside[part.weight], weight.axes, part.axes)) window.fill_(true);
  });
  trained.step(std::vector{small});
  bool moved = false;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const net::SharedWeight& weight = supernet.weights()[i];
    const at::Tensor after = at::cat(
        {weight.value.view({-1}), weight.average.defined() ? weight.average.view({-1}) : weight.value.view({-1})});
    const at::Tensor outside = at::cat({inside[i].view({-1}), inside[i].view({-1})}).logical_not();
    EXPECT_TRUE(at::equal(before[i].masked_select(outside), after.masked_select(outside))) << weight.name;
    moved = moved || !at::equal(before[i], after);
  }
  EXPECT_TRUE(moved);
}

// With one sub-network in every step the supernet's optimiser is AdamW as a stand-alone training has it.
TEST_F(SupernetTraining, UpdatesOneSubNetworkAsAStandAloneTrainingDoes) {
  const space::Input input = data_->input();
  net::SupernetOptions options;
  options.trains = true;
  options.outlined = false;
  net::Supernet supernet(*space_, input, options);
  const space::Genome genome = space::largest(*space_, input);
  const net::Network alone = net::make_network(*space::decode(*space_, genome, input));
  net::Weights weights = supernet.select(std::vector{genome})[0].copy_weights();
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i].set_requires_grad(alone.weights[i].learns());
  const Recipe recipe{.steps = 4, .batch = 2, .clip = 0.1};
  SharedAdamW shared(supernet, recipe);
  Optimizer optimizer(alone, weights, recipe);
  for (int step = 0; step < 4; ++step) {
    base::Random random(3, "batches", static_cast<std::uint64_t>(step));
    const Batch batch = data_->sample(random, 2);
    const auto loss = [&](const at::Tensor& logits) {
      return cross_entropy(logits.reshape({-1, logits.size(-1)}), batch.target);
    };
    const net::SubNetwork network = supernet.select(std::vector{genome})[0];
    network.collect(network.gradients(loss(network.forward(batch.input, true))));
    shared.step({&network}, 1e-3);
    loss(net::forward(alone, weights, batch.input, true)).backward();
    optimizer.step(1e-3);
  }
  const net::Weights after = supernet.select(std::vector{genome})[0].copy_weights();
  for (std::size_t i = 0; i < weights.size(); ++i)
    EXPECT_TRUE(test::difference(after[i], weights[i].detach()) <= 2e-6) << alone.weights[i].name;
}

TEST_F(SupernetTraining, SharesTheUpdateAmongSubNetworksOfAStep) {
  SupernetTrainer trained = trainer(recipe_with());
  trained.step();
  for (const net::SharedWeight& weight : trained.supernet().weights()) {
    if (weight.gradient.defined()) {
      EXPECT_EQ(weight.gradient.abs().sum().item<double>(), 0) << weight.name;
    }
    EXPECT_LE(weight.updates, 1) << weight.name;
  }
}

TEST_F(SupernetTraining, SortsTheLargestNetworkWithoutChangingItsScores) {
  SupernetTrainer trained = trainer(recipe_with());
  trained.step();
  net::Supernet& supernet = trained.supernet();
  const space::Genome large = space::largest(*space_, data_->input());
  base::Random random(1, "sort");
  const Batch batch = data_->sample(random, 2);
  const at::NoGradGuard no_grad;
  const net::SubNetwork before = supernet.select(std::vector{large})[0];
  const at::Tensor scores = before.forward(batch.input, false);
  const net::Weights weights = before.copy_weights();
  sort_by_importance(supernet, large);
  const net::SubNetwork after = supernet.select(std::vector{large})[0];
  EXPECT_TRUE(test::difference(after.forward(batch.input, false), scores) <= 1e-4);
  const net::Weights sorted = after.copy_weights();
  bool moved = false;
  for (std::size_t i = 0; i < weights.size(); ++i) moved = moved || !at::equal(weights[i], sorted[i]);
  EXPECT_TRUE(moved);
}

TEST_F(SupernetTraining, RefusesACheckpointOfAnotherSpaceAndOneThatWasCutShort) {
  const test::Folder folder;
  const base::fs::path file = folder / "supernet.safetensors";
  trainer(recipe_with()).save(file);
  const space::Space other = space::Space::load("lm_blocks");
  const std::string foreign = test::error_of([&] { open_supernet(file, other, data_->input(), at::kCPU); });
  EXPECT_NE(foreign.find("is of another space, 'gpt_nano', not of 'lm_blocks'"), std::string::npos) << foreign;
  SupernetTrainer unlike = trainer(recipe_with(), 9);
  const std::string another = test::error_of([&] { unlike.resume(file); });
  EXPECT_NE(another.find("is a checkpoint of another training"), std::string::npos) << another;
  const auto size = base::fs::file_size(file);
  base::fs::resize_file(file, size - 1000);
  SupernetTrainer same = trainer(recipe_with());
  const at::Tensor before = same.supernet().weights()[0].value.clone();
  const std::string cut = test::error_of([&] { same.resume(file); });
  EXPECT_NE(cut.find("supernet.safetensors"), std::string::npos) << cut;
  EXPECT_TRUE(at::equal(before, same.supernet().weights()[0].value));
}

TEST_F(SupernetTraining, RefusesAGenomeThatAFileDoesNotHold) {
  const test::Folder folder;
  const space::Input input = data_->input();
  net::SupernetOptions options;
  options.outlined = false;
  net::Supernet small(*space_, input, options);
  ASSERT_TRUE(small.select(space::smallest(*space_, input)).has_value());
  write_supernet(folder / "small.safetensors", small, {{"spread", false}});
  const auto opened = open_supernet(folder / "small.safetensors", *space_, input, at::kCPU);
  EXPECT_TRUE(opened->select(space::smallest(*space_, input)).has_value());
  const auto large = opened->select(space::largest(*space_, input));
  ASSERT_FALSE(large.has_value());
  EXPECT_NE(large.error().find("do not fit into the supernet"), std::string::npos) << large.error();
}

TEST(SubnetSampler, DrawsTheSandwichTheBinsAndTheOpeningSpace) {
  const space::Space space = space::Space::load("gpt_nano");
  const space::Input input = space.input;
  space::Counter counter(space, input);
  const SubnetSampler sandwich(space, input, {.name = "sandwich", .random = 2}, 1);
  const auto drawn = sandwich.draw(5, 0.1);
  ASSERT_EQ(drawn.size(), 4U);
  EXPECT_EQ(drawn[0].codes, sandwich.largest().codes);
  EXPECT_EQ(drawn[1].codes, sandwich.smallest().codes);
  EXPECT_EQ(sandwich.draw(5, 0.1)[3].codes, drawn[3].codes);
  EXPECT_NE(sandwich.draw(6, 0.1)[3].codes, drawn[3].codes);

  const SubnetSampler shrinking(space, input, {.name = "shrinking", .random = 1, .shrink = 0.5}, 1);
  EXPECT_EQ(shrinking.draw(0, 0)[0].codes, shrinking.largest().codes);
  std::set<std::vector<std::int32_t>> open;
  for (int step = 0; step < 20; ++step) open.insert(shrinking.draw(step, 0.9)[0].codes);
  EXPECT_GT(open.size(), 15U);

  // Bins of equal width are met more alike than by uniform sampling.
  const auto fullest = [&](const char* name) {
    const SubnetSampler sampler(space, input, {.name = name, .random = 1, .bins = 4}, 1);
    const auto low = counter.count(sampler.smallest())->params, high = counter.count(sampler.largest())->params;
    std::array<int, 5> bins{};
    for (int step = 0; step < 200; ++step) {
      const auto params = counter.count(sampler.draw(step, 0)[0])->params;
      ++bins[static_cast<std::size_t>(4 * (params - low) / (high - low))];
    }
    return *std::max_element(bins.begin(), bins.end());
  };
  EXPECT_LT(fullest("balanced"), fullest("uniform"));
}

TEST(Covers, AreTheUnionOfWhatWasUsed) {
  using Runs = std::vector<block::Run>;
  EXPECT_EQ(unite(Runs{{0, 4}, {10, 2}}, Runs{{2, 4}, {20, 1}}), (Runs{{0, 6}, {10, 2}, {20, 1}}));
  EXPECT_EQ(unite(Runs{}, Runs{{1, 2}}), (Runs{{1, 2}}));
}

}  // namespace
}  // namespace weft::train
