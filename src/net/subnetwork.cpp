#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "block/ops/rows.hpp"
#include "net/supernet.hpp"

namespace weft::net {

void SubNetwork::fill() const {
  const at::NoGradGuard no_grad;
  each_part([](const Part& part) {
    if (part.copied()) copy_each(part.own, part.shared);
  });
}

at::Tensor SubNetwork::forward(const at::Tensor& input, bool training) const {
  Pass pass{.ends = &ends_->ends, .stem = ends_->stem.tensors, .layers = {}, .head = ends_->head.tensors};
  pass.layers.reserve(layers_.size());
  for (const auto& layer : layers_) pass.layers.push_back({&layer->graph, layer->kernels, layer->tensors});
  return net::forward(pass, input, training);
}

std::vector<at::Tensor> SubNetwork::gradients(const at::Tensor& loss) const {
  std::vector<at::Tensor> parts;
  each_part([&](const Part& part) {
    if (!part.gradient.empty()) parts.push_back(part.tensor);
  });
  if (!loss.requires_grad()) return std::vector<at::Tensor>(parts.size());  // nothing of it learns
  return torch::autograd::grad({loss}, parts, {}, std::nullopt, false, true);
}

void SubNetwork::collect(const std::vector<at::Tensor>& gradients) const {
  const at::NoGradGuard no_grad;
  auto next = gradients.begin();
  each_part([&](const Part& part) {
    if (part.gradient.empty()) {
      const bool statistic = part.copied() && !part.tensor.requires_grad();
      if (statistic) copy_each(part.shared, part.own);
      return;
    }
    const at::Tensor& gradient = *next++;
    if (!gradient.defined()) return;
    if (!part.copied()) {
      part.gradient[0].add_(gradient);
      return;
    }
    const at::Tensor whole = gradient.contiguous();
    for (std::size_t i = 0; i < part.own.size(); ++i) {
      const at::Tensor& own = part.own[i];
      part.gradient[i].add_(whole.as_strided(own.sizes(), own.strides(), own.storage_offset()));
    }
  });
}

bool SubNetwork::may_run_beside_others() const {
  if (!ends_->head.tensors[0].device().is_cpu()) return false;
  for (const auto& layer : layers_) {
    for (const block::Node& node : layer->graph.nodes) {
      if (node.op == &block::rows::dropout()) return false;
      for (const block::Parameter& parameter : node.parameters) {
        if (!parameter.trained) return false;
      }
    }
  }
  return true;
}

Weights SubNetwork::copy_weights() const {
  const at::NoGradGuard no_grad;
  Weights weights;
  each_part([&](const Part& part) { weights.push_back(part.tensor.detach().clone(at::MemoryFormat::Contiguous)); });
  return weights;
}

}  // namespace weft::net
