#include "train/optimizer.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace weft::train {

Optimizer::Optimizer(const net::Network& network, const net::Weights& weights, const Recipe& recipe)
    : beta1_(recipe.beta1), beta2_(recipe.beta2), epsilon_(recipe.epsilon), clip_(recipe.clip) {
  groups_.resize(2);
  groups_[0].decay = recipe.weight_decay;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!network.weights[i].learns()) continue;
    Group& group = groups_[network.weights[i].decay ? 0 : 1];
    group.weights.push_back(weights[i]);
    group.averages.push_back(at::zeros_like(weights[i]));
    group.squares.push_back(at::zeros_like(weights[i]));
    group.steps.push_back(at::zeros({}, weights[i].options().dtype(at::kFloat)));
  }
}

// Scales by a tensor, so that no GPU is waited for.
void Optimizer::clip(std::vector<at::Tensor>& gradients) const {
  const at::Tensor norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients)));
  at::_foreach_mul_(gradients, (clip_ / (norm + 1e-6)).clamp_max(1.0));
}

void Optimizer::step(double learning_rate) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> all;
  for (const Group& group : groups_) {
    for (const at::Tensor& weight : group.weights) {
      if (!weight.grad().defined()) weight.mutable_grad() = at::zeros_like(weight);  // unused in this program
      all.push_back(weight.grad());
    }
  }
  if (clip_ > 0) clip(all);
  std::size_t next = 0;
  for (Group& group : groups_) {
    if (group.weights.empty()) continue;
    at::_foreach_add_(group.steps, 1);
    const std::vector<at::Tensor> gradients(all.begin() + static_cast<std::ptrdiff_t>(next),
                                            all.begin() + static_cast<std::ptrdiff_t>(next + group.weights.size()));
    next += group.weights.size();
    at::_fused_adamw_(group.weights, gradients, group.averages, group.squares, {}, group.steps, learning_rate, beta1_,
                      beta2_, group.decay, epsilon_, false, false);
    for (const at::Tensor& weight : group.weights) weight.mutable_grad().reset();
  }
}

}  // namespace weft::train
