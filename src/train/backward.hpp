// Gradients of a loss, where some of them land in parts of larger tensors.
#pragma once

#include <ATen/core/Tensor.h>

namespace weft::train {

/// loss.backward(), without libtorch's advice on the layout of gradients: those of a part lie in the whole on purpose.
void backward(const at::Tensor& loss);

}  // namespace weft::train
