#include "train/proxies/subject.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros_like.h>

#include "block/ops/rows.hpp"

namespace weft::train::proxies {

std::vector<at::Tensor> Pass::apply(net::Kernel kernel, const block::Node& node, std::span<const at::Tensor> inputs,
                                    std::span<const at::Tensor> parameters, const net::KernelContext& context) {
  if (node.op == &block::rows::dropout()) return {inputs[0]};
  return kernel(node, inputs, parameters, context);
}

Subject::Subject(const net::Network& network, const net::Weights& weights, std::vector<Batch> batches)
    : network_(network), weights_(weights), batches_(std::move(batches)), products_(products_of(network)) {
  for (Batch& batch : batches_) {
    batch = batch.on(weights[0].device());
    if (batch.input.is_floating_point()) batch.input = batch.input.to(weights[0].scalar_type());
  }
}

net::Weights Subject::leaves(bool learning) const {
  net::Weights leaves;
  for (std::size_t i = 0; i < weights_.size(); ++i)
    leaves.push_back(network_.weights[i].trained ? weights_[i].detach() : weights_[i].detach().clone());
  for (const Product& product : products_) leaves[product.weight].set_requires_grad(learning);
  return leaves;
}

void Subject::observe(Pass& pass) const {
  const at::NoGradGuard no_grad;
  net::forward(network_, leaves(false), batches_[0].input, true, &pass);
}

const std::vector<at::Tensor>& Subject::gradients(std::size_t batch) const {
  if (const auto known = gradients_.find(batch); known != gradients_.end()) return known->second;
  const at::AutoGradMode with_grad(true);
  const net::Weights leaves = this->leaves(true);
  Pass pass;
  const at::Tensor logits = net::forward(network_, leaves, batches_[batch].input, true, &pass);
  const at::Tensor loss = cross_entropy(logits.reshape({-1, logits.size(-1)}), batches_[batch].target);
  if (loss.requires_grad()) loss.backward();
  return gradients_[batch] = gradients_of(products_, leaves);
}

at::Tensor Subject::jacobian() const {
  const at::AutoGradMode with_grad(true);
  const net::Weights leaves = this->leaves(false);
  const bool tokens = network_.architecture.input.task == space::Task::language_model;
  at::Tensor input = batches_[0].input;
  input = (tokens ? at::embedding(leaves[0], input) : input).detach().set_requires_grad(true);
  Pass pass;
  const at::Tensor scores = net::forward(network_, leaves, input, true, &pass);
  if (scores.requires_grad()) scores.backward(at::ones_like(scores));
  return (input.grad().defined() ? input.grad() : at::zeros_like(input)).flatten(1);
}

std::vector<at::Tensor> gradients_of(const std::vector<Product>& products, const net::Weights& leaves) {
  std::vector<at::Tensor> gradients;
  for (const Product& product : products) {
    const at::Tensor& weight = leaves[product.weight];
    gradients.push_back(weight.grad().defined() ? weight.grad() : at::zeros_like(weight));
  }
  return gradients;
}

}  // namespace weft::train::proxies
