// Loops over vectors of floats on a CPU, where libtorch's own spend most of their time around the work: attention of
// heads of at most 64 channels, and GELU with its slope.
#pragma once

#include <cstdint>

namespace weft::net::kernels {

/// Rows of a head: row t begins at data + t * stride.
struct HeadRows {
  float* data = nullptr;
  std::int64_t stride = 0;
};

struct HeadSize {
  std::int64_t time = 0;      ///< rows of q, k and v
  std::int64_t channels = 0;  ///< at most 64
  bool causal = false;        ///< row i sees rows up to i alone
  float scale = 1;            ///< of the scores
  /// Floats of scratch that a call needs.
  std::int64_t scratch() const;
};

/// out = softmax(scale q kᵀ) v, and the logarithm of each row's sum of exponentials (Dao et al. 2022, FlashAttention,
/// section 3.1). q is [T, n].
void attend(const HeadSize& size, HeadRows q, HeadRows k, HeadRows v, HeadRows out, float* log_sums, float* scratch);

/// Gradients of q, written; of k and v, added.
void attend_backward(const HeadSize& size, HeadRows q, HeadRows k, HeadRows v, HeadRows out, const float* log_sums,
                     HeadRows d_out, HeadRows dq, HeadRows dk, HeadRows dv, float* scratch);

/// x Φ(x), and its derivative Φ(x) + x φ(x); Φ within 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26).
void gelu_and_slope(const float* x, std::int64_t count, float* value, float* slope);

}  // namespace weft::net::kernels
