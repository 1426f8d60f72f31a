// Where a learning curve ends, from its beginning. Functions of their arguments alone.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/table.hpp"

namespace weft::bench {

/// A curve: values at ascending steps.
struct Curve {
  std::vector<double> steps, values;
};

/// The value at `step` by a weighted mean of parametric curves (Domhan et al. 2015): power laws, exponentials and
/// logarithms a + b f(step; c), each fitted by least squares, weighted by the likelihood of what it left. Nothing for
/// fewer than four points.
std::optional<double> extrapolate(const Curve& seen, double step);

/// What the `neighbours` curves that are nearest over the same steps had at `step`, moved to where this one ends now
/// (nearest curves; Chandrashekaran, Lane 2017). Nothing where no known curve has those steps and `step`.
std::optional<double> extrapolate_by_neighbours(const Curve& seen, double step, const std::vector<Curve>& known,
                                                std::size_t neighbours = 5);

/// How far off predictions of the last value are, after a share of the steps.
struct CurveError {
  double seen = 0;  ///< share of the steps
  /// Mean absolute error, and Kendall's tau between prediction and truth; of the last value seen, the parametric
  /// ensemble, and the nearest curves of other genomes.
  double last = 0, parametric = 0, nearest = 0;
  std::optional<double> last_tau, parametric_tau, nearest_tau;
};

/// For the curves of a metric (300 of them, evenly, where there are more), at a tenth, two tenths, ... of their steps.
/// Nearest curves are those of other genomes. Nothing where the table has fewer than ten curves of five points.
std::vector<CurveError> curve_errors(const Table& table, const std::string& metric);

}  // namespace weft::bench
