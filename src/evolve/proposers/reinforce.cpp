#include <algorithm>
#include <cmath>

#include "evolve/proposers/all.hpp"
#include "space/distribution.hpp"
#include "space/listing.hpp"
#include "space/vary.hpp"

namespace weft::evolve::proposers {
namespace {

constexpr int kTries = 1000;                                     // samples of the policy, for one that the space allows
constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;  // Adam's

// Williams 1992, as NAS-Bench-201 has it (Dong, Yang 2020, appendix): a softmax for each gene of each layer, a moving
// mean of the rewards as the baseline, a step of Adam for each trial. The reward is the objective, larger is better.
class Reinforce : public Proposer {
 public:
  explicit Reinforce(const Method& method)
      : space_(*method.space),
        objective_(method.objective),
        policy_(*method.space),
        rate_(method.options.at("learning_rate")),
        momentum_(method.options.at("baseline_momentum")) {
    for (int gene = 0; gene < static_cast<int>(space_.genes.size()); ++gene) {
      const space::Gene& row = space_.genes[static_cast<std::size_t>(gene)];
      for (int layer = 0; layer < space_.most_copies(gene); ++layer) {
        const std::size_t size = row.values.size();
        slots_.push_back(
            {gene, layer, std::vector<double>(size), std::vector<double>(size), std::vector<double>(size)});
      }
    }
  }

  Draft ask(TrialId /*id*/, base::Random& random) override {
    for (int attempt = 0; attempt < kTries; ++attempt) {
      space::Genome genome = policy_.sample(random);
      if (space::allowed(space_, genome))
        return Draft::of(space::confined(space_, std::move(genome), random), "sample");
    }
    return Draft::of(space::sample(space_, random), "sample");
  }

  void tell(const Trial& trial) override {
    const auto costs = trial.outcome ? objective_.costs(*trial.outcome) : std::nullopt;
    if (!costs) return;
    const double reward = -costs->front();
    sum_ = momentum_ * sum_ + (1 - momentum_) * reward;
    weight_ = momentum_ * weight_ + (1 - momentum_);
    const double advantage = reward - sum_ / weight_;
    ++steps_;
    for (Slot& slot : slots_) {
      const std::int32_t code = trial.proposal.genome->codes[space_.slot(slot.gene, slot.layer)];
      step(slot, code, code == space::Genome::kInactive ? 0 : advantage);
    }
  }

 private:
  struct Slot {
    int gene, layer;
    std::vector<double> logits, mean, square;
  };

  // Up the gradient of the advantage times the logarithm of the chosen value's probability.
  void step(Slot& slot, std::int32_t code, double advantage) {
    std::vector<double> probabilities = policy_.of(slot.gene, slot.layer);
    const double first = 1 - std::pow(kBeta1, steps_), second = 1 - std::pow(kBeta2, steps_);
    for (std::size_t i = 0; i < slot.logits.size(); ++i) {
      const double slope = advantage * ((static_cast<std::int32_t>(i) == code ? 1 : 0) - probabilities[i]);
      slot.mean[i] += (1 - kBeta1) * (slope - slot.mean[i]);
      slot.square[i] += (1 - kBeta2) * (slope * slope - slot.square[i]);
      slot.logits[i] += rate_ * (slot.mean[i] / first) / (std::sqrt(slot.square[i] / second) + kEpsilon);
    }
    const double most = *std::max_element(slot.logits.begin(), slot.logits.end());
    double sum = 0;
    for (std::size_t i = 0; i < probabilities.size(); ++i) sum += probabilities[i] = std::exp(slot.logits[i] - most);
    for (double& one : probabilities) one /= sum;
    policy_.set(slot.gene, slot.layer, std::move(probabilities));
  }

  const space::Space& space_;
  Objective objective_;
  space::Distribution policy_;
  double rate_, momentum_;
  std::vector<Slot> slots_;
  double sum_ = 0, weight_ = 0;  // of the baseline
  int steps_ = 0;
};

}  // namespace

std::unique_ptr<Proposer> reinforce(const Method& method) {
  return std::make_unique<Reinforce>(method);
}

}  // namespace weft::evolve::proposers
