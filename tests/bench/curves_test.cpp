#include "bench/curves.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.hpp"

namespace weft::bench {
namespace {

Curve curve_of(double (*f)(double), int points, double noise = 0, std::uint64_t seed = 1) {
  Curve curve;
  base::Random random(seed);
  for (int i = 1; i <= points; ++i) {
    curve.steps.push_back(10.0 * i);
    curve.values.push_back(f(10.0 * i) + noise * (random.uniform() - 0.5));
  }
  return curve;
}

TEST(Curves, OfTheKnownFormsAreContinuedExactly) {
  EXPECT_NEAR(*extrapolate(curve_of([](double x) { return 2 + 3 * std::pow(x, -0.5); }, 10), 1000),
              2 + 3 * std::pow(1000, -0.5), 0.02);
  EXPECT_NEAR(*extrapolate(curve_of([](double x) { return 1.5 + std::exp(-x / 60); }, 10), 500), 1.5, 0.01);
}

TEST(Curves, WithNoiseAreContinuedBetterThanByTheirLastValue) {
  const auto f = [](double x) { return 2 + 3 * std::pow(x, -0.5); };
  double off = 0, last = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Curve seen = curve_of(f, 10, 0.02, seed);
    off += std::abs(*extrapolate(seen, 400) - f(400));
    last += std::abs(seen.values.back() - f(400));
  }
  EXPECT_LT(off, last / 2);
}

TEST(Curves, OfTooFewPointsAreNotContinued) {
  EXPECT_FALSE(extrapolate({{1, 2, 3}, {3, 2, 1}}, 10).has_value());
  EXPECT_FALSE(extrapolate_by_neighbours({{1, 2}, {3, 2}}, 10, {}).has_value());
}

TEST(Curves, GoOnAsTheNearestDid) {
  const std::vector<Curve> known{
      {{1, 2, 3}, {5, 4, 3}}, {{1, 2, 3}, {5, 4, 3.2}}, {{1, 2, 3}, {9, 9, 9}}, {{1, 4}, {5, 4}}};
  EXPECT_NEAR(*extrapolate_by_neighbours({{1, 2}, {5.5, 4.5}}, 3, known, 2), 4.5 - 0.9, 1e-12);
  EXPECT_FALSE(extrapolate_by_neighbours({{1, 2}, {5, 4}}, 7, known).has_value());
}

}  // namespace
}  // namespace weft::bench
