// Searches on a table: a method asks, an instant evaluator answers, one trial after another in the caller's thread.
// Trials are those that run_search() has with a window of one; nothing is journaled but the best ones, and genomes stay
// packed, so that a million trials take about a second.
#pragma once

#include <vector>

#include "evaluate/evaluator.hpp"
#include "evolve/proposer.hpp"

namespace weft::search {

struct Simulation {
  const evolve::Method* method = nullptr;
  evaluate::Evaluator* evaluator = nullptr;  ///< an instant one: any thread may ask it
  bool keep_costs = false;                   ///< of every trial, for fronts
  std::vector<journal::TrialId> budgets;  ///< ascending: after so many trials the best is noted; the last one ends it
};

/// What one repetition came to.
struct Repetition {
  struct Best {
    journal::TrialId trial = -1;  ///< -1: none had a score
    evolve::Objective::Standing standing;
    space::Genome genome;
  };
  std::uint64_t seed = 0;
  std::vector<Best> best;                  ///< after each of the budgets
  std::vector<std::vector<double>> costs;  ///< of each trial, where they are kept; empty for one without scores
  journal::TrialId trials = 0;
  double simulated_s = 0;  ///< what the table says that the evaluations took
};

Repetition simulate(const Simulation& simulation, std::uint64_t seed);

/// Repetitions with the seeds first_seed, first_seed + 1, ...; on all cores.
std::vector<Repetition> simulate(const Simulation& simulation, std::uint64_t first_seed, int repetitions);

}  // namespace weft::search
