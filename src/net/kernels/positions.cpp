#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/fft_fft2.h>
#include <ATen/ops/real.h>
#include <ATen/ops/softmax.h>

#include "net/kernels.hpp"

namespace weft::net::kernels {
namespace {

// Convolves [B, T, C] over positions: over the past in a causal space, else centred.
at::Tensor over_positions(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                          std::int64_t dilation, std::int64_t groups, const KernelContext& context) {
  const std::int64_t reach = dilation * (weight.size(-1) - 1), before = context.place.causal ? reach : reach / 2;
  const at::Tensor x = at::constant_pad_nd(input.transpose(1, 2), {before, reach - before});
  return at::conv1d(x, weight, bias, at::IntArrayRef{1}, at::IntArrayRef{0}, at::IntArrayRef{dilation}, groups)
      .transpose(1, 2);
}

}  // namespace

Tensors dwconv(const block::Node& node, Span inputs, Span parameters, const KernelContext& context) {
  return {over_positions(inputs[0], parameters[0], bias_of(parameters), node.whole(2), inputs[0].size(2), context)};
}

Tensors conv(const block::Node& node, Span inputs, Span parameters, const KernelContext& context) {
  return {over_positions(inputs[0], parameters[0], bias_of(parameters), node.whole(2), node.whole(3), context)};
}

Tensors lightconv(const block::Node& node, Span inputs, Span parameters, const KernelContext& context) {
  const std::int64_t channels = inputs[0].size(2), heads = node.whole(1);
  const at::Tensor weight = at::softmax(parameters[0], -1).repeat_interleave(channels / heads, 0);
  return {over_positions(inputs[0], weight, std::nullopt, 1, channels, context)};
}

Tensors shift(const block::Node& node, Span inputs, Span, const KernelContext&) {
  const std::int64_t time = inputs[0].size(1), by = std::min(node.whole(0), time);
  return {at::constant_pad_nd(inputs[0].narrow(1, 0, time - by), {0, 0, by, 0})};
}

Tensors fourier(const block::Node&, Span inputs, Span, const KernelContext&) {
  const at::Tensor& x = inputs[0];
  const bool narrow = x.scalar_type() != at::kFloat && x.scalar_type() != at::kDouble;
  return {at::real(at::fft_fft2(narrow ? x.to(at::kFloat) : x, at::OptionalIntArrayRef(), at::IntArrayRef{1, 2}))
              .to(x.scalar_type())};
}

}  // namespace weft::net::kernels
