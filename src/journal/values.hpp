// The values that a run is made of: proposals, outcomes, trials. Plain data; everything stored of them is in the
// journal.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "space/space.hpp"

namespace weft::journal {

using TrialId = std::int64_t;

/// How much an evaluation costs: the share of the recipe's budget, and whether test scores are taken; and which of
/// several evaluations of the same genome it is, each with a seed of its own.
struct Fidelity {
  double budget = 1;
  bool test = false;
  int replicate = 0;
};

/// Where a genome comes from.
struct Lineage {
  std::string op;  ///< sample, mutate, cross_over, evoprompting, ...
  std::vector<TrialId> parents;
  TrialId call = -1;  ///< the first trial of the model call that wrote it; -1: no model did
  int index = 0;      ///< which of that call's replies
};

/// A genome, or why there is none.
struct Proposal {
  Lineage lineage;
  Fidelity fidelity;  ///< at which it is to be evaluated
  std::optional<space::Genome> genome;
  std::string text;  ///< canonical JSON
  std::string id;
  std::string invalid;  ///< why the replies gave no genome, or the genome no architecture
  std::string reply;    ///< what the model wrote; the journal keeps it with the call
  int repairs = 0;      ///< replies asked for again
};

/// What an evaluator says of a genome at one fidelity. Names end in their unit where they have one (train_s,
/// memory_bytes).
struct Outcome {
  std::string failure;     ///< empty, or one word: diverged, out_of_memory, time_limit, crashed, refused,
                           ///< threshold (then what was known of it is in the metrics)
  std::string detail;      ///< one line about a failure
  bool transient = false;  ///< might go well another time
  std::map<std::string, double> metrics;   ///< determined by the evaluation's key
  std::map<std::string, double> measured;  ///< time, memory, energy: of this one run
  std::map<std::string, double> test;      ///< sealed: told to no proposer and no prompt
  base::Json curve = base::Json::array();  ///< [{"step": 10, "tokens": 20480, "train_loss": 5.1, "val_loss": 5.0}, ...]

  bool ok() const { return failure.empty(); }
  base::Json to_json() const;
  static Outcome from_json(const base::Json& value);
  static Outcome failed(std::string failure, std::string detail, bool transient = false);
};

/// A numbered proposal and what became of it.
struct Trial {
  TrialId id = 0;
  Proposal proposal;
  std::optional<Outcome> outcome;  ///< none for an invalid proposal
  TrialId duplicate_of = -1;       ///< the earlier trial with the same evaluation
  double closed_s = 0;             ///< when it was learned, by Journal::seconds()
  bool fresh() const { return outcome.has_value() && duplicate_of < 0; }
};

}  // namespace weft::journal
