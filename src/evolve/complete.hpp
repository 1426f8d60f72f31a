// Completes drafts in the background: calls the model, reads the replies, has them repaired. Several drafts may wait
// for one call.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "evolve/proposer.hpp"
#include "journal/journal.hpp"
#include "llm/chat.hpp"

namespace weft::evolve {

/// A proposal, or why there is none and the run has to stop: the model's server failed, which is the user's to mend, or
/// the journal did.
struct Completed {
  journal::Proposal proposal;
  std::optional<base::Error> failure = {};
};

/// Reads a genome for the space and the task: what is wrong with it, or nothing.
using Check = std::function<std::string(const space::Genome&)>;

class Completer {
 public:
  struct Options {
    const space::Space* space = nullptr;
    space::Input input = {};              ///< of the task
    llm::Provider* provider = nullptr;    ///< null where the method uses no model
    journal::Journal* journal = nullptr;  ///< has the replies of an earlier run of this search
    std::function<std::optional<double>(const llm::Usage&)> price;
    Prompts prompts;
    Check check;                   ///< limits and shapes; any thread
    int repairs = 1;               ///< replies asked for again, at most
    double timeout_seconds = 600;  ///< of one call, retries included
    bool chat = true;
    int max_tokens = 512;
  };
  using Done = std::function<void(Completed)>;

  explicit Completer(Options options);
  /// Stops calls that are under way; no `done` is called after.
  ~Completer();

  /// `done` is called once, from any thread, perhaps before start() returns.
  void start(TrialId id, const Draft& draft, Done done);
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A finished proposal of a genome that no model had to write. `draft` has the lineage and the fidelity.
journal::Proposal propose(const space::Space& space, const Check& check, const Draft& draft, space::Genome genome);

}  // namespace weft::evolve
