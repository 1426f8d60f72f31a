// Statistics of rankings: how well one list of numbers orders another, and how sure one may be of it. Functions of
// their arguments alone. All of them throw Error where a number is not finite or two lists differ in length.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/random.hpp"

namespace weft::base {

using Numbers = std::span<const double>;

struct Interval {
  double low = 0, high = 0;
};

/// Kendall's tau-b, which counts ties, in O(n log n) (Knight 1966). Nothing where a list is constant or has one value.
std::optional<double> kendall_tau(Numbers x, Numbers y);

/// Pearson's correlation. Nothing where a list is constant or has one value.
std::optional<double> pearson(Numbers x, Numbers y);

/// 1 for the lowest value; equal values share the mean of their places.
std::vector<double> average_ranks(Numbers values);

/// Spearman's rho: Pearson's correlation of average ranks.
std::optional<double> spearman_rho(Numbers x, Numbers y);

/// The best of `truth` among the `k` that `predicted` puts first, minus the best of all; in both lower is better. Where
/// several share the k-th place, the mean over all ways to take some of them. 1 <= k <= n, else Error.
double top_k_regret(Numbers predicted, Numbers truth, std::size_t k);

double mean(Numbers values);

/// The value below which the share `p` lies, between two values by interpolation (type 7 of Hyndman, Fan 1996).
double quantile(std::vector<double> values, double p);

/// Between which the share `level` of the draws of a bootstrap lies, half of the rest on each side (Efron 1979).
Interval percentile_interval(const std::vector<double>& draws, double level = 0.95);

/// Student's interval of the mean. Nothing for fewer than two values.
std::optional<Interval> t_interval(Numbers values, double level = 0.95);

/// One draw of a two-level bootstrap (Davison, Hinkley 1997, section 3.8).
struct Resample {
  std::vector<std::size_t> rows;  ///< as many as the table has, drawn with replacement
  std::vector<double> means;      ///< of each drawn row: as many of its values as it has, drawn with replacement
};
Resample resample(const std::vector<std::vector<double>>& table, Random& random);

}  // namespace weft::base
