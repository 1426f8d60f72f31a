// What is better: one metric, or a Pareto front of several.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "journal/values.hpp"

namespace weft::evolve {

struct Objective {
  struct Goal {
    std::string metric;
    bool minimize = true;

    bool better(double a, double b) const { return minimize ? a < b : a > b; }
  };
  std::vector<Goal> goals;  ///< one, or several for a Pareto front; the first is the one that plots and prompts show

  /// {"minimize": "val_loss"}, {"maximize": "val_accuracy"} or {"pareto": ["val_loss", "params"]} (what ends
  /// in "accuracy" is maximised, all else minimised).
  static Objective from_json(const base::Json& checked);

  /// The metric of an outcome, whether determined or measured; nothing where it has none or failed.
  static std::optional<double> value(const journal::Outcome& outcome, const std::string& metric);
  /// All goals as numbers to be minimised; nothing where one is missing.
  std::optional<std::vector<double>> costs(const journal::Outcome& outcome) const;
  const Goal& first() const { return goals.front(); }
  /// What a trial stands by: its share of the budget (of none: 0), and its value of the first goal.
  struct Standing {
    double budget = 0, value = 0;
  };
  /// Whether a is better: of a larger share, or of the same and with a better value.
  bool ahead(Standing a, Standing b) const {
    return a.budget > b.budget || (a.budget == b.budget && first().better(a.value, b.value));
  }
  /// The earliest of the trials with the best value of the first goal, of those at the highest fidelity; null where
  /// none has one.
  const journal::Trial* best_trial(const std::vector<journal::Trial>& trials) const;
};

/// Order of a population from best to worst: by the one goal; or by non-domination, and within a front by crowding
/// distance (NSGA-II; Deb et al. 2002). Ties keep their order. `costs` are of equal length.
std::vector<std::size_t> ranking(const std::vector<std::vector<double>>& costs);

/// Whether a is at least as good in all and better in one.
bool dominates(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace weft::evolve
