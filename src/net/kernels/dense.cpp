#include <ATen/TensorOperators.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/rms_norm.h>

#include "net/kernels.hpp"

namespace weft::net::kernels {
namespace {

constexpr double kLayerNormEpsilon = 1e-5, kRmsNormEpsilon = 1e-6;

std::optional<at::Tensor> bias_of(std::span<const at::Tensor> parameters) {
  return parameters.size() > 1 ? std::optional<at::Tensor>(parameters[1]) : std::nullopt;
}

}  // namespace

std::vector<at::Tensor> linear(const block::Node&, std::span<const at::Tensor> inputs,
                               std::span<const at::Tensor> parameters, const KernelContext&) {
  return {at::linear(inputs[0], parameters[0], bias_of(parameters))};
}

std::vector<at::Tensor> layernorm(const block::Node&, std::span<const at::Tensor> inputs,
                                  std::span<const at::Tensor> parameters, const KernelContext&) {
  return {at::layer_norm(inputs[0], parameters[0].sizes(), parameters[0], bias_of(parameters), kLayerNormEpsilon)};
}

std::vector<at::Tensor> rmsnorm(const block::Node&, std::span<const at::Tensor> inputs,
                                std::span<const at::Tensor> parameters, const KernelContext&) {
  return {at::rms_norm(inputs[0], parameters[0].sizes(), parameters[0], kRmsNormEpsilon)};
}

std::vector<at::Tensor> scale(const block::Node&, std::span<const at::Tensor> inputs,
                              std::span<const at::Tensor> parameters, const KernelContext&) {
  return {inputs[0] * parameters[0]};
}

}  // namespace weft::net::kernels
