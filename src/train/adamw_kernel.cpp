#include "train/adamw_kernel.hpp"

#include <algorithm>
#include <cmath>

#include "base/wide.hpp"

namespace weft::train {
namespace {

template <class T>
[[gnu::always_inline]] inline void update(T* __restrict weight, T* __restrict gradient, T* __restrict average,
                                          T* __restrict square, std::int64_t count, const AdamWFactors& f) {
  const T by = static_cast<T>(f.gradient), keep = static_cast<T>(f.keep), beta2 = static_cast<T>(f.beta2);
  const T new1 = static_cast<T>(1 - f.beta1), new2 = static_cast<T>(1 - f.beta2), epsilon = static_cast<T>(f.epsilon);
  const T step = static_cast<T>(f.step), root = static_cast<T>(f.root);
  for (std::int64_t i = 0; i < count; ++i) {
    const T g = gradient[i] * by;
    const T m = average[i] + new1 * (g - average[i]);
    const T v = square[i] * beta2 + new2 * g * g;
    weight[i] = weight[i] * keep - step * m / (std::sqrt(v) / root + epsilon);
    average[i] = m;
    square[i] = v;
    gradient[i] = 0;
  }
}

template <class T>
[[gnu::always_inline]] inline double squares(const T* values, std::int64_t count) {
  constexpr std::int64_t kLanes = 16;  // sums side by side, so that their order does not depend on the vector unit
  T lanes[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::int64_t k = 0; k < kLanes; ++k) lanes[k] += values[i + k] * values[i + k];
  }
  double sum = 0;
  for (; i < count; ++i) sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  for (const T lane : lanes) sum += static_cast<double>(lane);
  return sum;
}

}  // namespace

WEFT_WIDE void adamw(float* weight, float* gradient, float* average, float* square, std::int64_t count,
                     const AdamWFactors& f) {
  update(weight, gradient, average, square, count, f);
}

WEFT_WIDE void adamw(double* weight, double* gradient, double* average, double* square, std::int64_t count,
                     const AdamWFactors& f) {
  update(weight, gradient, average, square, count, f);
}

WEFT_WIDE double sum_of_squares(const float* values, std::int64_t count) {
  return squares(values, count);
}

WEFT_WIDE double sum_of_squares(const double* values, std::int64_t count) {
  return squares(values, count);
}

}  // namespace weft::train
