// Fine-tuning spaces: a fresh network is its base, training leaves what is frozen as it was, and a base comes from a
// file.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "net/checkpoint.hpp"
#include "net/safetensors.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/spaces.hpp"
#include "train/optimizer.hpp"

namespace weft::train {
namespace {

const std::string kEnds = "input: {context: 6}\n",
                  kFrozenEnds = "stem: {embedding: 11, frozen: true}\nhead: {frozen: true}\n";

net::Network network_of(const std::string& yaml, const std::string& genome) {
  const space::Space space = test::space_of(yaml);
  const auto read = space::from_text(space, genome);
  EXPECT_TRUE(read.has_value()) << read.error();
  auto architecture = space::decode(space, *read, space.input);
  EXPECT_TRUE(architecture.has_value()) << architecture.error();
  return net::make_network(*architecture);
}

struct Tuned {
  const char *name, *genes, *layers, *genome;
  friend void PrintTo(const Tuned& one, std::ostream* out) { *out << one.name; }
};

constexpr std::array kTuned{
    Tuned{"lora", "r: {choice: [3]}",
          "block: peft_lora.block, bind: {D: 16, H: 2, R: 2, RANK: r, QUERY: true, KEY: "
          "true, VALUE: true, OUT: true, UP: true, DOWN: true}",
          R"({"r": 3})"},
    Tuned{"adapters", "s: {choice: [4]}",
          "block: peft_adapters.block, bind: {D: 16, H: 2, R: 2, SERIAL: s, PARALLEL: 5, PREFIX: 0, ON: true}",
          R"({"s": 4})"},
};

class Peft : public ::testing::TestWithParam<Tuned> {
 protected:
  Peft()
      : base_(network_of("genes: {r: {choice: [2]}}\nlayers: {count: 2, block: gpt2.block, bind: {D: 16, H: 2, R: r}}\n"
                         "stem: {embedding: 11}\n" +
                             kEnds,
                         R"({"r": 2})")),
        tuned_(network_of(std::string("genes: {") + GetParam().genes + "}\nlayers: {count: 2, " + GetParam().layers +
                              "}\n" + kFrozenEnds + kEnds,
                          GetParam().genome)) {
    at::manual_seed(1);
    net::TensorFile file;
    for (const net::WeightSpec& spec : base_.weights) {
      base_weights_.push_back(at::randn(spec.shape, at::kDouble) * 0.3);
      file.tensors.emplace_back(spec.name, base_weights_.back());
    }
    path_ = folder_.path() / "base.safetensors";
    net::write_safetensors(path_, file);
    weights_ = net::initialise(tuned_, 7, at::kCPU, at::kDouble);
    net::take_base(tuned_, weights_, path_);
  }

  at::Tensor tokens() const { return at::arange(12).remainder(11).view({2, 6}); }

  test::Folder folder_;
  net::Network base_, tuned_;
  net::Weights base_weights_, weights_;
  base::fs::path path_;
};

INSTANTIATE_TEST_SUITE_P(Of, Peft, ::testing::ValuesIn(kTuned),
                         [](const auto& given) { return std::string(given.param.name); });

TEST_P(Peft, AFreshNetworkIsItsBase) {
  EXPECT_TRUE(at::equal(forward(tuned_, weights_, tokens(), false), forward(base_, base_weights_, tokens(), false)));
}

// Others write tensors in the order of their names: node 10 before node 2, biases before weights.
TEST_P(Peft, ABaseMayStandInAnyOrder) {
  net::TensorFile file = net::read_safetensors(path_);
  std::sort(file.tensors.begin(), file.tensors.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  net::write_safetensors(path_, file);
  net::Weights again = net::initialise(tuned_, 8, at::kCPU, at::kDouble);
  net::take_base(tuned_, again, path_);
  for (std::size_t i = 0; i < again.size(); ++i) {
    if (tuned_.weights[i].frozen) {
      EXPECT_TRUE(at::equal(again[i], weights_[i])) << tuned_.weights[i].name;
    }
  }
}

TEST_P(Peft, ABaseMayBeAnExportedModel) {
  net::write_safetensors(path_, net::to_state_dict(base_, base_weights_));
  net::Weights again = net::initialise(tuned_, 8, at::kCPU, at::kDouble);
  net::take_base(tuned_, again, path_);
  for (std::size_t i = 0; i < again.size(); ++i) {
    if (tuned_.weights[i].frozen) {
      EXPECT_TRUE(at::equal(again[i], weights_[i])) << tuned_.weights[i].name;
    }
  }
}

TEST_P(Peft, WeightsAreReadUnderEitherName) {
  const net::TensorFile exported = net::to_state_dict(tuned_, weights_);
  net::TensorFile own;
  for (std::size_t i = 0; i < weights_.size(); ++i) own.tensors.emplace_back(tuned_.weights[i].name, weights_[i]);
  for (const net::TensorFile& file : {exported, own}) {
    const net::Weights again = net::read_weights(tuned_, file, "f");
    for (std::size_t i = 0; i < again.size(); ++i)
      EXPECT_TRUE(at::equal(again[i], weights_[i])) << tuned_.weights[i].name;
  }
  own.tensors.push_back(exported.tensors.back());
  EXPECT_EQ(test::error_of([&] { net::read_weights(tuned_, own, "f"); }).substr(0, 10), "f: tensors");
}

TEST_P(Peft, TrainingLeavesWhatIsFrozenAsItWas) {
  net::Weights before;
  std::int64_t trainable = 0;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    weights_[i] = weights_[i].to(at::kFloat);
    before.push_back(weights_[i].clone());
    weights_[i].set_requires_grad(tuned_.weights[i].learns());
    if (tuned_.weights[i].learns()) trainable += weights_[i].numel();
  }
  EXPECT_EQ(trainable, tuned_.architecture.counts.trainable);
  Recipe recipe;
  Optimizer optimizer(tuned_, weights_, recipe);
  bool moved = false;
  for (int step = 0; step < 2; ++step) {
    forward(tuned_, weights_, tokens(), true).square().sum().backward();
    optimizer.step(0.01);
  }
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const bool same = at::equal(weights_[i].detach(), before[i]);
    if (tuned_.weights[i].frozen) {
      EXPECT_TRUE(same) << tuned_.weights[i].name;
    }
    moved = moved || !same;
  }
  EXPECT_TRUE(moved);
}

TEST_P(Peft, ABaseThatDoesNotFitIsRefused) {
  net::TensorFile file = net::read_safetensors(path_);
  file.tensors.pop_back();
  net::write_safetensors(path_, file);
  const auto refusal = [&] {
    return test::error_of([&] { net::take_base(tuned_, weights_, path_); }).substr(path_.string().size());
  };
  EXPECT_EQ(refusal(), ": has no weight for the frozen head.norm.bias");
  file.tensors[0].second = file.tensors[0].second.narrow(0, 0, 10);
  net::write_safetensors(path_, file);
  EXPECT_EQ(refusal(), ": tensor 'stem.embedding' must be [11, 16] floating-point values, not [10, 16] of Double");
  EXPECT_EQ(test::error_of([&] { net::take_base(base_, base_weights_, path_); }).substr(path_.string().size()),
            ": a base is given, and nothing of this network is frozen");
}

}  // namespace
}  // namespace weft::train
