#include <ATen/TensorOperators.h>
#include <ATen/ops/add.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/chunk.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros_like.h>

#include "base/error.hpp"
#include "block/ops/rows.hpp"
#include "net/kernels.hpp"
#include "net/kernels/gelu.hpp"

namespace weft::net::kernels {
namespace {

at::Tensor unary(const block::Node& node, const at::Tensor& x) {
  using namespace block;
  const Op& op = *node.op;
  if (&op == &rows::relu()) return at::relu(x);
  if (&op == &rows::gelu()) return node.flag(0) ? at::gelu(x, "tanh") : kernels::gelu(x);
  if (&op == &rows::silu()) return at::silu(x);
  if (&op == &rows::sigmoid()) return at::sigmoid(x);
  if (&op == &rows::tanh()) return at::tanh(x);
  if (&op == &rows::softplus()) return at::softplus(x);
  if (&op == &rows::leaky_relu()) return at::leaky_relu(x);
  if (&op == &rows::logsigmoid()) return at::log_sigmoid(x);
  if (&op == &rows::softsign()) return x / (x.abs() + 1);
  if (&op == &rows::cosine()) return at::cos(x);
  throw base::internal_error("'" + std::string(op.name) + "' is no elementwise op");
}

std::int64_t channel_axis(const block::Type& type) {
  return type.kind == block::Type::Kind::image ? 1 : -1;
}

}  // namespace

Tensors elementwise(const block::Node& node, Span inputs, Span, const KernelContext&) {
  using namespace block;
  const Op* op = node.op;
  if (op == &rows::add()) return {inputs[0] + inputs[1]};
  if (op == &rows::subtract()) return {inputs[0] - inputs[1]};
  if (op == &rows::multiply()) return {inputs[0] * inputs[1]};
  if (op == &rows::maximum()) return {at::maximum(inputs[0], inputs[1])};
  if (op == &rows::minimum()) return {at::minimum(inputs[0], inputs[1])};
  if (op == &rows::times()) return {inputs[0] * node.attributes[0]};
  if (op == &rows::plus()) return {inputs[0] + node.attributes[0]};
  return {unary(node, inputs[0])};
}

Tensors concat(const block::Node& node, Span inputs, Span, const KernelContext&) {
  return {at::cat(Tensors(inputs.begin(), inputs.end()), channel_axis(node.outputs[0]))};
}

Tensors split(const block::Node& node, Span inputs, Span, const KernelContext&) {
  return inputs[0].chunk(node.whole(0), channel_axis(node.outputs[0]));
}

Tensors repeat(const block::Node& node, Span inputs, Span, const KernelContext&) {
  const at::Tensor& x = inputs[0];
  const std::int64_t times = node.whole(0), parts = node.whole(1), size = x.size(2) / parts;
  const at::Tensor each = x.reshape({x.size(0), x.size(1), parts, 1, size});
  return {each.expand({-1, -1, -1, times, -1}).reshape({x.size(0), x.size(1), x.size(2) * times})};
}

Tensors widen(const block::Node& node, Span inputs, Span, const KernelContext&) {
  const at::Tensor& x = inputs[0];
  const std::int64_t more = inputs[1].size(-1) - x.size(-1);
  return {more <= 0 ? x : at::constant_pad_nd(x, {0, more}, node.attributes[0])};
}

Tensors take(const block::Node& node, Span inputs, Span, const KernelContext&) {
  return {inputs[0].narrow(channel_axis(node.outputs[0]), 0, node.whole(0))};
}

Tensors mean(const block::Node&, Span inputs, Span, const KernelContext&) {
  const at::Tensor& x = inputs[0];
  return {x.dim() == 4 ? at::mean(x, {2, 3}).unsqueeze(1) : at::mean(x, {1}, true)};
}

Tensors zero(const block::Node&, Span inputs, Span, const KernelContext&) {
  return {at::zeros_like(inputs[0])};
}

Tensors dropout(const block::Node& node, Span inputs, Span, const KernelContext& context) {
  return {at::dropout(inputs[0], node.attributes[0], context.training)};
}

}  // namespace weft::net::kernels
