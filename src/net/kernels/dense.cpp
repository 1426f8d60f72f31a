#include <ATen/TensorOperators.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/rms_norm.h>

#include "net/kernels.hpp"

namespace weft::net::kernels {
namespace {

// Channels in equal parts, which the norms take one by one: [B, T, heads, size].
at::Tensor in_parts(const at::Tensor& x, std::int64_t heads) {
  return x.reshape({x.size(0), x.size(1), heads, x.size(2) / heads});
}

}  // namespace

Tensors linear(const block::Node&, Span inputs, Span parameters, const KernelContext&) {
  return {at::linear(inputs[0], parameters[0], bias_of(parameters))};
}

Tensors layernorm(const block::Node& node, Span inputs, Span parameters, const KernelContext&) {
  const at::Tensor& x = inputs[0];
  const double epsilon = node.attributes[1];
  const auto bias = bias_of(parameters);
  if (node.whole(2) == 1) return {at::layer_norm(x, parameters[0].sizes(), parameters[0], bias, epsilon)};
  const at::Tensor parts = in_parts(x, node.whole(2));
  const at::Tensor y = at::layer_norm(parts, {parts.size(3)}, {}, {}, epsilon).view_as(x) * parameters[0];
  return {bias ? y + *bias : y};
}

Tensors rmsnorm(const block::Node& node, Span inputs, Span parameters, const KernelContext&) {
  const at::Tensor& x = inputs[0];
  const double epsilon = node.attributes[0];
  if (node.whole(1) == 1) return {at::rms_norm(x, parameters[0].sizes(), parameters[0], epsilon)};
  const at::Tensor parts = in_parts(x, node.whole(1));
  return {at::rms_norm(parts, {parts.size(3)}, {}, epsilon).view_as(x) * parameters[0]};
}

Tensors scale(const block::Node&, Span inputs, Span parameters, const KernelContext&) {
  return {inputs[0] * parameters[0]};
}

}  // namespace weft::net::kernels
