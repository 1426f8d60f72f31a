#include "evolve/objective.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace weft::evolve {
namespace {

using Costs = std::vector<std::vector<double>>;

// How many fronts must be taken off before each is undominated.
std::vector<int> fronts(const Costs& costs) {
  std::vector<int> front(costs.size(), -1);
  for (std::size_t left = costs.size(), level = 0; left > 0; ++level) {
    std::vector<std::size_t> now;
    for (std::size_t i = 0; i < costs.size(); ++i) {
      bool free = front[i] < 0;
      for (std::size_t j = 0; free && j < costs.size(); ++j) free = front[j] >= 0 || !dominates(costs[j], costs[i]);
      if (free) now.push_back(i);
    }
    for (const std::size_t i : now) front[i] = static_cast<int>(level);
    left -= now.size();
  }
  return front;
}

// Half the girth of the box between a point's neighbours in its front, in shares of what the front spans.
std::vector<double> crowding(const Costs& costs, const std::vector<int>& front) {
  std::vector<double> distance(costs.size(), 0);
  for (std::size_t goal = 0; !costs.empty() && goal < costs[0].size(); ++goal) {
    std::vector<std::size_t> order(costs.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return front[a] != front[b] ? front[a] < front[b] : costs[a][goal] < costs[b][goal];
    });
    const auto cost = [&](std::size_t place) { return costs[order[place]][goal]; };
    for (std::size_t first = 0, end = 0; first < order.size(); first = end) {
      while (end < order.size() && front[order[end]] == front[order[first]]) ++end;
      const double range = std::max(1e-300, cost(end - 1) - cost(first));
      for (std::size_t i = first + 1; i + 1 < end; ++i) distance[order[i]] += (cost(i + 1) - cost(i - 1)) / range;
      for (const std::size_t edge : {first, end - 1}) distance[order[edge]] = std::numeric_limits<double>::infinity();
    }
  }
  return distance;
}

}  // namespace

Objective Objective::from_json(const base::Json& checked) {
  Objective objective;
  const std::string kind = checked.begin().key();
  if (kind != "pareto") {
    objective.goals.push_back({checked.begin().value(), kind == "minimize"});
    return objective;
  }
  for (const base::Json& metric : checked.at("pareto")) {
    const auto name = metric.get<std::string>();
    objective.goals.push_back({name, !name.ends_with("accuracy")});
  }
  return objective;
}

std::optional<double> Objective::value(const journal::Outcome& outcome, const std::string& metric) {
  if (!outcome.ok()) return std::nullopt;
  for (const auto* values : {&outcome.metrics, &outcome.measured}) {
    if (const auto found = values->find(metric); found != values->end() && std::isfinite(found->second))
      return found->second;
  }
  return std::nullopt;
}

std::optional<std::vector<double>> Objective::costs(const journal::Outcome& outcome) const {
  std::vector<double> list;
  for (const Goal& goal : goals) {
    const auto found = value(outcome, goal.metric);
    if (!found) return std::nullopt;
    list.push_back(goal.minimize ? *found : -*found);
  }
  return list;
}

const journal::Trial* Objective::best_trial(const std::vector<journal::Trial>& trials) const {
  const journal::Trial* best = nullptr;
  double best_value = 0;
  for (const journal::Trial& trial : trials) {
    const auto found = trial.outcome ? value(*trial.outcome, first().metric) : std::nullopt;
    if (!found || (best != nullptr && !first().better(*found, best_value))) continue;
    best = &trial;
    best_value = *found;
  }
  return best;
}

bool dominates(const std::vector<double>& a, const std::vector<double>& b) {
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    better = better || a[i] < b[i];
  }
  return better;
}

std::vector<std::size_t> ranking(const Costs& costs) {
  std::vector<std::size_t> order(costs.size());
  std::iota(order.begin(), order.end(), 0U);
  if (costs.empty()) return order;
  if (costs[0].size() == 1) {
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return costs[a][0] < costs[b][0]; });
    return order;
  }
  const std::vector<int> front = fronts(costs);
  const std::vector<double> space = crowding(costs, front);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return front[a] != front[b] ? front[a] < front[b] : space[a] > space[b];
  });
  return order;
}

}  // namespace weft::evolve
