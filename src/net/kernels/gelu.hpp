// GELU by one thread of a CPU: the slope comes with the value, so that the backward pass is one product.
#pragma once

#include <ATen/core/Tensor.h>

namespace weft::net::kernels {

/// x Φ(x) of any shape (Hendrycks and Gimpel 2016); libtorch's own kernel where this one is not for x.
at::Tensor gelu(const at::Tensor& x);

}  // namespace weft::net::kernels
