#include "search/limits.hpp"

#include <tuple>

#include "base/error.hpp"

namespace weft::search {

Limits::Limits(Budget budget, Price price, const journal::Journal& journal)
    : budget_(budget), price_(std::move(price)), journal_(journal) {
  if (budget_.usd && !price_(llm::Usage{})) {
    throw base::Error(
        "budget.usd cannot be kept: the model's price is not known; add it to models.yaml, or limit budget.tokens or "
        "budget.calls");
  }
}

// Whether `more` fits: never beyond the limit; where only reservations stand against it, later perhaps.
Limits::Answer Limits::fits(double learned, double reserved, double more, std::optional<double> limit,
                            const char* what) {
  if (!limit || learned + reserved + more <= *limit) return Answer::go;
  if (learned + more <= *limit) return Answer::wait;
  reached_ = what;
  return Answer::stop;
}

Limits::Answer Limits::allow(journal::TrialId next, std::size_t under_way) {
  if (budget_.trials && next >= *budget_.trials) {
    reached_ = "trials";
    return Answer::stop;
  }
  if (budget_.minutes && journal_.seconds() >= 60 * *budget_.minutes) {
    reached_ = "time";
    return Answer::stop;
  }
  if (budget_.simulated_hours && simulated_s_ >= 3600 * *budget_.simulated_hours) {
    reached_ = "simulated time";
    return Answer::stop;
  }
  return fits(evaluations_, static_cast<double>(under_way), 1, budget_.evaluations, "evaluations");
}

Limits::Answer Limits::admit(journal::TrialId id, const evolve::Draft& draft) {
  const Cost more = cost_of(id, draft);
  Cost open;
  for (const auto& [other, cost] : reserved_) {
    open.usd += cost.usd;
    open.tokens += cost.tokens;
    open.calls += cost.calls;
  }
  const auto budgets = {std::tuple(learned_.usd, open.usd, more.usd, budget_.usd, "money"),
                        std::tuple(learned_.tokens, open.tokens, more.tokens, budget_.tokens, "tokens"),
                        std::tuple(learned_.calls, open.calls, more.calls, budget_.calls, "calls")};
  Answer worst = Answer::go;
  for (const auto& [learned, reserved, cost, limit, what] : budgets) {
    const Answer answer = fits(learned, reserved, cost, limit, what);
    if (answer == Answer::stop) return answer;
    if (answer == Answer::wait) worst = answer;
  }
  return worst;
}

// A token is seldom shorter than three letters, and a reply may be as long as is allowed. The first draft carries the
// prompt; each may have to be repaired.
Limits::Cost Limits::cost_of(journal::TrialId id, const evolve::Draft& draft) const {
  if (draft.kind != evolve::Draft::Kind::call) return {};
  const bool first = draft.call->id == id;
  std::size_t letters = 0;
  for (const llm::Message& message : draft.call->request.messages) letters += message.text.size();
  llm::Usage usage;
  const auto prompt = static_cast<std::int64_t>(letters / 3);
  const std::int64_t reply = draft.call->request.max_tokens;
  usage.prompt_tokens = (first ? prompt : 0) + budget_.repairs * (prompt + reply);
  usage.completion_tokens = (1 + budget_.repairs) * reply;
  return {.usd = price_(usage).value_or(0),
          .tokens = static_cast<double>(usage.prompt_tokens + usage.completion_tokens),
          .calls = (first ? 1.0 : 0.0) + budget_.repairs};
}

void Limits::reserve(journal::TrialId id, const evolve::Draft& draft) {
  reserved_[id] = cost_of(id, draft);
}

void Limits::learn(const journal::Trial& trial) {
  reserved_.erase(trial.id);
  if (trial.fresh()) evaluations_ += trial.proposal.fidelity.budget;
  if (trial.fresh() && trial.outcome) {
    const auto spent = trial.outcome->metrics.find("simulated_s");
    if (spent != trial.outcome->metrics.end()) simulated_s_ += spent->second;
  }
  for (const journal::Call& call : journal_.calls_of(trial)) {
    const llm::Usage usage = llm::Usage::from_json(call.usage);
    learned_.usd += call.usd.value_or(0);
    learned_.tokens += static_cast<double>(usage.prompt_tokens + usage.completion_tokens);
    learned_.calls += 1;
  }
}

}  // namespace weft::search
