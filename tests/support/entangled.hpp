// Supernets in tests: small inputs, and the equation that every space has to keep.
#pragma once

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "net/supernet.hpp"
#include "space/extremes.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"

namespace weft::test {

/// Short sequences; images of two patches a side, and of 16 pixels where blocks see them as they are.
inline space::Input reduced_input(const space::Space& space) {
  space::Input input = space.input;
  if (input.task == space::Task::language_model) {
    input.context = std::min<std::int64_t>(input.context, 6);
    return input;
  }
  const std::int64_t side = space.ends.patch > 0 ? 2 * space.ends.patch : 16;
  input.height = std::min(input.height, side);
  input.width = std::min(input.width, side);
  return input;
}

inline net::SupernetOptions double_supernet(bool outlined = true) {
  net::SupernetOptions options;
  options.type = at::kDouble;
  options.trains = true;
  options.outlined = outlined;
  return options;
}

struct Examples {
  at::Tensor input, target;
};

inline Examples examples_for(const space::Input& input, std::int64_t size) {
  if (input.task == space::Task::image_classification)
    return {at::randn({size, input.channels, input.height, input.width}, at::kDouble),
            at::randint(input.classes, {size}, at::kLong)};
  return {at::randint(input.vocabulary, {size, input.context}, at::kLong),
          at::randint(input.vocabulary, {size * input.context}, at::kLong)};
}

inline at::Tensor loss_of(const at::Tensor& logits, const at::Tensor& target) {
  return at::cross_entropy_loss(logits.reshape({-1, logits.size(-1)}), target);
}

inline double difference(const at::Tensor& a, const at::Tensor& b) {
  return a.numel() == 0 ? 0 : (a - b).abs().max().item<double>();
}

/// One genome: its scores, loss and gradients over the supernet and alone; and that nothing else has a gradient.
inline void check_genome(net::Supernet& supernet, const space::Genome& genome, const Examples& examples) {
  constexpr double kTolerance = 1e-10;
  const auto network = supernet.select(genome);
  ASSERT_TRUE(network.has_value()) << network.error();
  const net::Network alone = net::make_network(*space::decode(supernet.space(), genome, supernet.input()));
  net::Weights weights = network->copy_weights();
  ASSERT_EQ(weights.size(), alone.weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    ASSERT_EQ(weights[i].sizes(), at::IntArrayRef(alone.weights[i].shape)) << alone.weights[i].name;
    weights[i].set_requires_grad(alone.weights[i].learns());
  }
  at::manual_seed(1);  // of dropout
  const at::Tensor shared_logits = network->forward(examples.input, true);
  at::manual_seed(1);
  const at::Tensor logits = net::forward(alone, weights, examples.input, true);
  ASSERT_TRUE(difference(shared_logits.detach(), logits.detach()) <= kTolerance);
  const at::Tensor shared_loss = loss_of(shared_logits, examples.target), loss = loss_of(logits, examples.target);
  ASSERT_TRUE(difference(shared_loss.detach(), loss.detach()) <= kTolerance);
  network->collect(network->gradients(shared_loss));
  if (loss.requires_grad()) loss.backward();
  const at::NoGradGuard no_grad;
  std::size_t i = 0;
  double inside = 0;
  network->each_part([&](const net::Part& part) {
    const net::SharedWeight& shared = supernet.weights()[part.weight];
    const at::Tensor& expected = weights[i].grad();
    if (expected.defined()) {
      const auto got = net::windows(shared.gradient, shared.axes, part.axes),
                 wanted = net::windows(expected.contiguous(), part.axes, part.axes);
      for (std::size_t k = 0; k < got.size(); ++k) {
        EXPECT_TRUE(difference(got[k], wanted[k]) <= kTolerance) << shared.name;
        inside += got[k].abs().sum().item<double>();
      }
    }
    ++i;
  });
  double all = 0;
  for (const net::SharedWeight& shared : supernet.weights()) {
    if (!shared.gradient.defined()) continue;
    all += shared.gradient.abs().sum().item<double>();
    shared.gradient.zero_();
  }
  EXPECT_TRUE(std::abs(all - inside) <= 1e-9 * (1 + all)) << "gradients outside the sub-network's parts";
}

/// `count` random genomes whose networks have at most `most` parameters.
inline void check_equation(const space::Space& space, const space::Input& input, int count,
                           std::int64_t most = 2'000'000, bool outlined = false) {
  net::Supernet supernet(space, input, double_supernet(outlined));
  base::Random random(7, space.name);
  const Examples examples = examples_for(input, 2);
  int checked = 0;
  for (int draw = 0; draw < 20 * count && checked < count; ++draw) {
    const space::Genome genome = space::sample(space, random);
    const auto architecture = space::decode(space, genome, input);
    if (!architecture || architecture->counts.params > most) continue;
    check_genome(supernet, genome, examples);
    if (::testing::Test::HasFatalFailure()) {
      ADD_FAILURE() << space::to_text(space, genome);
      return;
    }
    ++checked;
  }
  EXPECT_EQ(checked, count);
}

}  // namespace weft::test
