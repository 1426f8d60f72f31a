// The trials under way: drafted, being completed, being evaluated, done but not yet learned. Learned in the order of
// asking. start() and await_oldest() belong to the search's thread; what happens between them happens on any.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "evaluate/engine.hpp"
#include "evolve/complete.hpp"
#include "search/experiment.hpp"

namespace weft::search {

class Window {
 public:
  struct Parts {
    const Experiment* experiment = nullptr;
    evolve::Completer* completer = nullptr;
    evaluate::Engine* engine = nullptr;
    journal::Journal* journal = nullptr;
  };
  explicit Window(Parts parts);

  bool has_room() const { return slots_.size() < size_; }
  bool empty() const { return slots_.empty(); }
  std::size_t under_way() const { return slots_.size(); }

  void start(journal::TrialId id, const evolve::Draft& draft);

  /// A finished trial, with the key of its evaluation (empty where there was none).
  struct Finished {
    journal::Trial trial;
    std::string key;
  };
  /// Waits for the oldest trial. Nothing once `abandon` is requested. Throws Error where the language model's server or
  /// the journal failed.
  std::optional<Finished> await_oldest(const std::stop_token& abandon);

  /// Whether the language model's server or the journal failed for a trial: nothing more should be asked for.
  bool broken() const;
  /// Seconds spent waiting for the oldest trial while a later one was ready.
  double head_wait_seconds() const { return head_wait_s_; }

 private:
  struct Slot {
    journal::TrialId id = 0;
    journal::Proposal proposal;
    std::string key;
    std::optional<base::Error> failure;
    std::optional<journal::Outcome> outcome;
    bool ready = false;
  };
  void completed(Slot& slot, evolve::Completed done);
  void evaluated(const std::string& key, const journal::Outcome& outcome);
  void submit(const Slot& slot);
  bool wait_for_oldest(std::unique_lock<std::mutex>& lock, const std::stop_token& abandon);

  Parts parts_;
  std::size_t size_;
  bool instant_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::unique_ptr<Slot>> slots_;
  std::map<std::string, std::vector<Slot*>> in_flight_;  // one evaluation a key; the first slot asked for it
  double head_wait_s_ = 0;
};

}  // namespace weft::search
