// Attention over heads of few channels by one thread of a CPU, with its own gradients.
#pragma once

#include <ATen/core/Tensor.h>

namespace weft::net::kernels {

/// Whether small_heads() is for these: on a CPU where an operation has one thread, of at most 64 channels, in float32
/// or bfloat16. libtorch's own product is for all others.
bool are_small_heads(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

/// softmax(q kᵀ / √n) v, with a causal mask or none. q is [B, heads, T, n], k and v are [B, groups, T, n]; a group's
/// heads stand side by side. Computed in float32. Returns [B, heads, T, n] with the memory of [B, T, heads, n].
at::Tensor small_heads(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, bool causal);

}  // namespace weft::net::kernels
