#include "search/simulation.hpp"

#include <tbb/parallel_for.h>

namespace weft::search {

using journal::Trial;
using journal::TrialId;

Repetition simulate(const Simulation& simulation, std::uint64_t seed) {
  const std::unique_ptr<evolve::Proposer> proposer = evolve::make_proposer(*simulation.method);
  const evolve::Objective& objective = simulation.method->objective;
  Repetition done{.seed = seed};
  Repetition::Best best;
  Trial trial;
  for (const TrialId budget : simulation.budgets) {
    for (bool asking = true; asking && done.trials < budget;) {
      base::Random random(seed, "trial", static_cast<std::uint64_t>(done.trials));
      evolve::Draft draft = proposer->ask(done.trials, random);
      asking = draft.kind == evolve::Draft::Kind::genome;
      if (!asking) break;
      trial.id = done.trials++;
      trial.proposal.lineage = std::move(draft.lineage);
      trial.proposal.fidelity = draft.fidelity;
      trial.proposal.genome = std::move(draft.genome);
      trial.outcome = simulation.evaluator->evaluate(
          {.key = {}, .genome = {}, .fidelity = draft.fidelity, .seed = seed, .packed = &*trial.proposal.genome});
      const auto value = evolve::Objective::value(*trial.outcome, objective.first().metric);
      if (const auto cost = trial.outcome->metrics.find("simulated_s"); cost != trial.outcome->metrics.end())
        done.simulated_s += cost->second;
      if (value && objective.ahead({draft.fidelity.budget, *value}, best.standing))
        best = {trial.id, {draft.fidelity.budget, *value}, *trial.proposal.genome};
      if (simulation.keep_costs) done.costs.push_back(objective.costs(*trial.outcome).value_or(std::vector<double>{}));
      proposer->tell(trial);
    }
    done.best.push_back(best);
  }
  return done;
}

std::vector<Repetition> simulate(const Simulation& simulation, std::uint64_t first_seed, int repetitions) {
  std::vector<Repetition> all(static_cast<std::size_t>(repetitions));
  tbb::parallel_for(std::size_t{0}, all.size(), [&](std::size_t i) { all[i] = simulate(simulation, first_seed + i); });
  return all;
}

}  // namespace weft::search
