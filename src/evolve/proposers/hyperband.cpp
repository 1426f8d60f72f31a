#include <algorithm>
#include <cmath>
#include <limits>
#include <list>
#include <map>

#include "base/error.hpp"
#include "evolve/parzen.hpp"
#include "evolve/proposers/all.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"

namespace weft::evolve::proposers {
namespace {

// A genome of a rung and what it was worth there.
struct Ranked {
  TrialId trial;
  space::Genome genome;
  double cost;
};

// Rungs above the lowest: how often the smallest budget can be multiplied by eta.
int highest_rung(double min_budget, double eta) {
  return static_cast<int>(std::log(1 / min_budget) / std::log(eta) + 1e-9);
}

// Where fresh genomes come from: at random; or, as BOHB has it (Falkner et al. 2018), from the densities of what is
// known at the highest fidelity that has enough. Random ones may be drawn around a genome that an expert gave
// (PriorBand; Mallik et al. 2023).
class Sampler {
 public:
  Sampler(const Method& method, bool model) : space_(*method.space), model_(model) {
    if (!model) return;
    const ParzenOptions options{.good_share = method.options.at("good_share"),
                                .most_good = std::numeric_limits<int>::max(),
                                .candidates = method.options.at("candidates"),
                                .bandwidth = ParzenOptions::Bandwidth::silverman};
    random_share_ = method.options.at("random_share");
    prior_share_ = method.options.at("prior_share");
    empty_.emplace(space_, options);
    if (!method.options.contains("prior")) return;
    auto prior = space::from_json(space_, method.options.at("prior"));
    if (!prior) throw base::Error(prior.error(), "search.method.bohb.prior");
    prior_ = std::move(*prior);
  }

  Draft draw(base::Random& random) {
    Parzen* known = model_ && !random.chance(random_share_) ? enough() : nullptr;
    if (known != nullptr) return Draft::of(known->sample(random), "tpe");
    if (prior_ && random.chance(prior_share_)) {
      if (auto near = space::redraw(space_, *prior_, {}, random)) return Draft::of(std::move(*near), "prior");
    }
    return Draft::of(space::sample(space_, random), "sample");
  }

  void learn(double budget, const space::Genome& genome, double cost) {
    if (model_ && std::isfinite(cost)) known_.try_emplace(budget, *empty_).first->second.observe(genome, cost);
  }

 private:
  // HpBandSter's rule: more observations than genes, with some to spare for both densities.
  Parzen* enough() {
    for (auto one = known_.rbegin(); one != known_.rend(); ++one) {
      if (one->second.observed() >= space_.slots() + 2) return &one->second;
    }
    return nullptr;
  }

  const space::Space& space_;
  bool model_;
  std::optional<Parzen> empty_;  // that has observed nothing
  double random_share_ = 1, prior_share_ = 0;
  std::optional<space::Genome> prior_;
  std::map<double, Parzen> known_;  // by budget
};

// Successive halving (Jamieson, Talwalkar 2016): many genomes at a small budget, the best share of them at eta times
// that, and so on up to the full one. Hyperband (Li et al. 2018) does that in brackets, which begin with many genomes
// at the smallest budget and end with a few at the full one. Where a rung waits, the next bracket begins.
class Hyperband : public Proposer {
 public:
  Hyperband(const Method& method, bool brackets, bool model)
      : objective_(method.objective),
        sampler_(method, model),
        eta_(method.options.at("eta")),
        highest_(highest_rung(method.options.at("min_budget"), eta_)),
        initial_(brackets ? 0 : method.options.at("initial").get<int>()) {}

  Draft ask(TrialId id, base::Random& random) override {
    for (Bracket& bracket : brackets_) {
      if (auto draft = bracket.next(sampler_, random)) return take(id, bracket, std::move(*draft));
    }
    brackets_.push_back(next_bracket());
    Bracket& bracket = brackets_.back();
    return take(id, bracket, *bracket.next(sampler_, random));
  }

  void tell(const Trial& trial) override {
    Bracket& bracket = *under_way_.at(trial.id);
    under_way_.erase(trial.id);
    const auto costs = trial.outcome ? objective_.costs(*trial.outcome) : std::nullopt;
    const double cost = costs ? costs->front() : std::numeric_limits<double>::infinity();
    if (trial.proposal.genome) sampler_.learn(trial.proposal.fidelity.budget, *trial.proposal.genome, cost);
    bracket.told(trial, cost);
    brackets_.remove_if([](const Bracket& one) { return one.over(); });
  }

 private:
  // Of one bracket: the rungs that are done or being filled.
  class Bracket {
   public:
    Bracket(std::vector<int> sizes, std::vector<double> budgets)
        : sizes_(std::move(sizes)), budgets_(std::move(budgets)) {}

    std::optional<Draft> next(Sampler& sampler, base::Random& random) {
      if (asked_ == sizes_[rung_]) return std::nullopt;
      const auto place = static_cast<std::size_t>(asked_++);
      Draft draft =
          rung_ == 0 ? sampler.draw(random) : Draft::of(chosen_[place].genome, "promote", {chosen_[place].trial});
      draft.fidelity.budget = budgets_[rung_];
      return draft;
    }

    void told(const Trial& trial, double cost) {
      ++told_;
      if (trial.proposal.genome) results_.push_back({trial.id, *trial.proposal.genome, cost});
      if (told_ < sizes_[rung_]) return;
      ++rung_;
      asked_ = told_ = 0;
      chosen_ = std::move(results_);
      results_.clear();
      if (over()) return;
      std::stable_sort(chosen_.begin(), chosen_.end(),
                       [](const Ranked& a, const Ranked& b) { return a.cost < b.cost; });
      sizes_[rung_] = std::min(sizes_[rung_], static_cast<int>(chosen_.size()));
      if (sizes_[rung_] == 0) rung_ = sizes_.size();
    }

    bool over() const { return rung_ >= sizes_.size(); }

   private:
    std::vector<int> sizes_;
    std::vector<double> budgets_;
    std::size_t rung_ = 0;
    int asked_ = 0, told_ = 0;              // of this rung
    std::vector<Ranked> results_, chosen_;  // of this rung so far; and, from the best on, of the one before
  };

  Draft take(TrialId id, Bracket& bracket, Draft draft) {
    under_way_[id] = &bracket;
    return draft;
  }

  // Bracket s begins with ceil((s_max + 1) / (s + 1) eta^s) genomes at eta^-s of the budget (Hyperband, algorithm 1).
  Bracket next_bracket() {
    const int rungs = initial_ > 0 ? highest_ : highest_ - static_cast<int>(begun_++ % (highest_ + 1));
    const double first =
        initial_ > 0 ? initial_ : std::ceil((highest_ + 1.0) / (rungs + 1.0) * std::pow(eta_, rungs) - 1e-9);
    std::vector<int> sizes;
    std::vector<double> budgets;
    for (int rung = 0; rung <= rungs; ++rung) {
      sizes.push_back(std::max(1, static_cast<int>(first * std::pow(eta_, -rung) + 1e-9)));
      budgets.push_back(std::pow(eta_, rung - rungs));
    }
    return {std::move(sizes), std::move(budgets)};
  }

  Objective objective_;
  Sampler sampler_;
  double eta_;
  int highest_, initial_;
  std::int64_t begun_ = 0;
  std::list<Bracket> brackets_;            // that are not over, the oldest first
  std::map<TrialId, Bracket*> under_way_;  // the bracket of each trial
};

// Asynchronous successive halving (Li et al. 2020, algorithm 2): whenever a genome is among the best share of its rung
// it may go on; else a fresh one begins.
class Asha : public Proposer {
 public:
  explicit Asha(const Method& method)
      : space_(*method.space),
        objective_(method.objective),
        eta_(method.options.at("eta")),
        rungs_(static_cast<std::size_t>(highest_rung(method.options.at("min_budget"), eta_)) + 1) {}

  Draft ask(TrialId id, base::Random& random) override {
    Draft draft = Draft::none();
    std::size_t rung = rungs_.size() - 1;
    for (; rung > 0 && !draft.exists(); --rung) {
      if (Member* member = promotable(rungs_[rung - 1])) {
        member->promoted = true;
        draft = Draft::of(member->genome, "promote", {member->trial});
        break;
      }
    }
    if (!draft.exists()) draft = Draft::of(space::sample(space_, random), "sample");
    draft.fidelity.budget = std::pow(eta_, static_cast<double>(rung) - static_cast<double>(rungs_.size() - 1));
    under_way_[id] = rung;
    return draft;
  }

  void tell(const Trial& trial) override {
    const std::size_t rung = under_way_.at(trial.id);
    under_way_.erase(trial.id);
    const auto costs = trial.outcome ? objective_.costs(*trial.outcome) : std::nullopt;
    if (costs) rungs_[rung].push_back({trial.id, *trial.proposal.genome, costs->front()});
  }

 private:
  struct Member {
    TrialId trial;
    space::Genome genome;
    double cost;
    bool promoted = false;
  };

  // The best of a rung's best share that was not promoted yet.
  Member* promotable(std::vector<Member>& rung) const {
    const auto share = static_cast<std::size_t>(static_cast<double>(rung.size()) / eta_ + 1e-9);
    std::vector<Member*> order;
    for (Member& member : rung) order.push_back(&member);
    std::stable_sort(order.begin(), order.end(), [](const Member* a, const Member* b) { return a->cost < b->cost; });
    for (std::size_t i = 0; i < share; ++i) {
      if (!order[i]->promoted) return order[i];
    }
    return nullptr;
  }

  const space::Space& space_;
  Objective objective_;
  double eta_;
  std::vector<std::vector<Member>> rungs_;  // what is known at each, from the lowest fidelity on
  std::map<TrialId, std::size_t> under_way_;
};

}  // namespace

std::unique_ptr<Proposer> successive_halving(const Method& method) {
  return std::make_unique<Hyperband>(method, false, false);
}

std::unique_ptr<Proposer> hyperband(const Method& method) {
  return std::make_unique<Hyperband>(method, true, false);
}

std::unique_ptr<Proposer> bohb(const Method& method) {
  return std::make_unique<Hyperband>(method, true, true);
}

std::unique_ptr<Proposer> asha(const Method& method) {
  return std::make_unique<Asha>(method);
}

}  // namespace weft::evolve::proposers
