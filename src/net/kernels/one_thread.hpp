// Where kernels of weft's own stand in for libtorch's: one thread of a CPU.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

namespace weft::net::kernels {

/// Whether x lies on a CPU where an operation has one thread, in float32 or bfloat16.
inline bool is_for_one_thread(const at::Tensor& x) {
  return x.device().is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) &&
         at::get_num_threads() == 1;
}

}  // namespace weft::net::kernels
