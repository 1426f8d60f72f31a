// Evaluators: genome and fidelity to outcome. They are made from a setup that can be written down, so that a worker
// process makes the same one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "journal/values.hpp"

namespace weft::evaluate {

/// One evaluation to be done. What it gives depends on nothing else.
struct Evaluation {
  std::string key;     ///< identity over genome, task, recipe, fidelity and seed
  std::string genome;  ///< canonical JSON
  journal::Fidelity fidelity;
  std::uint64_t seed = 0;
  std::string keep = {};  ///< a file that gets the trained weights, where the evaluator has any; empty: none

  base::Json to_json() const;
  static Evaluation from_json(const base::Json& value);
};

/// Everything an evaluator is made from.
struct Setup {
  base::Json space;     ///< Space::snapshot()
  base::Json task;      ///< the checked `task:`
  base::Json evaluate;  ///< the checked `evaluate:`: one key, the evaluator's name
  int threads = 1;      ///< of one evaluation
  std::string device = "cpu";

  std::string name() const { return evaluate.begin().key(); }
  base::Json to_json() const;
  static Setup from_json(const base::Json& value);
};

class Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// Never throws for what a genome does: that is a failed outcome.
  virtual journal::Outcome evaluate(const Evaluation& evaluation) = 0;
};

/// How an engine may run an evaluator: data, so that it need not know which one it is.
struct Traits {
  bool instant = false;  ///< microseconds, no state: in this process, on any thread
  bool trains = false;   ///< uses libtorch and the task's data: threads and devices are worth planning
  bool tests = false;    ///< has test scores, so that a winner is evaluated once more for them
};

/// The metrics and measures that the checked `evaluate:` gives for a task; empty where that is the user's program's
/// affair.
std::vector<std::string> metric_names(const base::Json& evaluate, space::Task task);

Traits traits_of(const std::string& name);
std::vector<std::string> evaluator_names();
std::unique_ptr<Evaluator> make_evaluator(const Setup& setup);

/// The input that the task's data feeds a network (reads the data where that is the way to know).
space::Input task_input(const Setup& setup);

/// SHA-256 of the task's data and a line about it; empty where the evaluator reads none.
struct DataInfo {
  std::string hash, description;
};
DataInfo describe_data(const Setup& setup);

/// Settings `auto` of the recipe, decided by measuring on this machine with the setup's threads: precision. The result
/// is `evaluate` with every auto replaced.
base::Json resolve_autos(const Setup& setup);

}  // namespace weft::evaluate
