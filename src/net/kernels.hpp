// One kernel an op: its row's meaning on tensors. Called by the forward pass; autograd differentiates them.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string_view>
#include <vector>

#include "block/graph.hpp"

namespace weft::net {

/// What a kernel may know beyond its node.
struct KernelContext {
  bool causal = true;
  bool training = false;
};

/// Inputs are [B, T, C] or [B, 1, C]; parameters stand in the order of the node's specification. Returns the node's
/// outputs.
using Kernel = std::vector<at::Tensor> (*)(const block::Node& node, std::span<const at::Tensor> inputs,
                                           std::span<const at::Tensor> parameters, const KernelContext& context);

/// Throws base::Error for an op without a kernel: a broken build.
Kernel find_kernel(std::string_view op);

namespace kernels {

std::vector<at::Tensor> linear(const block::Node&, std::span<const at::Tensor>, std::span<const at::Tensor>,
                               const KernelContext&);
std::vector<at::Tensor> layernorm(const block::Node&, std::span<const at::Tensor>, std::span<const at::Tensor>,
                                  const KernelContext&);
std::vector<at::Tensor> rmsnorm(const block::Node&, std::span<const at::Tensor>, std::span<const at::Tensor>,
                                const KernelContext&);
std::vector<at::Tensor> attention(const block::Node&, std::span<const at::Tensor>, std::span<const at::Tensor>,
                                  const KernelContext&);
std::vector<at::Tensor> dwconv(const block::Node&, std::span<const at::Tensor>, std::span<const at::Tensor>,
                               const KernelContext&);
std::vector<at::Tensor> concat(const block::Node&, std::span<const at::Tensor>, std::span<const at::Tensor>,
                               const KernelContext&);
std::vector<at::Tensor> split(const block::Node&, std::span<const at::Tensor>, std::span<const at::Tensor>,
                              const KernelContext&);
std::vector<at::Tensor> mean(const block::Node&, std::span<const at::Tensor>, std::span<const at::Tensor>,
                             const KernelContext&);
std::vector<at::Tensor> scale(const block::Node&, std::span<const at::Tensor>, std::span<const at::Tensor>,
                              const KernelContext&);
std::vector<at::Tensor> dropout(const block::Node&, std::span<const at::Tensor>, std::span<const at::Tensor>,
                                const KernelContext&);
/// Sums, products, activations: found by the node's op.
std::vector<at::Tensor> elementwise(const block::Node&, std::span<const at::Tensor>, std::span<const at::Tensor>,
                                    const KernelContext&);

}  // namespace kernels
}  // namespace weft::net
