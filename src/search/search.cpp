#include "search/search.hpp"

#include <utility>

#include "base/error.hpp"

namespace weft::search {
namespace {

using evolve::Draft;
using journal::Trial;
using journal::TrialId;

// Asks for trial after trial; holds a draft back while there is no money for it yet.
class Asker {
 public:
  Asker(evolve::Proposer& proposer, const journal::Journal& journal, Limits& limits, std::uint64_t seed,
        const StopSigns& stop)
      : proposer_(proposer), journal_(journal), limits_(limits), seed_(seed), stop_(stop) {}

  TrialId next() const { return next_; }

  // The next draft, "wait" or "none". A trial that is in the journal was asked for under the limits of its time.
  Draft ask(std::size_t under_way) {
    const bool known = journal_.closed(next_);
    if (!known && stop_.gently.stop_requested()) return Draft::none();
    if (!held_.exists()) {
      const auto answer = known ? Limits::Answer::go : limits_.allow(next_, under_way);
      if (answer != Limits::Answer::go) return answer == Limits::Answer::wait ? Draft::waiting() : Draft::none();
      base::Random random(seed_, "trial", static_cast<std::uint64_t>(next_));
      held_ = proposer_.ask(next_, random);
    }
    if (!held_.exists()) return std::exchange(held_, Draft::none());
    const auto answer = known ? Limits::Answer::go : limits_.admit(next_, held_);
    if (answer != Limits::Answer::go) return answer == Limits::Answer::wait ? Draft::waiting() : Draft::none();
    limits_.reserve(next_, held_);
    return std::exchange(held_, Draft::none());
  }

  void taken() { ++next_; }

 private:
  evolve::Proposer& proposer_;
  const journal::Journal& journal_;
  Limits& limits_;
  std::uint64_t seed_;
  const StopSigns& stop_;
  TrialId next_ = 0;
  Draft held_ = Draft::none();
};

// Closes a trial for good; of one that is closed already, sees that it is the same again.
void close(Trial& trial, const std::string& key, const std::vector<Trial>& known, journal::Journal& journal) {
  const TrialId first = trial.outcome && !trial.outcome->transient ? journal.first_with(key) : -1;
  if (first >= 0 && first < trial.id) trial.duplicate_of = first;
  if (static_cast<std::size_t>(trial.id) >= known.size()) {
    journal.close(trial, key);
    return;
  }
  const Trial& before = known[static_cast<std::size_t>(trial.id)];
  if (before.proposal.id == trial.proposal.id && before.proposal.fidelity.budget == trial.proposal.fidelity.budget &&
      before.proposal.fidelity.replicate == trial.proposal.fidelity.replicate &&
      before.proposal.invalid == trial.proposal.invalid && before.duplicate_of == trial.duplicate_of)
    return;
  throw base::Error("trial " + std::to_string(trial.id) +
                        " comes out differently than it was journaled: the run was made by another version of weft, or "
                        "its journal was changed; it can be reported but not resumed",
                    journal.folder().string());
}

}  // namespace

std::string run_search(evolve::Proposer& proposer, Window& window, journal::Journal& journal, Limits& limits,
                       Progress& progress, std::uint64_t seed, const StopSigns& stop) {
  const std::vector<Trial> known = journal.trials();
  Asker asker(proposer, journal, limits, seed, stop);
  bool asking = true;
  while (asking || !window.empty()) {
    while (asking && window.has_room() && !window.broken()) {
      const Draft draft = asker.ask(window.under_way());
      if (draft.wait()) break;
      asking = draft.exists();
      if (!asking) break;
      window.start(asker.next(), draft);
      asker.taken();
    }
    if (window.empty()) {
      if (asking) throw base::internal_error("the method waits, but nothing is under way");
      break;
    }
    progress.update([&](Status& status) {
      status.under_way = static_cast<std::int64_t>(window.under_way());
      status.head_wait_s = window.head_wait_seconds();
    });
    auto finished = window.await_oldest(stop.at_once);
    if (!finished) return "stopped";
    close(finished->trial, finished->key, known, journal);
    proposer.tell(finished->trial);
    limits.learn(finished->trial);
    progress.learned(finished->trial, journal, static_cast<TrialId>(known.size()));
  }
  if (!limits.reached().empty()) return limits.reached();
  return stop.gently.stop_requested() ? "stopped" : "method";
}

}  // namespace weft::search
