// What a run has come to, for whoever watches it. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "evolve/objective.hpp"
#include "journal/journal.hpp"

namespace weft::search {

struct Status {
  std::int64_t closed = 0, replayed = 0;  ///< trials learned, and how many of them an earlier session had
  std::int64_t invalid = 0, duplicates = 0, failed = 0;
  std::int64_t under_way = 0;
  std::optional<double> best;  ///< of the first goal
  journal::TrialId best_trial = -1;
  std::int64_t prompt_tokens = 0, completion_tokens = 0, calls = 0;
  double usd = 0;
  bool usd_known = true;
  double spent_s = 0;        ///< by earlier sessions
  double head_wait_s = 0;    ///< spent waiting for the oldest trial while others were done
  double supernet_used = 0;  ///< share of its budget that the training of the run's supernet has used
  double supernet_loss = 0;  ///< of the sub-network that it trained last
  std::int64_t supernet_step = 0;
  std::vector<std::string> news;   ///< lines for whoever watches, since the session began
  std::string phase = "starting";  ///< starting, supernet, searching, finishing, testing, done
};

class Progress {
 public:
  explicit Progress(evolve::Objective objective) : objective_(std::move(objective)) {}

  /// A trial was learned; the first `replayed` of them are an earlier session's.
  void learned(const journal::Trial& trial, const journal::Journal& journal, journal::TrialId replayed);
  Status snapshot() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }
  template <class Change>
  void update(Change change) {
    const std::lock_guard lock(mutex_);
    change(status_);
  }

 private:
  evolve::Objective objective_;
  mutable std::mutex mutex_;
  Status status_;
  evolve::Objective::Standing best_;
};

}  // namespace weft::search
