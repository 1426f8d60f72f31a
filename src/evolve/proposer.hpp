// A search method: ask for the next draft, be told what became of it. Deterministic: what ask() returns follows from
// the seed and from what was told before.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/random.hpp"
#include "evolve/objective.hpp"
#include "evolve/prompts.hpp"
#include "journal/values.hpp"
#include "llm/chat.hpp"

namespace weft::evolve {

using journal::Trial;
using journal::TrialId;

/// One model call, made for the trial that asks first; its replies serve several drafts.
struct PromptCall {
  TrialId id = 0;
  llm::ChatRequest request;
  std::string prompt_hash;  ///< of the template
};

/// What a method wants tried next: a genome, a reply still to be written, nothing yet, or nothing any more.
/// Self-contained.
struct Draft {
  enum class Kind { exhausted, wait, genome, call };
  Kind kind = Kind::exhausted;
  journal::Lineage lineage;
  space::Genome genome;
  std::shared_ptr<const PromptCall> call;
  journal::Fidelity fidelity = {};

  bool wait() const { return kind == Kind::wait; }
  bool exists() const { return kind == Kind::genome || kind == Kind::call; }
  static Draft waiting() { return {.kind = Kind::wait, .lineage = {}, .genome = {}, .call = {}}; }
  static Draft none() { return {}; }
  static Draft of(space::Genome genome, std::string op, std::vector<TrialId> parents = {});
};

class Proposer {
 public:
  virtual ~Proposer() = default;
  /// Called in the order of the trials, with the trial's own random stream. May change the method's state.
  virtual Draft ask(TrialId id, base::Random& random) = 0;
  /// Called in the order of the trials, once each.
  virtual void tell(const Trial& trial) = 0;
};

/// What every method is made from.
struct Method {
  std::string name;
  base::Json options;  ///< the checked options of the method
  const space::Space* space = nullptr;
  space::Input input = {};  ///< of the task
  Objective objective;
  Prompts prompts;      ///< by name, as the run's journal keeps them
  bool chat = true;     ///< whether the model answers messages; else it continues a text
  bool samples = true;  ///< whether one call may bring several replies
  int max_tokens = 512;
};

struct MethodTraits {
  bool uses_model = false;
  bool ends = false;                 ///< by itself: it needs no limit
  bool budgets = false;              ///< asks for evaluations at shares of the budget
  std::vector<std::string> prompts;  ///< templates it needs
};

MethodTraits traits_of(const std::string& method);
std::vector<std::string> method_names();
std::unique_ptr<Proposer> make_proposer(const Method& method);

}  // namespace weft::evolve
