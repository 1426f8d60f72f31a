// Evaluators: genome and fidelity to outcome. They are made from a setup that can be written down, so that a worker
// process makes the same one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "journal/values.hpp"

namespace weft::evaluate {

/// One evaluation to be done. What it gives depends on nothing else. Where `packed` is given, key and genome may be
/// empty.
struct Evaluation {
  std::string key;     ///< identity over genome, task, recipe, fidelity and seed
  std::string genome;  ///< canonical JSON
  journal::Fidelity fidelity;
  std::uint64_t seed = 0;
  const space::Genome* packed = nullptr;  ///< the genome itself, where the caller is in this process and has it
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
  base::Json whole = nullptr;  ///< the `evaluate:` that this one is a stage of; null where it is none

  std::string name() const { return evaluate.begin().key(); }
  const base::Json& options() const { return evaluate.begin().value(); }
  base::Json to_json() const;
  static Setup from_json(const base::Json& value);
};

class Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// Never throws for what a genome does: that is a failed outcome.
  virtual journal::Outcome evaluate(const Evaluation& evaluation) = 0;
};

/// An evaluator that an `evaluate:` names, and where: itself, or one for each stage of a cascade.
struct Stage {
  std::string where;                       ///< a JSON pointer into `evaluate`: "", or "/cascade/0"
  base::Json evaluate;                     ///< one key, the evaluator's name
  base::Json keep = base::Json::object();  ///< a stage's thresholds

  std::string name() const { return evaluate.begin().key(); }
  const base::Json& options() const { return evaluate.begin().value(); }
};
std::vector<Stage> stages_of(const base::Json& evaluate);
/// Where a stage's options have recipes of training, as JSON pointers into them: "" for train, "/finetune", ...
std::vector<std::string> recipes_of(const Stage& stage);

/// How an engine may run an evaluator: data, so that it need not know which one it is.
struct Traits {
  bool instant = false;   ///< microseconds, no state: in this process, on any thread
  bool trains = false;    ///< uses libtorch and the task's data
  bool computes = false;  ///< uses libtorch: threads and devices are worth planning
  bool budgets = false;   ///< can evaluate at a share of its budget
  bool tests = false;     ///< has test scores, so that a winner is evaluated once more for them
};

/// Of a checked `evaluate:`; a cascade's follow from its stages.
Traits traits_of(const base::Json& evaluate);
/// The metrics and measures that it gives for a task; empty where that is a user's program's affair.
std::vector<std::string> metric_names(const base::Json& evaluate, space::Task task);
/// Seconds that one evaluation may take by its own limits; 0: it has none.
double time_limit(const base::Json& evaluate);

std::vector<std::string> evaluator_names();
/// The zero-cost proxies that the evaluator `proxy` knows.
std::vector<std::string> proxy_names();
std::unique_ptr<Evaluator> make_evaluator(const Setup& setup);

/// The genomes that a search is confined to, where a table holds a sample of the space; empty: any of the space.
std::vector<space::Genome> listed_genomes(const Setup& setup);

/// The input that the task's data feeds a network (reads the data where that is the way to know).
space::Input task_input(const Setup& setup);

/// SHA-256 of the task's data and a line about it; empty where the evaluator reads none.
struct DataInfo {
  std::string hash, description;
};
DataInfo describe_data(const Setup& setup);

/// Settings `auto` of the recipes, decided by measuring on this machine with the setup's threads: precision. The result
/// is `evaluate` with every auto replaced.
base::Json resolve_autos(const Setup& setup);

}  // namespace weft::evaluate
