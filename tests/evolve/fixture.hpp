// What tests of the methods share: a method with its options checked and its prompts read, a model that answers from a
// list, and a loop that asks, completes, scores and tells.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/schema.hpp"
#include "evolve/complete.hpp"
#include "evolve/proposer.hpp"
#include "space/decode.hpp"
#include "tests/support/trials.hpp"

namespace weft::evolve {

/// The method's options as an experiment would have them, with the schema's defaults.
inline base::Json options_of(const std::string& method, const std::string& options = "{}") {
  const base::Document document =
      base::parse_yaml("{space: s, evaluate: {count: {}}, objective: {minimize: m}, search: {method: {" + method +
                           ": " + options + "}}}",
                       "test.yaml");
  return base::check(base::load_schema("experiment"), document).at("search").at("method").at(method);
}

struct Made {
  space::Space space;
  Objective objective{{{"loss", true}}};
  bool samples = true, chat = true;
  base::Json probabilities = nullptr;  // of the method mixture

  explicit Made(const std::string& name = "gpt_nano") : space(space::Space::load(name)) {}
  Prompts prompts(const std::string& method) const {
    return load_prompts(traits_of(method).prompts, base::Json::object(), {});
  }
  std::unique_ptr<Proposer> proposer(const std::string& method, const std::string& options = "{}") const {
    return make_proposer({.name = method,
                          .options = options_of(method, options),
                          .space = &space,
                          .input = space.input,
                          .objective = objective,
                          .prompts = prompts(method),
                          .chat = chat,
                          .samples = samples,
                          .probabilities = probabilities});
  }
  std::string problem(const space::Genome& genome) const {
    const auto architecture = space::decode(space, genome, space.input);
    return architecture ? "" : architecture.error();
  }
};

/// A trial that a loop made of a draft.
struct Step {
  Draft draft;
  Trial trial;
};

/// The text of a draft: all that a method decides.
inline std::string text_of(const space::Space& space, const Draft& draft) {
  base::Json value = {{"kind", static_cast<int>(draft.kind)},
                      {"op", draft.lineage.op},
                      {"parents", draft.lineage.parents},
                      {"call", draft.lineage.call},
                      {"index", draft.lineage.index}};
  if (draft.kind == Draft::Kind::genome) value["genome"] = space::to_text(space, draft.genome);
  if (draft.call != nullptr) value["request"] = draft.call->request.to_json();
  return value.dump();
}

/// Asks, completes and tells with a window, without any thread. `finish` says what became of a trial.
class Loop {
 public:
  using Finish = std::function<Trial(TrialId, const Draft&)>;
  Loop(const Made& made, Proposer& proposer, std::size_t window, std::uint64_t seed, Finish finish)
      : made_(made), proposer_(proposer), window_(window), seed_(seed), finish_(std::move(finish)) {}

  /// Runs until `trials` are told or the method has no more. Returns what happened.
  const std::vector<Step>& run(TrialId trials) {
    while (true) {
      while (!exhausted_ && next_ < trials && open_.size() < window_) {
        base::Random random(seed_, "trial", static_cast<std::uint64_t>(next_));
        Draft draft = proposer_.ask(next_, random);
        if (draft.wait()) {
          EXPECT_FALSE(open_.empty()) << "waits though nothing is under way, before trial " << next_;
          break;
        }
        exhausted_ = !draft.exists();
        if (exhausted_) break;
        open_.push_back({draft, finish_(next_, draft)});
        ++next_;
      }
      if (open_.empty()) return steps_;
      proposer_.tell(open_.front().trial);
      steps_.push_back(std::move(open_.front()));
      open_.pop_front();
    }
  }
  bool exhausted() const { return exhausted_; }
  TrialId next() const { return next_; }

 private:
  const Made& made_;
  Proposer& proposer_;
  std::size_t window_;
  std::uint64_t seed_;
  Finish finish_;
  TrialId next_ = 0;
  bool exhausted_ = false;
  std::deque<Step> open_;
  std::vector<Step> steps_;
};

/// Outcomes and replies from a script: every `bad`-th of them is invalid, another failed, another without the metric.
/// Scores follow from the genome alone; a genome seen before is a duplicate.
class Script {
 public:
  explicit Script(const Made& made, int bad = 0)
      : made_(made), bad_(bad), replies_(test::replies_of(made.space, 40, 99)) {}

  Trial operator()(TrialId id, const Draft& draft) {
    Trial trial = proposed(id, draft);
    trial.proposal.lineage = draft.lineage;
    if (!trial.proposal.genome) return trial;
    const auto [first, fresh] = first_.try_emplace(trial.proposal.id, id);
    if (!fresh) trial.duplicate_of = first->second;
    if (fresh && bad_ > 0 && id % bad_ == 1)
      trial.outcome = journal::Outcome::failed("diverged", "as the script has it");
    if (fresh && bad_ > 0 && id % bad_ == 2) trial.outcome->metrics.clear();
    if (fresh && bad_ > 0 && id % bad_ == 3) trial.outcome->metrics["loss"] = std::nan("");
    if (!fresh) trial.outcome = outcomes_.at(trial.proposal.id);
    outcomes_[trial.proposal.id] = *trial.outcome;
    return trial;
  }

  static journal::Outcome score(const std::string& id) {
    const auto hash = base::hash64(id);
    return test::outcome_of({{"loss", 1 + static_cast<double>(hash % 1000) / 1000},
                             {"params", 1000 + static_cast<double>(hash / 1000 % 5000)}});
  }

 private:
  Trial proposed(TrialId id, const Draft& draft) {
    const auto complete = [&](space::Genome genome) {
      const std::string name = space::id(made_.space, genome);
      return test::trial_of(made_.space, id, std::move(genome), score(name));
    };
    if (draft.kind == Draft::Kind::genome) return complete(draft.genome);
    if (bad_ > 0 && id % bad_ == 0) return test::invalid_trial(id, "no genome in the reply", "Sorry, no.");
    const auto genome = space::from_reply(made_.space, replies_[static_cast<std::size_t>(id) % replies_.size()]);
    EXPECT_TRUE(genome.has_value()) << genome.error();
    return complete(*genome);
  }

  const Made& made_;
  int bad_;
  std::vector<std::string> replies_;
  std::map<std::string, TrialId> first_;
  std::map<std::string, journal::Outcome> outcomes_;
};

/// A model that answers with the next texts of a list, and remembers what it was asked.
class ScriptedModel : public llm::Provider {
 public:
  explicit ScriptedModel(std::vector<std::string> replies, int concurrency = 1) : replies_(std::move(replies)) {
    capabilities_.samples = true;
    capabilities_.concurrency = concurrency;
  }
  llm::Chat chat(const llm::ChatRequest& request, const llm::Occasion& occasion, llm::Deadline,
                 std::stop_token) override {
    const std::lock_guard lock(mutex_);
    requests.push_back(request);
    occasions.push_back(occasion);
    llm::ChatResult result{.replies = {}, .usage = {.prompt_tokens = 10, .completion_tokens = 5}, .model = "scripted"};
    for (int i = 0; i < request.samples; ++i) {
      if (next_ == replies_.size())
        return tl::unexpected(llm::ChatFailure{.reason = "no more replies", .permanent = true});
      result.replies.push_back({replies_[next_++], "stop"});
    }
    return result;
  }
  const llm::Capabilities& capabilities() const override { return capabilities_; }
  std::string name() const override { return "scripted"; }

  std::vector<llm::ChatRequest> requests;
  std::vector<llm::Occasion> occasions;

 private:
  std::mutex mutex_;
  llm::Capabilities capabilities_;
  std::vector<std::string> replies_;
  std::size_t next_ = 0;
};

}  // namespace weft::evolve
