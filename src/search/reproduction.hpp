// Published comparisons done again: methods with a paper's settings on a table, and what came out beside what was
// published or measured before.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/statistics.hpp"

namespace weft::search {

/// What others, or we before, have got.
struct Reference {
  std::string method, task;
  std::int64_t budget = 0;
  double fidelity = 0, mean = 0;
  std::optional<double> deviation;
  std::optional<int> runs;
  std::string kind, source;
};

/// What is to be compared: a file of nasbench/published/.
struct Recipe {
  std::string name, description, table, report, test_metric, unit;
  base::Json objective;
  std::vector<std::string> tasks;  ///< empty: all of the table's
  bool any_seed = false;
  int repetitions = 0;
  std::vector<std::int64_t> budgets;
  double reference_point = 1.1;
  base::Json methods;  ///< name → method, checked
  std::vector<Reference> references;

  /// Throws base::Error with the line.
  static Recipe load(const std::string& name);
};

enum class Verdict { agrees, differs, not_comparable };
std::string to_text(Verdict verdict);

/// One reference and what ours says of it.
struct Comparison {
  Reference reference;
  Verdict verdict = Verdict::not_comparable;
  std::string why;  ///< "another fidelity: 200 epochs", "not run here", "0.03 apart, 2.1 standard errors"
};

/// A method on a task after a number of evaluations.
struct ReproducedRow {
  std::string method, task;
  std::int64_t budget = 0;
  double mean = 0, deviation = 0;          ///< over repetitions, in the recipe's unit
  std::optional<base::Interval> interval;  ///< 95 % of the mean
  std::vector<Comparison> comparisons;
};

struct Reproduction {
  Recipe recipe;
  std::string table, fidelity;  ///< of the table; "12 epochs"
  bool only_test = false;
  int repetitions = 0;
  std::vector<ReproducedRow> rows;
  std::vector<Comparison> others;  ///< references of methods, budgets and tasks that were not run
  double seconds = 0;
  std::int64_t trials = 0;

  base::Json to_json() const;
};

/// Runs it on the table in `table` with as many repetitions (0: the recipe's) on all cores; `progress` hears what is
/// done of all. Throws base::Error where the table is of another mapping.
Reproduction reproduce(const Recipe& recipe, const base::fs::path& table, int repetitions, std::uint64_t seed,
                       const std::function<void(std::size_t done, std::size_t all)>& progress);

}  // namespace weft::search
