// What stops the asking: trials, evaluations, time, money. Counted from what was learned, with a reservation for what
// is under way, so that where a run stops does not depend on who was faster (but for the clock's limit).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "evolve/proposer.hpp"
#include "journal/journal.hpp"
#include "search/experiment.hpp"

namespace weft::search {

class Limits {
 public:
  enum class Answer { go, wait, stop };

  /// What a usage costs, nothing where the model's price is not known.
  using Price = std::function<std::optional<double>(const llm::Usage&)>;

  /// The journal has the clock and the calls. Throws Error where a limit on money cannot be kept.
  Limits(Budget budget, Price price, const journal::Journal& journal);

  /// Whether trial `next` may be asked for with `under_way` trials open.
  Answer allow(journal::TrialId next, std::size_t under_way);
  /// Whether a draft may be taken: what it may cost at most fits beside what was spent and what is reserved.
  Answer admit(journal::TrialId id, const evolve::Draft& draft);
  /// A draft was taken: it reserves its share of its call.
  void reserve(journal::TrialId id, const evolve::Draft& draft);
  /// A trial was learned: what it really cost takes the place of the reservation.
  void learn(const journal::Trial& trial);

  /// Which limit ended the run, in words; empty while none did.
  std::string reached() const { return reached_; }

 private:
  struct Cost {
    double usd = 0, tokens = 0, calls = 0;
  };
  Cost cost_of(journal::TrialId id, const evolve::Draft& draft) const;
  Answer fits(double learned, double reserved, double more, std::optional<double> limit, const char* what);

  Budget budget_;
  Price price_;
  const journal::Journal& journal_;
  double simulated_s_ = 0;
  double evaluations_ = 0;  // one at a share of the budget counts as that share
  Cost learned_;
  std::map<journal::TrialId, Cost> reserved_;
  std::string reached_;
};

}  // namespace weft::search
