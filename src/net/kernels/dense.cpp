#include <ATen/TensorOperators.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/rms_norm.h>

#include "net/kernels.hpp"

namespace weft::net::kernels {
namespace {

constexpr double kLayerNormEpsilon = 1e-5, kRmsNormEpsilon = 1e-6;

}  // namespace

Tensors linear(const block::Node&, Span inputs, Span parameters, const KernelContext&) {
  return {at::linear(inputs[0], parameters[0], bias_of(parameters))};
}

Tensors layernorm(const block::Node&, Span inputs, Span parameters, const KernelContext&) {
  return {at::layer_norm(inputs[0], parameters[0].sizes(), parameters[0], bias_of(parameters), kLayerNormEpsilon)};
}

Tensors rmsnorm(const block::Node&, Span inputs, Span parameters, const KernelContext&) {
  return {at::rms_norm(inputs[0], parameters[0].sizes(), parameters[0], kRmsNormEpsilon)};
}

Tensors scale(const block::Node&, Span inputs, Span parameters, const KernelContext&) {
  return {inputs[0] * parameters[0]};
}

}  // namespace weft::net::kernels
