#include "search/window.hpp"

#include <algorithm>
#include <chrono>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace weft::search {

Window::Window(Parts parts)
    : parts_(parts),
      size_(parts.experiment->checked.at("search").at("window")),
      instant_(parts.experiment->traits().instant) {}

void Window::start(journal::TrialId id, const evolve::Draft& draft) {
  slots_.push_back(std::make_unique<Slot>());
  Slot& slot = *slots_.back();
  slot.id = id;
  parts_.completer->start(id, draft, [this, &slot](evolve::Completed done) { completed(slot, std::move(done)); });
}

void Window::completed(Slot& slot, evolve::Completed done) {
  std::optional<journal::Outcome> known;
  std::string key;
  if (!done.failure && done.proposal.invalid.empty()) {
    key = evaluation_key(*parts_.experiment, done.proposal.id, done.proposal.fidelity);
    try {
      known = parts_.journal->outcome(key, slot.id);
    } catch (const base::Error& error) {
      done.failure = base::Error(error.what(), "", base::Fault::weft);
    }
  }
  const bool good = !done.failure && done.proposal.invalid.empty();
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    slot.proposal = std::move(done.proposal);
    slot.failure = std::move(done.failure);
    slot.key = key;
    slot.outcome = std::move(known);
    slot.ready = !good || slot.outcome.has_value();
    if (!slot.ready) {
      auto& waiting = in_flight_[key];
      waiting.push_back(&slot);
      first = waiting.size() == 1;
    }
    changed_.notify_all();
  }
  if (first) submit(slot);
}

void Window::submit(const Slot& slot) {
  const evaluate::Evaluation evaluation{.key = slot.key,
                                        .genome = slot.proposal.text,
                                        .fidelity = slot.proposal.fidelity,
                                        .seed = base::hash64(slot.key)};
  parts_.engine->submit(evaluation,
                        [this, key = slot.key](const journal::Outcome& outcome) { evaluated(key, outcome); });
}

void Window::evaluated(const std::string& key, const journal::Outcome& outcome) {
  Slot* again = nullptr;
  std::unique_lock lock(mutex_);
  auto& waiting = in_flight_.at(key);
  // What took microseconds is written when the trial is closed; what took seconds is kept at once.
  std::optional<base::Error> failure;
  if (!instant_) {
    const journal::TrialId by = waiting.front()->id;
    lock.unlock();
    try {
      parts_.journal->add_outcome(key, by, outcome);
    } catch (const base::Error& error) {
      // A full disk: thrown where the search waits for this trial.
      failure = base::Error(error.what(), "", base::Fault::weft);
    }
    lock.lock();
  }
  std::vector<Slot*> served = waiting;
  if (outcome.transient) served.resize(1);  // bad luck is nobody else's
  waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(served.size()));
  for (Slot* slot : served) {
    slot->outcome = outcome;
    slot->failure = failure;
    slot->ready = true;
  }
  if (waiting.empty()) {
    in_flight_.erase(key);
  } else {
    again = waiting.front();
  }
  changed_.notify_all();
  lock.unlock();
  if (again != nullptr) submit(*again);
}

bool Window::broken() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(slots_.begin(), slots_.end(), [](const auto& slot) { return slot->failure.has_value(); });
}

// Until the oldest is ready; time in which others were and it was not is head wait.
bool Window::wait_for_oldest(std::unique_lock<std::mutex>& lock, const std::stop_token& abandon) {
  const Slot& oldest = *slots_.front();
  const auto any_ready = [this] {
    return std::any_of(slots_.begin(), slots_.end(), [](const auto& slot) { return slot->ready; });
  };
  changed_.wait(lock, abandon, any_ready);
  const auto start = std::chrono::steady_clock::now();
  changed_.wait(lock, abandon, [&] { return oldest.ready; });
  head_wait_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return oldest.ready;
}

std::optional<Window::Finished> Window::await_oldest(const std::stop_token& abandon) {
  std::unique_lock lock(mutex_);
  if (!wait_for_oldest(lock, abandon)) return std::nullopt;
  if (slots_.front()->failure) {
    // What is being evaluated is finished and journaled before the run ends.
    changed_.wait(lock, abandon, [this] { return in_flight_.empty(); });
    throw base::Error(*slots_.front()->failure);
  }
  const std::unique_ptr<Slot> slot = std::move(slots_.front());
  slots_.pop_front();
  journal::Trial trial{
      .id = slot->id, .proposal = std::move(slot->proposal), .outcome = std::move(slot->outcome), .duplicate_of = -1};
  return Finished{std::move(trial), std::move(slot->key)};
}

}  // namespace weft::search
