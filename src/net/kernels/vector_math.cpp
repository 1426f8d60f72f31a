#include "net/kernels/vector_math.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

// The same for each kind of vector unit; which of them the processor has is asked when the program runs.
namespace weft::net::kernels {

namespace baseline {
namespace {
constexpr std::int64_t kLanes = 4;
#include "net/kernels/vector_math.inl"  // NOLINT(readability-duplicate-include)
}  // namespace
}  // namespace baseline

#ifdef __x86_64__
#pragma GCC push_options
#pragma GCC target("arch=haswell")
namespace avx2 {
namespace {
constexpr std::int64_t kLanes = 8;
#include "net/kernels/vector_math.inl"  // NOLINT(readability-duplicate-include)
}  // namespace
}  // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("arch=skylake-avx512,prefer-vector-width=512")
namespace avx512 {
namespace {
constexpr std::int64_t kLanes = 16;
#include "net/kernels/vector_math.inl"  // NOLINT(readability-duplicate-include)
}  // namespace
}  // namespace avx512
#pragma GCC pop_options
#endif

namespace {

constexpr std::int64_t kMostLanes = 16;  // of all kinds

struct Functions {
  decltype(&attend) forward;
  decltype(&attend_backward) backward;
  decltype(&gelu_and_slope) gelu;
};

Functions find_functions() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    return {avx512::attend, avx512::attend_backward, avx512::gelu_and_slope};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
    return {avx2::attend, avx2::attend_backward, avx2::gelu_and_slope};
#endif
  return {baseline::attend, baseline::attend_backward, baseline::gelu_and_slope};
}

const Functions& functions() {
  static const Functions found = find_functions();
  return found;
}

}  // namespace

std::int64_t HeadSize::scratch() const {
  const auto whole = [](std::int64_t n) { return (n + kMostLanes - 1) / kMostLanes * kMostLanes; };
  const std::int64_t width = whole(channels), rows = whole(time) + kMostLanes;
  return kMostLanes + 8 * rows * width + 8 * rows + 4 * width;
}

void attend(const HeadSize& size, HeadRows q, HeadRows k, HeadRows v, HeadRows out, float* log_sums, float* scratch) {
  functions().forward(size, q, k, v, out, log_sums, scratch);
}

void attend_backward(const HeadSize& size, HeadRows q, HeadRows k, HeadRows v, HeadRows out, const float* log_sums,
                     HeadRows d_out, HeadRows dq, HeadRows dk, HeadRows dv, float* scratch) {
  functions().backward(size, q, k, v, out, log_sums, d_out, dq, dk, dv, scratch);
}

void gelu_and_slope(const float* x, std::int64_t count, float* value, float* slope) {
  functions().gelu(x, count, value, slope);
}

}  // namespace weft::net::kernels
