#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "evolve/proposers/all.hpp"
#include "evolve/typed.hpp"
#include "space/describe.hpp"
#include "space/vary.hpp"

namespace weft::evolve::proposers {
namespace {

using base::Json;

// Chen, Dohan, So 2023, algorithm 1, without prompt tuning. A round is m prompts of n samples each; survivors of all
// that was told become the next round's parents and, unless `elitist`, leave the pool. Asked ahead, a round starts from
// what is known then; with `synchronous` it waits for the last child of the round before, as the paper has it.
class EvoPrompting : public Proposer {
 public:
  explicit EvoPrompting(const Method& method) : method_(method), space_(*method.space) {
    const Json& o = method.options;
    initial_ = o.at("initial");
    survivors_ = o.at("survivors");
    prompts_ = o.at("prompts");
    samples_ = o.at("samples");
    shown_ = o.at("parents");
    target_score_ = o.at("target_score");
    target_size_ = o.at("target_size");
    by_product_ = o.at("fitness") == "product";
    synchronous_ = o.at("synchronous");
    elitist_ = o.at("elitist");
    temperatures_ = o.at("temperatures").get<std::vector<double>>();
    description_ = space::describe(space_);
    constraint_ = constraint_for(space_, method.input);
  }

  Draft ask(TrialId id, base::Random& random) override {
    if (id < initial_) return initial(id, random);
    if (call_ == nullptr || next_ == samples_) {
      if (made_ % prompts_ == 0 && !start_round(id))
        return lacks_parents(id) ? Draft::of(space::sample(space_, random), "sample") : Draft::waiting();
      start_call(id, random);
    } else if (!method_.samples) {
      repeat_call(id);
    }
    Draft draft{
        .kind = Draft::Kind::call,
        .lineage = {.op = "evoprompting", .parents = chosen_, .call = call_->id, .index = method_.samples ? next_ : 0},
        .genome = {},
        .call = call_};
    ++next_;
    return draft;
  }

  void tell(const Trial& trial) override {
    ++told_;
    if (!trial.fresh()) return;  // duplicates and failures get no score, but count
    const auto costs = method_.objective.costs(*trial.outcome);
    if (!costs) return;
    const auto params = Objective::value(*trial.outcome, "params");
    pool_.push_back({trial.id, *trial.proposal.genome, *trial.outcome,
                     by_product_ && params ? std::vector{*params * error(costs->front())} : *costs});
  }

 private:
  struct Member {
    TrialId trial;
    space::Genome genome;
    journal::Outcome outcome;
    std::vector<double> costs;
  };

  // What is multiplied with the size: a loss as it is, of an accuracy what it lacks of 1.
  double error(double cost) const { return method_.objective.first().minimize ? cost : 1 + cost; }

  // An open space starts from its seed programs.
  Draft initial(TrialId id, base::Random& random) const {
    space::Genome genome = space::sample(space_, random);
    const int open = space::program_gene(space_);
    if (open >= 0 && id < static_cast<TrialId>(space_.genes[static_cast<std::size_t>(open)].values.size())) {
      genome.programs = {space_.seed(open, static_cast<std::size_t>(id))};
      return Draft::of(std::move(genome), "seed");
    }
    return Draft::of(std::move(genome), "sample");
  }

  // Whether, so many having failed, what is under way cannot become enough parents any more: then there are more
  // samples.
  bool lacks_parents(TrialId id) const {
    return parents_.empty() && static_cast<TrialId>(pool_.size()) + id - told_ < shown_;
  }

  // Chooses the round's parents. False where too little is known yet.
  bool start_round(TrialId id) {
    if (told_ < initial_ || (synchronous_ && told_ < id)) return false;
    if (static_cast<int>(pool_.size()) < shown_ && parents_.empty()) return false;
    if (static_cast<int>(pool_.size()) < shown_) return true;  // the last parents serve again
    std::vector<std::vector<double>> costs;
    for (const Member& member : pool_) costs.push_back(member.costs);
    const std::vector<std::size_t> order = ranking(costs);
    std::vector<bool> taken(pool_.size(), false);
    parents_.clear();
    for (std::size_t i = 0; i < order.size() && static_cast<int>(i) < survivors_; ++i) {
      parents_.push_back(pool_[order[i]]);
      taken[order[i]] = !elitist_;
    }
    std::vector<Member> rest;
    for (std::size_t i = 0; i < pool_.size(); ++i) {
      if (!taken[i]) rest.push_back(std::move(pool_[i]));
    }
    pool_ = std::move(rest);
    return true;
  }

  void start_call(TrialId id, base::Random& random) {
    // Parents without repetition, from the worst to the best: a list of rising scores is what a model goes on with.
    std::vector<std::size_t> order(parents_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    random.shuffle(order);
    order.resize(std::min(order.size(), static_cast<std::size_t>(shown_)));
    std::sort(order.begin(), order.end(), std::greater<>());
    chosen_.clear();
    std::vector<const Member*> shown;
    for (const std::size_t i : order) {
      shown.push_back(&parents_[i]);
      chosen_.push_back(parents_[i].trial);
    }
    auto call = std::make_shared<PromptCall>();
    call->id = id;
    call->prompt_hash = method_.prompts.at("evoprompting").hash();
    call->request = {.messages = method_.prompts.at("evoprompting").messages("evoprompting", prompt_data(shown)),
                     .samples = method_.samples ? samples_ : 1,
                     .temperature = random.pick(temperatures_),
                     .max_tokens = method_.max_tokens,
                     .seed = random.next() >> 33U,
                     .stop = {},
                     .constraint = constraint_};
    call_ = std::move(call);
    next_ = 0;
    ++made_;
  }

  // The same prompt again, for a server that gives one reply a call.
  void repeat_call(TrialId id) {
    auto call = std::make_shared<PromptCall>(*call_);
    call->id = id;
    ++call->request.seed;
    call_ = std::move(call);
  }

  static std::string shown_number(const std::string& metric, double value) {
    return metric == "params" || std::abs(value) >= 1000 ? fmt::format("{:.0f}", value) : fmt::format("{:.4f}", value);
  }

  Json scores(const journal::Outcome& outcome) const {
    Json list = Json::array();
    for (const std::string& metric : metrics()) {
      if (const auto value = Objective::value(outcome, metric))
        list.push_back({{"name", metric}, {"value", shown_number(metric, *value)}});
    }
    return list;
  }

  std::vector<std::string> metrics() const {
    std::vector<std::string> names{"params"};
    for (const Objective::Goal& goal : method_.objective.goals) {
      if (goal.metric != "params") names.push_back(goal.metric);
    }
    return names;
  }

  // A size a tenth below the smallest parent's, a score a little above the best one's (section 3.2).
  Json target(const std::vector<const Member*>& shown) const {
    Json list = Json::array();
    for (const std::string& metric : metrics()) {
      std::vector<double> values;
      for (const Member* member : shown) {
        if (const auto value = Objective::value(member->outcome, metric)) values.push_back(*value);
      }
      if (values.empty()) continue;
      double wanted = *std::min_element(values.begin(), values.end());
      if (metric == "params") {
        wanted = std::round(wanted * target_size_ / 100) * 100;
      } else {
        const auto goal = std::find_if(method_.objective.goals.begin(), method_.objective.goals.end(),
                                       [&](const auto& g) { return g.metric == metric; });
        if (!goal->minimize) wanted = *std::max_element(values.begin(), values.end());
        const bool away_from_zero = goal->minimize == (wanted < 0);  // a log-likelihood gets better towards zero
        wanted = away_from_zero ? wanted * target_score_ : wanted / target_score_;
      }
      list.push_back({{"name", metric}, {"value", shown_number(metric, wanted)}});
    }
    return list;
  }

  Json prompt_data(const std::vector<const Member*>& shown) const {
    Json parents = Json::array();
    for (const Member* member : shown) {
      parents.push_back({{"scores", scores(member->outcome)}, {"genome", space::genome_form(space_, member->genome)}});
    }
    const Objective::Goal& goal = method_.objective.first();
    return {{"description", description_},
            {"chat", method_.chat},
            {"program", space::program_gene(space_) >= 0},
            {"metric", goal.metric},
            {"better", goal.minimize ? "lower" : "higher"},
            {"parents", parents},
            {"target", target(shown)}};
  }

  Method method_;
  const space::Space& space_;
  int initial_, survivors_, prompts_, samples_, shown_;
  double target_score_, target_size_;
  bool by_product_, synchronous_, elitist_;
  std::vector<double> temperatures_;
  std::string description_;
  llm::Constraint constraint_;

  std::vector<Member> pool_, parents_;  // parents from best to worst
  std::vector<TrialId> chosen_;
  std::shared_ptr<const PromptCall> call_;
  int next_ = 0, made_ = 0;
  TrialId told_ = 0;
};

}  // namespace

std::unique_ptr<Proposer> evoprompting(const Method& method) {
  return std::make_unique<EvoPrompting>(method);
}

}  // namespace weft::evolve::proposers
