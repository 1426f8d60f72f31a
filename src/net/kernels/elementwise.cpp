#include <ATen/TensorOperators.h>
#include <ATen/ops/add.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/chunk.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/tanh.h>

#include "base/error.hpp"
#include "block/ops/rows.hpp"
#include "net/kernels.hpp"

namespace weft::net::kernels {
namespace {

at::Tensor unary(const block::Op& op, const at::Tensor& x) {
  using namespace block;
  if (&op == &rows::relu()) return at::relu(x);
  if (&op == &rows::gelu()) return at::gelu(x);
  if (&op == &rows::silu()) return at::silu(x);
  if (&op == &rows::sigmoid()) return at::sigmoid(x);
  if (&op == &rows::tanh()) return at::tanh(x);
  if (&op == &rows::softplus()) return at::softplus(x);
  throw base::internal_error("'" + std::string(op.name) + "' is no elementwise op");
}

}  // namespace

std::vector<at::Tensor> elementwise(const block::Node& node, std::span<const at::Tensor> inputs,
                                    std::span<const at::Tensor>, const KernelContext&) {
  using namespace block;
  const Op* op = node.op;
  if (op == &rows::add()) return {inputs[0] + inputs[1]};
  if (op == &rows::subtract()) return {inputs[0] - inputs[1]};
  if (op == &rows::multiply()) return {inputs[0] * inputs[1]};
  if (op == &rows::times()) return {inputs[0] * node.attributes[0]};
  if (op == &rows::plus()) return {inputs[0] + node.attributes[0]};
  return {unary(*op, inputs[0])};
}

std::vector<at::Tensor> concat(const block::Node&, std::span<const at::Tensor> inputs, std::span<const at::Tensor>,
                               const KernelContext&) {
  return {at::cat(std::vector<at::Tensor>(inputs.begin(), inputs.end()), -1)};
}

std::vector<at::Tensor> split(const block::Node& node, std::span<const at::Tensor> inputs, std::span<const at::Tensor>,
                              const KernelContext&) {
  return inputs[0].chunk(node.whole(0), -1);
}

std::vector<at::Tensor> mean(const block::Node&, std::span<const at::Tensor> inputs, std::span<const at::Tensor>,
                             const KernelContext&) {
  return {at::mean(inputs[0], {1}, true)};
}

std::vector<at::Tensor> dropout(const block::Node& node, std::span<const at::Tensor> inputs,
                                std::span<const at::Tensor>, const KernelContext& context) {
  return {at::dropout(inputs[0], node.attributes[0], context.training)};
}

}  // namespace weft::net::kernels
