// The steps of a SupernetTrainer that learns a mixture: the logits by one batch, then the weights by another.
#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <cmath>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "train/autocast.hpp"
#include "train/scoring.hpp"
#include "train/supernet_trainer.hpp"

namespace weft::train {

// The mixed weights are made outside of autocast: sums of probabilities are no products to round.
double SupernetTrainer::mixed_loss(const Batch& batch, const Mixture::Probabilities& probabilities, bool learn) {
  const auto mixed = mixture_->superposition().mix(probabilities, learn);
  at::Tensor scores;
  {
    const Autocast autocast(recipe_.recipe.precision == "bf16", device_.type());
    scores = mixture_->superposition().forward(mixed, batch.input, true);
  }
  const at::Tensor loss = cross_entropy(scores.reshape({-1, scores.size(-1)}).to(at::kFloat), batch.target);
  if (learn) {
    const net::SubNetwork& network = mixture_->superposition().network();
    network.collect(network.gradients(loss));
  } else {
    loss.backward();
  }
  return loss.item<double>();
}

// First order (Liu et al. 2019, section 2.3): the weights as they are, on examples that they were not just moved by.
void SupernetTrainer::learn_mixture() {
  const std::uint64_t seed = base::mix64(seed_ ^ base::hash64("architecture"), static_cast<std::uint64_t>(step_));
  const double loss = mixed_loss(next_batch(0, "architecture batches"), mixture_->draw(seed), false);
  if (!std::isfinite(loss))
    throw base::Error(fmt::format("the mixture diverged: its loss became {} at step {}", loss, step_));
  mixture_->step(group_);
}

double SupernetTrainer::mixture_step() {
  at::manual_seed(base::mix64(seed_, static_cast<std::uint64_t>(step_)));  // of dropout
  if (used_ >= recipe_.mixture->warmup) learn_mixture();
  Mixture::Probabilities probabilities;
  {
    const at::NoGradGuard no_grad;
    probabilities = mixture_->draw(base::mix64(seed_ ^ base::hash64("mixture"), static_cast<std::uint64_t>(step_)));
  }
  double loss = 0;
  for (std::int64_t micro = 0; micro < recipe_.accumulate; ++micro)
    loss = mixed_loss(next_batch(micro), probabilities, true);
  finish_step({&mixture_->superposition().network()}, loss);
  return loss;
}

void SupernetTrainer::measure_mixture(SupernetPoint& point) {
  const at::NoGradGuard no_grad;
  net::Superposition& superposition = mixture_->superposition();
  const auto mixed = superposition.mix(mixture_->means(), false);
  point.mixture = validation_loss([&](const at::Tensor& input) {
    const Autocast autocast(recipe_.recipe.precision == "bf16", device_.type());
    const at::Tensor scores = superposition.forward(mixed, input, false);
    return scores.reshape({-1, scores.size(-1)}).to(at::kFloat);
  });
  space::Counter counter(space_, data_.input());
  const auto network = supernet_.select(std::vector{mixture_->derived(counter)});
  point.derived = validation_loss([&](const at::Tensor& input) { return scores_of(network[0], input, false); });
}

}  // namespace weft::train
