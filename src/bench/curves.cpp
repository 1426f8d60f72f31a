#include "bench/curves.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/statistics.hpp"

namespace weft::bench {
namespace {

constexpr std::size_t kFewestPoints = 4, kFewestCurves = 10, kMostCurves = 300;
constexpr int kGrid = 40;  // values of c that are tried

// f(step; c), with c from `low` to `high` in equal ratios.
struct Family {
  double (*f)(double step, double c);
  double low, high;
};
constexpr std::array kFamilies{
    Family{[](double x, double c) { return std::pow(x, -c); }, 0.02, 4},
    Family{[](double x, double c) { return std::exp(-c * x); }, 0.05, 30},
    Family{[](double x, double c) { return 1 / std::log(1 + std::exp(1) + c * x); }, 0.01, 1e4},
    Family{[](double x, double c) { return std::exp(-std::pow(x, c)); }, 0.1, 2}};

// a + b f: its least squares, and what is left.
struct Line {
  double a = 0, b = 0, left = std::numeric_limits<double>::infinity(), c = 0;
};

Line fit(const Family& family, double c, const std::vector<double>& x, const std::vector<double>& y) {
  const auto n = static_cast<double>(x.size());
  double sf = 0, sy = 0, sff = 0, sfy = 0;
  std::vector<double> f(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    f[i] = family.f(x[i], c);
    sf += f[i];
    sy += y[i];
    sff += f[i] * f[i];
    sfy += f[i] * y[i];
  }
  const double spread = sff - sf * sf / n;
  Line line{.c = c};
  if (!(spread > 1e-18)) return line;
  line.b = (sfy - sf * sy / n) / spread;
  line.a = (sy - line.b * sf) / n;
  line.left = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double off = y[i] - line.a - line.b * f[i];
    line.left += off * off;
  }
  return line;
}

// The best c of a grid, then of a finer one around it, twice.
Line best_fit(const Family& family, const std::vector<double>& x, const std::vector<double>& y) {
  Line best;
  double low = family.low, high = family.high;
  for (int round = 0; round < 3; ++round) {
    const double step = std::pow(high / low, 1 / (kGrid - 1.0));
    for (int i = 0; i < kGrid; ++i) {
      const Line line = fit(family, low * std::pow(step, i), x, y);
      if (line.left < best.left) best = line;
    }
    if (!std::isfinite(best.left)) return best;
    low = best.c / step;
    high = best.c * step;
  }
  return best;
}

double distance(const Curve& a, const Curve& b, std::size_t points) {
  double sum = 0;
  for (std::size_t i = 0; i < points; ++i) sum += (a.values[i] - b.values[i]) * (a.values[i] - b.values[i]);
  return sum;
}

bool same_steps(const Curve& seen, const Curve& known) {
  return known.steps.size() > seen.steps.size() &&
         std::equal(seen.steps.begin(), seen.steps.end(), known.steps.begin());
}

struct Labelled {
  Curve curve;
  std::int64_t genome;
};

// At most kMostCurves of them, evenly: nearest curves take the square of their number.
std::vector<Labelled> spread(std::vector<Labelled> all) {
  if (all.size() <= kMostCurves) return all;
  std::vector<Labelled> some;
  for (std::size_t i = 0; i < kMostCurves; ++i) some.push_back(std::move(all[i * all.size() / kMostCurves]));
  return some;
}

std::vector<Labelled> curves_of(const Table& table, const std::string& metric) {
  const std::size_t column = table.column(metric);
  if (!table.metric(column).curve) throw base::Error("the metric is no curve: " + metric);
  std::vector<Labelled> list;
  for (std::int64_t genome = 0; genome < table.genomes(); ++genome) {
    std::int64_t row = table.first_row(genome);
    for (std::size_t i = 0; i < table.cells(genome).size(); ++i, ++row) {
      const auto values = table.curve(row, column), steps = table.curve_steps(row);
      Labelled one{.curve = {}, .genome = genome};
      for (std::size_t point = 0; point < std::min(values.size(), steps.size()); ++point) {
        if (!std::isfinite(values[point])) continue;
        one.curve.steps.push_back(steps[point]);
        one.curve.values.push_back(values[point]);
      }
      if (one.curve.steps.size() > kFewestPoints) list.push_back(std::move(one));
    }
  }
  return spread(std::move(list));
}

CurveError error_at(const std::vector<Labelled>& all, double share) {
  CurveError error{.seen = share};
  double seen_sum = 0;
  std::vector<double> truth, last, parametric, nearest;
  for (const Labelled& one : all) {
    const auto points = static_cast<std::size_t>(std::lround(share * static_cast<double>(one.curve.steps.size())));
    if (points < kFewestPoints || points >= one.curve.steps.size()) continue;
    Curve seen{{one.curve.steps.begin(), one.curve.steps.begin() + static_cast<std::ptrdiff_t>(points)},
               {one.curve.values.begin(), one.curve.values.begin() + static_cast<std::ptrdiff_t>(points)}};
    std::vector<Curve> others;
    for (const Labelled& other : all) {
      if (other.genome != one.genome) others.push_back(other.curve);
    }
    const double end = one.curve.steps.back();
    seen_sum += seen.steps.back() / end;
    truth.push_back(one.curve.values.back());
    last.push_back(seen.values.back());
    parametric.push_back(extrapolate(seen, end).value_or(last.back()));
    nearest.push_back(extrapolate_by_neighbours(seen, end, others).value_or(last.back()));
  }
  if (truth.empty()) return error;
  error.seen = seen_sum / static_cast<double>(truth.size());  // the nearest point of the curves
  const auto off = [&](const std::vector<double>& said) {
    double sum = 0;
    for (std::size_t i = 0; i < said.size(); ++i) sum += std::abs(said[i] - truth[i]);
    return sum / static_cast<double>(said.size());
  };
  error.last = off(last);
  error.parametric = off(parametric);
  error.nearest = off(nearest);
  error.last_tau = base::kendall_tau(last, truth);
  error.parametric_tau = base::kendall_tau(parametric, truth);
  error.nearest_tau = base::kendall_tau(nearest, truth);
  return error;
}

}  // namespace

std::optional<double> extrapolate(const Curve& seen, double step) {
  if (seen.steps.size() < kFewestPoints || seen.steps.back() <= 0) return std::nullopt;
  const double unit = seen.steps.back();
  std::vector<double> x;
  for (const double one : seen.steps) x.push_back(std::max(one, 1e-9 * unit) / unit);
  const auto n = static_cast<double>(x.size());
  // What no curve explains is noise: a residual below this says nothing more.
  double spread = 0;
  for (std::size_t i = 1; i < seen.values.size(); ++i)
    spread = std::max(spread, std::abs(seen.values[i] - seen.values[i - 1]));
  const double least = std::max(1e-12, 1e-6 * spread * spread * n);
  double best = std::numeric_limits<double>::infinity();
  std::vector<Line> lines;
  for (const Family& family : kFamilies) {
    lines.push_back(best_fit(family, x, seen.values));
    best = std::min(best, lines.back().left + least);
  }
  double sum = 0, weights = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!std::isfinite(lines[i].left)) continue;
    const double weight = std::pow((lines[i].left + least) / best, -n / 2);
    sum += weight * (lines[i].a + lines[i].b * kFamilies[i].f(step / unit, lines[i].c));
    weights += weight;
  }
  return weights > 0 ? std::optional(sum / weights) : std::nullopt;
}

std::optional<double> extrapolate_by_neighbours(const Curve& seen, double step, const std::vector<Curve>& known,
                                                std::size_t neighbours) {
  std::vector<std::pair<double, double>> gains;  // distance, and what was gained from here on
  const std::size_t points = seen.steps.size();
  if (points == 0) return std::nullopt;
  for (const Curve& one : known) {
    const auto at = std::find(one.steps.begin(), one.steps.end(), step);
    if (at == one.steps.end() || !same_steps(seen, one)) continue;
    const double end = one.values[static_cast<std::size_t>(at - one.steps.begin())];
    gains.emplace_back(distance(seen, one, points), end - one.values[points - 1]);
  }
  if (gains.empty()) return std::nullopt;
  std::stable_sort(gains.begin(), gains.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  gains.resize(std::min(gains.size(), neighbours));
  double sum = 0;
  for (const auto& [apart, gain] : gains) sum += gain;
  return seen.values.back() + sum / static_cast<double>(gains.size());
}

std::vector<CurveError> curve_errors(const Table& table, const std::string& metric) {
  const std::vector<Labelled> all = curves_of(table, metric);
  std::vector<CurveError> list;
  if (all.size() < kFewestCurves) return list;
  for (int tenth = 1; tenth < 10; ++tenth) {
    CurveError error = error_at(all, tenth / 10.0);
    const bool as_before = !list.empty() && list.back().last == error.last && list.back().nearest == error.nearest;
    if (error.last_tau && !as_before) list.push_back(error);  // short curves: the same points
  }
  return list;
}

}  // namespace weft::bench
