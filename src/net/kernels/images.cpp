#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/max_pool2d.h>

#include "net/kernels.hpp"

namespace weft::net::kernels {
namespace {

constexpr double kEpsilon = 1e-5, kMomentum = 0.1;

}  // namespace

Tensors conv2d(const block::Node& node, Span inputs, Span parameters, const KernelContext&) {
  const std::int64_t kernel = node.whole(1), stride = node.whole(2), groups = node.whole(3), dilation = node.whole(4);
  const std::int64_t padding = dilation * (kernel - 1) / 2;
  return {at::conv2d(inputs[0], parameters[0], bias_of(parameters), {stride, stride}, {padding, padding},
                     {dilation, dilation}, groups)};
}

// Updates the running statistics in training.
Tensors batchnorm(const block::Node&, Span inputs, Span parameters, const KernelContext& context) {
  return {at::batch_norm(inputs[0], parameters[0], parameters[1], parameters[2], parameters[3], context.training,
                         kMomentum, kEpsilon, true)};
}

Tensors maxpool(const block::Node& node, Span inputs, Span, const KernelContext&) {
  const std::int64_t size = node.whole(0), stride = node.whole(1), padding = (size - 1) / 2;
  return {at::max_pool2d(inputs[0], {size, size}, {stride, stride}, {padding, padding})};
}

Tensors avgpool(const block::Node& node, Span inputs, Span, const KernelContext&) {
  const std::int64_t size = node.whole(0), stride = node.whole(1), padding = (size - 1) / 2;
  return {at::avg_pool2d(inputs[0], {size, size}, {stride, stride}, {padding, padding}, false, false)};
}

}  // namespace weft::net::kernels
