#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include "net/supernet.hpp"

namespace weft::net {

at::Tensor SubNetwork::forward(const at::Tensor& input, bool training) const {
  {
    const at::NoGradGuard no_grad;
    each_part([](const Part& part) {
      if (part.copied()) copy_each(part.own, part.shared);
    });
  }
  Pass pass{.ends = &ends_->ends, .stem = ends_->stem.tensors, .layers = {}, .head = ends_->head.tensors};
  pass.layers.reserve(layers_.size());
  for (const auto& layer : layers_) pass.layers.push_back({&layer->graph, layer->kernels, layer->tensors});
  return net::forward(pass, input, training);
}

void SubNetwork::collect() const {
  const at::NoGradGuard no_grad;
  each_part([](const Part& part) {
    if (!part.copied()) return;
    if (part.own_gradient.empty()) {
      if (!part.tensor.requires_grad()) copy_each(part.shared, part.own);  // a running statistic
      return;
    }
    add_each(part.shared_gradient, part.own_gradient);
    part.tensor.grad().zero_();
  });
}

Weights SubNetwork::copy_weights() const {
  const at::NoGradGuard no_grad;
  Weights weights;
  each_part([&](const Part& part) {
    if (part.copied()) copy_each(part.own, part.shared);
    weights.push_back(part.tensor.detach().clone(at::MemoryFormat::Contiguous));
  });
  return weights;
}

}  // namespace weft::net
