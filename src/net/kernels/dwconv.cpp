#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv1d.h>

#include "net/kernels.hpp"

namespace weft::net::kernels {

std::vector<at::Tensor> dwconv(const block::Node& node, std::span<const at::Tensor> inputs,
                               std::span<const at::Tensor> parameters, const KernelContext& context) {
  const std::int64_t width = node.whole(0), before = context.causal ? width - 1 : width / 2;
  const at::Tensor x = at::constant_pad_nd(inputs[0].transpose(1, 2), {before, width - 1 - before});
  const auto bias = parameters.size() > 1 ? std::optional<at::Tensor>(parameters[1]) : std::nullopt;
  return {at::conv1d(x, parameters[0], bias, at::IntArrayRef{1}, at::IntArrayRef{0}, at::IntArrayRef{1}, x.size(1))
              .transpose(1, 2)};
}

}  // namespace weft::net::kernels
