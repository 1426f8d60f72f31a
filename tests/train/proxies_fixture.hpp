// What tests of proxies share: networks, weights far from their start, and batches that are kept.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/rand_like.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <gtest/gtest.h>

#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "tests/support/programs.hpp"
#include "train/proxies.hpp"

namespace weft::train {

/// Random examples; it keeps the batches that it gave.
class Kept : public Dataset {
 public:
  explicit Kept(const space::Input& input) : input_(input) {}
  space::Input input() const override { return input_; }
  Batch sample(base::Random& random, std::int64_t size) const override {
    at::manual_seed(random.next());
    const bool images = input_.task == space::Task::image_classification;
    given.push_back(
        images ? Batch{at::randn({size, input_.channels, input_.height, input_.width}),
                       at::randint(input_.classes, {size}, at::kLong)}
               : Batch{at::randint(std::min<std::int64_t>(input_.vocabulary, 256), {size, input_.context}, at::kLong),
                       at::randint(std::min<std::int64_t>(input_.vocabulary, 256), {size, input_.context}, at::kLong)});
    return given.back();
  }
  std::vector<Batch> fixed(Split, std::int64_t, std::int64_t) const override { return {}; }
  std::string description() const override { return "noise"; }
  std::string hash() const override { return ""; }

  mutable std::vector<Batch> given;

 private:
  space::Input input_;
};

/// Short contexts, for speed.
inline space::Architecture of_space(const std::string& name, const std::string& genome, std::int64_t context = 12) {
  const space::Space space = space::Space::load(name);
  space::Input input = space.input;
  if (input.task == space::Task::language_model) input.context = context;
  const auto read = space::from_text(space, genome);
  EXPECT_TRUE(read.has_value()) << (read ? "" : read.error());
  auto architecture = space::decode(space, *read, input);
  EXPECT_TRUE(architecture.has_value()) << (architecture ? "" : architecture.error());
  return *architecture;
}

inline std::string gpt_genome(const std::string& block, int depth = 2) {
  const auto list = [&](const std::string& one) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += (i == 0 ? "" : ",") + one;
    return text;
  };
  return R"({"embed_dim":64,"depth":)" + std::to_string(depth) + R"(,"block":")" + block + R"(","num_heads":[)" +
         list("4") + R"(],"mlp_ratio":[)" + list("2") + "]}";
}

/// Layers of one program, of 16 channels.
inline space::Architecture of_program(const std::string& statements, bool causal = true, int layers = 2) {
  space::Architecture a;
  a.causal = causal;
  a.width = 16;
  a.input = {.vocabulary = 19, .context = 12};
  if (!causal) a.input = {space::Task::image_classification, 0, 0, 2, 12, 12, 5};
  a.ends = {.patch = causal ? 0 : 3, .class_token = !causal, .learned_position = true};
  for (int i = 0; i < layers; ++i) {
    auto graph = block::check(test::program_of(statements), {{"D", 16}, {"H", 4}, {"R", 2}}, a.stem(), a.place());
    EXPECT_TRUE(graph.has_value()) << (graph ? "" : graph.error().text());
    if (graph) a.layers.push_back(std::move(*graph));
  }
  return a;
}

/// Fresh weights and a little more, statistics among them.
inline net::Weights shaken(const net::Network& network, at::ScalarType type = at::kDouble) {
  at::manual_seed(3);
  net::Weights weights = net::initialise(network, 1, at::kCPU);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] += network.weights[i].trained ? at::randn_like(weights[i]) * 0.05 : at::rand_like(weights[i]) * 0.5;
    weights[i] = weights[i].to(type);
  }
  return weights;
}

}  // namespace weft::train
