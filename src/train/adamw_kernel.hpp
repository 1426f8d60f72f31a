// One pass of AdamW over plain memory, and the sum of squares that clipping needs.
#pragma once

#include <cstdint>

namespace weft::train {

struct AdamWFactors {
  double gradient = 1;  ///< what gradients are multiplied with
  double keep = 1;      ///< what weights are multiplied with: 1 - learning rate · decay
  double beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8;
  double step = 0;  ///< learning rate over the bias correction of the mean
  double root = 1;  ///< root of the bias correction of the mean square
};

/// Updates `count` weights from their gradients, which are zeros after.
void adamw(float* weight, float* gradient, float* average, float* square, std::int64_t count, const AdamWFactors& f);
void adamw(double* weight, double* gradient, double* average, double* square, std::int64_t count,
           const AdamWFactors& f);

double sum_of_squares(const float* values, std::int64_t count);
double sum_of_squares(const double* values, std::int64_t count);

}  // namespace weft::train
