#include <fmt/format.h>

#include <map>

#include "base/text.hpp"
#include "evolve/proposers/all.hpp"
#include "evolve/typed.hpp"
#include "space/describe.hpp"

namespace weft::evolve::proposers {
namespace {

using base::Json;

constexpr std::size_t kShown = 10'000;  // bytes of an invalid reply that later calls hold

// Zheng et al. 2023: the space is described, the model proposes, it is told the score, and proposes again. Several
// independent conversations run side by side. An invalid or repeated proposal is answered with what is wrong with it
// (the original gives up there). With memory "list" each call holds every earlier result in one message; with "chat"
// the conversation grows.
class Genius : public Proposer {
 public:
  explicit Genius(const Method& method) : method_(method), space_(*method.space) {
    iterations_ = method.options.at("iterations");
    temperature_ = method.options.at("temperature");
    listing_ = method.options.at("memory") == "list";
    conversations_.resize(method.options.at("conversations").get<std::size_t>());
    description_ = space::describe(space_);
    constraint_ = constraint_for(space_, method.input);
  }

  Draft ask(TrialId id, base::Random& random) override {
    bool any = false;
    for (std::size_t i = 0; i < conversations_.size(); ++i) {
      Conversation& conversation = conversations_[i];
      if (conversation.asked == iterations_) continue;
      any = true;
      if (conversation.waiting) continue;
      conversation.waiting = true;
      ++conversation.asked;
      owner_[id] = i;
      return draft(id, conversation, random);
    }
    return any ? Draft::waiting() : Draft::none();
  }

  void tell(const Trial& trial) override {
    Conversation& conversation = conversations_[owner_.at(trial.id)];
    owner_.erase(trial.id);
    conversation.waiting = false;
    conversation.turns.push_back({trial.proposal.genome ? space::genome_form(space_, *trial.proposal.genome)
                                                        : base::shorten(trial.proposal.reply, kShown),
                                  answer(trial), trial.id});
  }

 private:
  struct Turn {
    std::string genome, answer;
    TrialId trial;
  };
  struct Conversation {
    int asked = 0;
    bool waiting = false;
    std::vector<Turn> turns;
  };

  std::string answer(const Trial& trial) const {
    const Objective::Goal& goal = method_.objective.first();
    if (!trial.proposal.invalid.empty()) return "is not valid: " + trial.proposal.invalid;
    if (!trial.outcome->ok()) return "could not be evaluated: " + trial.outcome->failure;
    const auto value = Objective::value(*trial.outcome, goal.metric);
    if (!value) return "has no " + goal.metric;
    const std::string again = trial.duplicate_of >= 0 ? " (it was proposed before; propose one that is new)" : "";
    return fmt::format("gives a {} of {:.4f}{}", goal.metric, *value, again);
  }

  Draft draft(TrialId id, const Conversation& conversation, base::Random& random) const {
    auto call = std::make_shared<PromptCall>();
    call->id = id;
    call->prompt_hash = method_.prompts.at("genius").hash();
    call->request = {.messages = messages(conversation),
                     .samples = 1,
                     .temperature = temperature_,
                     .max_tokens = method_.max_tokens,
                     .seed = random.next() >> 33U,
                     .stop = {},
                     .constraint = constraint_};
    std::vector<TrialId> parents;
    if (!conversation.turns.empty()) parents.push_back(conversation.turns.back().trial);
    return {.kind = Draft::Kind::call,
            .lineage = {.op = "genius", .parents = std::move(parents), .call = id, .index = 0},
            .genome = {},
            .call = std::move(call)};
  }

  std::vector<llm::Message> messages(const Conversation& conversation) const {
    const Objective::Goal& goal = method_.objective.first();
    Json data = {{"description", description_},
                 {"metric", goal.metric},
                 {"better", goal.minimize ? "lower" : "higher"},
                 {"program", space::program_gene(space_) >= 0},
                 {"first", conversation.turns.empty()},
                 {"history", Json::array()},
                 {"listing", listing_}};
    if (listing_) {
      for (const Turn& turn : conversation.turns)
        data["history"].push_back({{"genome", turn.genome}, {"answer", turn.answer}});
      return method_.prompts.at("genius").messages("genius", data);
    }
    std::vector<llm::Message> list = method_.prompts.at("genius").messages("genius", data);
    for (const Turn& turn : conversation.turns) {
      list.push_back({"assistant", turn.genome});
      list.push_back({"user", fmt::format("This architecture {}. Propose a better one.", turn.answer)});
    }
    return list;
  }

  Method method_;
  const space::Space& space_;
  int iterations_;
  double temperature_;
  bool listing_;
  std::string description_;
  llm::Constraint constraint_;
  std::vector<Conversation> conversations_;
  std::map<TrialId, std::size_t> owner_;
};

}  // namespace

std::unique_ptr<Proposer> genius(const Method& method) {
  return std::make_unique<Genius>(method);
}

}  // namespace weft::evolve::proposers
