#include "base/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weft::base {
namespace {

void check(Numbers values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]))
      throw Error("value " + std::to_string(i + 1) + " is " + number_text(values[i]) + "; expected a finite number");
  }
}

void check(Numbers x, Numbers y) {
  if (x.size() != y.size())
    throw Error("there are " + std::to_string(x.size()) + " and " + std::to_string(y.size()) +
                " values; expected two lists of one length");
  check(x);
  check(y);
}

void check_not_empty(Numbers values) {
  if (values.empty()) throw Error("there is no value; expected at least one");
  check(values);
}

void check_share(double share) {
  if (!(share >= 0 && share <= 1)) throw Error("the share is " + number_text(share) + "; expected 0 to 1");
}

template <class Less>
std::vector<std::size_t> sorted_places(std::size_t count, const Less& less) {
  std::vector<std::size_t> places(count);
  std::iota(places.begin(), places.end(), 0);
  std::stable_sort(places.begin(), places.end(), less);
  return places;
}

double pairs(double count) {
  return count * (count - 1) / 2;
}

// Pairs within runs of equal neighbours.
template <class Equal>
double tied_pairs(std::size_t count, const Equal& equal) {
  double tied = 0;
  for (std::size_t i = 0, end = 0; i < count; i = end) {
    for (end = i + 1; end < count && equal(i, end);) ++end;
    tied += pairs(static_cast<double>(end - i));
  }
  return tied;
}

// Sorts values[first, last) and returns how many of its pairs stood in the wrong order.
double sort_counting(std::vector<double>& values, std::vector<double>& room, std::size_t first, std::size_t last) {
  if (last - first < 2) return 0;
  const std::size_t middle = first + (last - first) / 2;
  double swaps = sort_counting(values, room, first, middle) + sort_counting(values, room, middle, last);
  std::size_t left = first, right = middle;
  for (std::size_t to = first; to < last; ++to) {
    const bool from_right = left == middle || (right < last && values[right] < values[left]);
    if (from_right) swaps += static_cast<double>(middle - left);
    room[to] = values[from_right ? right++ : left++];
  }
  std::copy(room.begin() + static_cast<std::ptrdiff_t>(first), room.begin() + static_cast<std::ptrdiff_t>(last),
            values.begin() + static_cast<std::ptrdiff_t>(first));
  return swaps;
}

// Distances from the mean over the largest of them, so that no square leaves a double's range; empty for a constant.
std::vector<double> deviations(Numbers values) {
  const auto differs = [&](double value) { return value != values[0]; };
  if (std::none_of(values.begin(), values.end(), differs)) return {};
  const double middle = mean(values);
  std::vector<double> distances;
  double largest = 0;
  for (const double value : values) {
    distances.push_back(value - middle);
    largest = std::max(largest, std::abs(distances.back()));
  }
  for (double& distance : distances) distance /= largest;
  return distances;
}

// The share of Student's distribution within ±√df · tan(angle) (Abramowitz, Stegun 1964, 26.7.3 and 26.7.4).
double t_share(double angle, std::size_t df) {
  const double cosine = std::cos(angle), square = cosine * cosine;
  const bool odd = df % 2 == 1;
  double term = odd ? cosine : 1, sum = df == 1 ? 0 : term;
  for (std::size_t k = odd ? 3 : 2; k < df; k += 2) {
    term *= square * static_cast<double>(k - 1) / static_cast<double>(k);
    sum += term;
  }
  const double share = std::sin(angle) * sum;
  return odd ? (angle + share) * 2 / std::numbers::pi : share;
}

// The t within whose ± the share `level` lies.
double t_bound(double level, std::size_t df) {
  double low = 0, high = std::numbers::pi / 2;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (t_share(middle, df) < level ? low : high) = middle;
  }
  return std::sqrt(static_cast<double>(df)) * std::tan(low);
}

}  // namespace

std::optional<double> kendall_tau(Numbers x, Numbers y) {
  check(x, y);
  const auto order =
      sorted_places(x.size(), [&](std::size_t a, std::size_t b) { return x[a] != x[b] ? x[a] < x[b] : y[a] < y[b]; });
  const auto same_x = [&](std::size_t a, std::size_t b) { return x[order[a]] == x[order[b]]; };
  const double tied_x = tied_pairs(x.size(), same_x),
               tied_both = tied_pairs(
                   x.size(), [&](std::size_t a, std::size_t b) { return same_x(a, b) && y[order[a]] == y[order[b]]; });
  std::vector<double> sorted, room(y.size());
  sorted.reserve(y.size());
  for (const std::size_t place : order) sorted.push_back(y[place]);
  const double swaps = sort_counting(sorted, room, 0, sorted.size());
  const double tied_y = tied_pairs(y.size(), [&](std::size_t a, std::size_t b) { return sorted[a] == sorted[b]; });
  const double all = pairs(static_cast<double>(x.size()));
  if (all == tied_x || all == tied_y) return std::nullopt;
  return (all - tied_x - tied_y + tied_both - 2 * swaps) / std::sqrt(all - tied_x) / std::sqrt(all - tied_y);
}

std::optional<double> pearson(Numbers x, Numbers y) {
  check(x, y);
  const std::vector<double> left = deviations(x), right = deviations(y);
  if (left.empty() || right.empty()) return std::nullopt;
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += left[i] * left[i];
    yy += right[i] * right[i];
    xy += left[i] * right[i];
  }
  return std::clamp(xy / std::sqrt(xx * yy), -1.0, 1.0);
}

std::vector<double> average_ranks(Numbers values) {
  check(values);
  const auto order = sorted_places(values.size(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0, end = 0; i < order.size(); i = end) {
    for (end = i + 1; end < order.size() && values[order[end]] == values[order[i]];) ++end;
    for (std::size_t j = i; j < end; ++j) ranks[order[j]] = static_cast<double>(i + 1 + end) / 2;
  }
  return ranks;
}

std::optional<double> spearman_rho(Numbers x, Numbers y) {
  check(x, y);
  return pearson(average_ranks(x), average_ranks(y));
}

double top_k_regret(Numbers predicted, Numbers truth, std::size_t k) {
  check(predicted, truth);
  if (k < 1 || k > truth.size())
    throw Error("k is " + std::to_string(k) + "; expected 1 to " + std::to_string(truth.size()));
  std::vector<double> order(predicted.begin(), predicted.end()), tied;
  std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k - 1), order.end());
  const double last = order[k - 1];
  double kept = HUGE_VAL;  // the best before those that share the k-th place
  auto places = static_cast<double>(k);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (predicted[i] == last) tied.push_back(truth[i]);
    if (predicted[i] >= last) continue;
    kept = std::min(kept, truth[i]);
    --places;
  }
  std::sort(tied.begin(), tied.end());
  // Of the tied, from the best on: the chance that it is taken and none before it is.
  double expected = 0, none_yet = 1;
  auto left = static_cast<double>(tied.size());
  for (std::size_t i = 0; i < tied.size() && none_yet > 0; ++i, --left) {
    const double chance = std::min(1.0, places / left);
    expected += none_yet * chance * std::min(kept, tied[i]);
    none_yet *= 1 - chance;
  }
  return expected - *std::min_element(truth.begin(), truth.end());
}

double mean(Numbers values) {
  check_not_empty(values);
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double quantile(std::vector<double> values, double p) {
  check_not_empty(values);
  check_share(p);
  std::sort(values.begin(), values.end());
  const double place = p * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const double next = values[std::min(below + 1, values.size() - 1)];
  return values[below] + (place - std::floor(place)) * (next - values[below]);
}

Interval percentile_interval(const std::vector<double>& draws, double level) {
  check_share(level);
  return {quantile(draws, (1 - level) / 2), quantile(draws, (1 + level) / 2)};
}

std::optional<Interval> t_interval(Numbers values, double level) {
  check(values);
  check_share(level);
  if (values.size() < 2) return std::nullopt;
  const double middle = mean(values), df = static_cast<double>(values.size()) - 1;
  double squares = 0;
  for (const double value : values) squares += (value - middle) * (value - middle);
  const double error = std::sqrt(squares / df / static_cast<double>(values.size()));
  const double reach = t_bound(level, values.size() - 1) * error;
  return Interval{middle - reach, middle + reach};
}

Resample resample(const std::vector<std::vector<double>>& table, Random& random) {
  Resample drawn;
  drawn.rows.reserve(table.size());
  drawn.means.reserve(table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::size_t row = random.below(table.size());
    double sum = 0;
    for (std::size_t j = 0; j < table[row].size(); ++j) sum += random.pick(table[row]);
    drawn.rows.push_back(row);
    drawn.means.push_back(sum / static_cast<double>(table[row].size()));
  }
  return drawn;
}

}  // namespace weft::base
