// One kernel an op: its row's meaning on tensors. Called by the forward pass; autograd differentiates them.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "block/graph.hpp"

namespace weft::net {

class Observer;

/// What a kernel may know beyond its node.
struct KernelContext {
  block::Place place = {.causal = true};
  bool training = false;
  std::int64_t columns = 0;  ///< patches in a row of the image; 0 where positions are a line
  bool class_token = false;  ///< one position stands before the patches
  Observer* observer = nullptr;
};

/// Inputs are of the types that the node's were inferred from; parameters stand in the order of the node's
/// specification. Returns the node's outputs.
using Kernel = std::vector<at::Tensor> (*)(const block::Node& node, std::span<const at::Tensor> inputs,
                                           std::span<const at::Tensor> parameters, const KernelContext& context);

/// Stands between walk() and the kernels, for who looks at what a network computes on its way or leaves a part out. A
/// recurrent cell's nodes come once a position where they depend on its states, else once with all positions.
class Observer {
 public:
  virtual ~Observer() = default;
  /// The node's outputs. By default what its kernel gives.
  virtual std::vector<at::Tensor> apply(Kernel kernel, const block::Node& node, std::span<const at::Tensor> inputs,
                                        std::span<const at::Tensor> parameters, const KernelContext& context) {
    return kernel(node, inputs, parameters, context);
  }
};

/// Throws base::Error for an op without a kernel: a broken build.
Kernel find_kernel(std::string_view op);
/// Of each node.
std::vector<Kernel> find_kernels(const block::Graph& graph);

/// Applies a graph's nodes in their order, with `kernels` of each, and puts their outputs into their places in `made`.
/// `inputs` is what Value{-1, k} stands for; parameters stand in the order of the nodes. Where `wanted` is given, the
/// other nodes are left as they stand in `made`.
void walk(const block::Graph& graph, std::span<const Kernel> kernels, std::span<const at::Tensor> inputs,
          std::span<const at::Tensor> parameters, const KernelContext& context,
          std::vector<std::vector<at::Tensor>>& made, const std::vector<bool>& wanted = {});

namespace kernels {

using Tensors = std::vector<at::Tensor>;
using Span = std::span<const at::Tensor>;

/// [B, T, heads·size] → [B, heads, T, size], and back.
inline at::Tensor by_head(const at::Tensor& x, std::int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}
inline at::Tensor side_by_side(const at::Tensor& x) {
  return x.transpose(1, 2).reshape({x.size(0), x.size(2), -1});
}

/// The vector that follows an op's weight, where it adds one.
inline std::optional<at::Tensor> bias_of(Span parameters) {
  return parameters.size() > 1 ? std::optional<at::Tensor>(parameters[1]) : std::nullopt;
}

Tensors linear(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors attention(const block::Node&, Span inputs, Span parameters, const KernelContext&);
/// What attention() multiplies the values with: [B, heads, T, prefix + T], the softmax of its scores.
at::Tensor attention_weights(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors linear_attention(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors recurrence(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors scan(const block::Node&, Span inputs, Span parameters, const KernelContext&);
/// What a cell returns: its inputs.
Tensors states(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors experts(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors dwconv(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors conv(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors lightconv(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors shift(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors fourier(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors rotary(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors repeat(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors widen(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors layernorm(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors rmsnorm(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors batchnorm(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors scale(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors dropout(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors concat(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors split(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors take(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors mean(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors zero(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors heads(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors merge(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors matmul(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors transpose(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors softmax(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors conv2d(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors maxpool(const block::Node&, Span inputs, Span parameters, const KernelContext&);
Tensors avgpool(const block::Node&, Span inputs, Span parameters, const KernelContext&);
/// Sums, products, activations: found by the node's op.
Tensors elementwise(const block::Node&, Span inputs, Span parameters, const KernelContext&);

}  // namespace kernels
}  // namespace weft::net
