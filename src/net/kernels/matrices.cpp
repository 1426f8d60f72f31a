#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>

#include <limits>

#include "net/kernels.hpp"

namespace weft::net::kernels {

Tensors heads(const block::Node& node, Span inputs, Span, const KernelContext&) {
  return {by_head(inputs[0], node.whole(0))};
}

Tensors merge(const block::Node&, Span inputs, Span, const KernelContext&) {
  return {side_by_side(inputs[0])};
}

Tensors matmul(const block::Node&, Span inputs, Span, const KernelContext&) {
  return {at::matmul(inputs[0], inputs[1])};
}

Tensors transpose(const block::Node&, Span inputs, Span, const KernelContext&) {
  return {inputs[0].transpose(-1, -2)};
}

Tensors softmax(const block::Node& node, Span inputs, Span, const KernelContext&) {
  const at::Tensor& x = inputs[0];
  if (!node.outputs[0].past) return {at::softmax(x, -1)};
  const at::Tensor future =
      at::full({x.size(-2), x.size(-1)}, -std::numeric_limits<double>::infinity(), x.options()).triu(1);
  return {at::softmax(x + future, -1)};
}

}  // namespace weft::net::kernels
