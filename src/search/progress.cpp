#include "search/progress.hpp"

#include "llm/chat.hpp"

namespace weft::search {

void Progress::learned(const journal::Trial& trial, const journal::Journal& journal, journal::TrialId replayed) {
  const std::lock_guard lock(mutex_);
  ++status_.closed;
  status_.replayed = std::min<std::int64_t>(status_.closed, replayed);
  if (!trial.proposal.invalid.empty()) ++status_.invalid;
  if (trial.duplicate_of >= 0) ++status_.duplicates;
  if (trial.outcome && !trial.outcome->ok()) ++status_.failed;
  for (const journal::Call& call : journal.calls_of(trial)) {
    ++status_.calls;
    const auto usage = llm::Usage::from_json(call.usage);
    status_.prompt_tokens += usage.prompt_tokens;
    status_.completion_tokens += usage.completion_tokens;
    status_.usd += call.usd.value_or(0);
    status_.usd_known = status_.usd_known && call.usd.has_value();
  }
  const auto value = trial.outcome ? evolve::Objective::value(*trial.outcome, objective_.first().metric) : std::nullopt;
  if (!value || !objective_.ahead({trial.proposal.fidelity.budget, *value}, best_)) return;
  best_ = {trial.proposal.fidelity.budget, *value};
  status_.best = value;
  status_.best_trial = trial.id;
}

}  // namespace weft::search
