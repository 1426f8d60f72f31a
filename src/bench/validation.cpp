#include "bench/validation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/statistics.hpp"
#include "space/decode.hpp"

namespace weft::bench {
namespace {

constexpr double kFar = 6;  // robust standard deviations
constexpr std::size_t kMostOutliers = 10;
constexpr double kMadToDeviation = 1.4826;  // of a normal distribution

// A genome's scores by seed, NaN where there is none, and their rows.
struct Scores {
  std::int64_t genome = 0;
  std::vector<double> values;
  std::vector<std::int64_t> rows;

  // Whether it was measured more than once.
  bool varied() const {
    const std::vector<double> list = known();
    return std::any_of(list.begin(), list.end(), [&](double one) { return one != list.front(); });
  }
  std::vector<double> known() const {
    std::vector<double> list;
    for (const double one : values) {
      if (std::isfinite(one)) list.push_back(one);
    }
    return list;
  }
};

double median(std::vector<double> values) {
  return base::quantile(std::move(values), 0.5);
}

std::vector<Scores> scores_of(const Table& table, std::size_t column, int task, int fidelity) {
  std::vector<Scores> list;
  for (std::int64_t genome = 0; genome < table.genomes(); ++genome) {
    Scores scores{.genome = genome, .values = {}, .rows = {}};
    for (std::size_t seed = 0; seed < table.manifest().seeds.size(); ++seed) {
      const std::int64_t row = table.row(genome, {task, fidelity, static_cast<int>(seed)});
      scores.rows.push_back(row);
      scores.values.push_back(row < 0 ? std::numeric_limits<double>::quiet_NaN() : table.value(row, column));
    }
    if (!scores.known().empty()) list.push_back(std::move(scores));
  }
  return list;
}

// One-way analysis of variance, for genomes with as many seeds as they have.
void set_variances(const std::vector<Scores>& all, CellCheck& check) {
  double inside = 0, degrees = 0, outside = 0, sum_squares = 0;
  for (const Scores& one : all) {
    const std::vector<double> known = one.known();
    const double mean = base::mean(known);
    for (const double value : known) inside += (value - mean) * (value - mean);
    const auto size = static_cast<double>(known.size());
    degrees += size - 1;
    outside += size * (mean - check.mean) * (mean - check.mean);
    sum_squares += size * size;
  }
  const auto groups = static_cast<double>(all.size()), count = static_cast<double>(check.scores);
  if (groups < 2) return;
  const double within = degrees > 0 ? inside / degrees : 0;
  const double seeds = (count - sum_squares / count) / (groups - 1);
  const double between = std::max(0.0, (outside / (groups - 1) - within) / seeds);
  check.between = std::sqrt(between);
  if (!check.seeds || between + within <= 0) return;
  check.seeds->within = std::sqrt(within);
  check.seeds->reliability = between / (between + within);
  check.seeds->reliability_of_mean = between / (between + within / seeds);
}

std::optional<double> tau_between_seeds(const std::vector<Scores>& all, std::size_t seeds) {
  double sum = 0, count = 0;
  for (std::size_t a = 0; a < seeds; ++a) {
    for (std::size_t b = a + 1; b < seeds; ++b) {
      std::vector<double> x, y;
      for (const Scores& one : all) {
        if (!std::isfinite(one.values[a]) || !std::isfinite(one.values[b])) continue;
        x.push_back(one.values[a]);
        y.push_back(one.values[b]);
      }
      const auto tau = x.size() < 3 ? std::nullopt : base::kendall_tau(x, y);
      if (!tau) continue;
      sum += *tau;
      count += 1;
    }
  }
  return count > 0 ? std::optional(sum / count) : std::nullopt;
}

std::optional<double> tau_of_params(const Table& table, const std::vector<Scores>& all, bool maximize) {
  space::Counter counter(table.space(), table.space().input);
  std::vector<double> params, means;
  for (const Scores& one : all) {
    const auto counts = counter.count(table.genome(one.genome));
    if (!counts) return std::nullopt;
    params.push_back(static_cast<double>(maximize ? counts->params : -counts->params));
    means.push_back(base::mean(one.known()));
  }
  return params.size() < 3 ? std::nullopt : base::kendall_tau(params, means);
}

std::vector<Outlier> outliers_of(const std::vector<Scores>& all) {
  std::vector<double> off;
  for (const Scores& one : all) {
    const std::vector<double> known = one.known();
    if (known.size() < 3) continue;
    const double middle = median(known);
    for (const double value : known) {
      if (value != middle) off.push_back(std::abs(value - middle));
    }
  }
  std::vector<Outlier> list;
  if (off.empty()) return list;
  const double scatter = std::max(kMadToDeviation * median(off), 1e-300);
  for (const Scores& one : all) {
    const std::vector<double> known = one.known();
    if (known.size() < 3) continue;
    const double middle = median(known);
    for (std::size_t seed = 0; seed < one.values.size(); ++seed) {
      const double far = std::abs(one.values[seed] - middle) / scatter;
      if (far > kFar) list.push_back({one.rows[seed], one.values[seed], middle, far});
    }
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const Outlier& a, const Outlier& b) { return a.deviations > b.deviations; });
  list.resize(std::min(list.size(), kMostOutliers));
  return list;
}

CellCheck check_cell(const Table& table, std::size_t column, int task, int fidelity) {
  const Manifest& manifest = table.manifest();
  CellCheck check{.task = manifest.tasks[static_cast<std::size_t>(task)],
                  .fidelity = manifest.fidelities[static_cast<std::size_t>(fidelity)]};
  const std::vector<Scores> all = scores_of(table, column, task, fidelity);
  check.genomes = static_cast<std::int64_t>(all.size());
  std::vector<double> values;
  for (const Scores& one : all) {
    for (const double value : one.known()) values.push_back(value);
  }
  check.scores = static_cast<std::int64_t>(values.size());
  check.missing = table.genomes() * static_cast<std::int64_t>(manifest.seeds.size()) - check.scores;
  if (values.empty()) return check;
  check.mean = base::mean(values);
  check.least = *std::min_element(values.begin(), values.end());
  check.most = *std::max_element(values.begin(), values.end());
  if (std::any_of(all.begin(), all.end(), [](const Scores& one) { return one.varied(); }))
    check.seeds = CellCheck::Seeds{
        .within = 0, .reliability = 0, .reliability_of_mean = 0, .tau = tau_between_seeds(all, manifest.seeds.size())};
  set_variances(all, check);
  check.params_tau = tau_of_params(table, all, table.metric(column).maximize);
  check.outliers = outliers_of(all);
  return check;
}

}  // namespace

std::vector<CellCheck> check_table(const Table& table, const std::string& metric) {
  const std::size_t column = table.column(metric);
  if (table.metric(column).curve) throw base::Error("the metric is a curve: " + metric);
  std::vector<CellCheck> list;
  for (std::size_t task = 0; task < table.manifest().tasks.size(); ++task) {
    for (std::size_t fidelity = 0; fidelity < table.manifest().fidelities.size(); ++fidelity)
      list.push_back(check_cell(table, column, static_cast<int>(task), static_cast<int>(fidelity)));
  }
  return list;
}

base::Json to_json(const CellCheck& check) {
  base::Json value = {{"task", check.task},       {"fidelity", check.fidelity},
                      {"genomes", check.genomes}, {"scores", check.scores},
                      {"missing", check.missing}, {"mean", check.mean},
                      {"least", check.least},     {"most", check.most},
                      {"between", check.between}, {"outliers", base::Json::array()}};
  if (check.seeds) {
    value["within"] = check.seeds->within;
    value["reliability"] = check.seeds->reliability;
    value["reliability_of_mean"] = check.seeds->reliability_of_mean;
    if (check.seeds->tau) value["tau"] = *check.seeds->tau;
  }
  if (check.params_tau) value["params_tau"] = *check.params_tau;
  for (const Outlier& one : check.outliers)
    value["outliers"].push_back(
        {{"row", one.row}, {"value", one.value}, {"others", one.others}, {"deviations", one.deviations}});
  return value;
}

}  // namespace weft::bench
