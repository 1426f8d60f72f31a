#include "search/progress.hpp"

namespace weft::search {

void Progress::learned(const journal::Trial& trial, const journal::Journal& journal, journal::TrialId replayed) {
  const std::lock_guard lock(mutex_);
  ++status_.closed;
  status_.replayed = std::min<std::int64_t>(status_.closed, replayed);
  if (!trial.proposal.invalid.empty()) ++status_.invalid;
  if (trial.duplicate_of >= 0) ++status_.duplicates;
  if (trial.outcome && !trial.outcome->ok()) ++status_.failed;
  for (int attempt = 0; attempt <= trial.proposal.repairs; ++attempt) {
    const auto call = journal.call(trial.id, attempt);
    if (!call) continue;
    ++status_.calls;
    status_.prompt_tokens += call->usage.value("prompt_tokens", std::int64_t{0});
    status_.completion_tokens += call->usage.value("completion_tokens", std::int64_t{0});
    status_.usd += call->usd.value_or(0);
    status_.usd_known = status_.usd_known && call->usd.has_value();
  }
  const auto& goal = objective_.first();
  const auto value = trial.outcome ? evolve::Objective::value(*trial.outcome, goal.metric) : std::nullopt;
  if (value && (!status_.best || (goal.minimize ? *value < *status_.best : *value > *status_.best))) {
    status_.best = value;
    status_.best_trial = trial.id;
  }
}

}  // namespace weft::search
