#include "evolve/objective.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "evolve/pareto.hpp"

namespace weft::evolve {

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
  Standing best_standing;
  for (const journal::Trial& trial : trials) {
    const auto found = trial.outcome ? value(*trial.outcome, first().metric) : std::nullopt;
    if (!found) continue;
    const Standing standing{trial.proposal.fidelity.budget, *found};
    if (!ahead(standing, best_standing)) continue;
    best = &trial;
    best_standing = standing;
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

std::vector<std::size_t> ranking(const std::vector<std::vector<double>>& costs) {
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
