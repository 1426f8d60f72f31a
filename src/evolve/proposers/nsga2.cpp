#include <algorithm>

#include "evolve/population.hpp"
#include "evolve/proposers/all.hpp"
#include "space/vary.hpp"

namespace weft::evolve::proposers {
namespace {

// Deb et al. 2002: generations of children of binary tournaments; the best of parents and children, by fronts and
// crowding distance, are the next parents.
class Nsga2 : public Proposer {
 public:
  explicit Nsga2(const Method& method)
      : space_(*method.space),
        objective_(method.objective),
        size_(method.options.at("population")),
        crossover_(method.options.at("crossover")) {}

  Draft ask(TrialId /*id*/, base::Random& random) override {
    if (asked_ == size_) {
      if (told_ < asked_) return Draft::waiting();
      select();
    }
    ++asked_;
    if (parents_.empty()) return Draft::of(space::sample(space_, random), "sample");
    return child(random);
  }

  void tell(const Trial& trial) override {
    ++told_;
    const auto costs = trial.outcome ? objective_.costs(*trial.outcome) : std::nullopt;
    if (costs) learned_.push_back({trial.id, *trial.proposal.genome, *costs});
  }

 private:
  void select() {
    std::move(learned_.begin(), learned_.end(), std::back_inserter(parents_));
    learned_.clear();
    asked_ = told_ = 0;
    keep_best(parents_, static_cast<std::size_t>(size_));
  }

  // Parents stand in the order of their rank.
  const Member& tournament(base::Random& random) const {
    const auto first = random.below(parents_.size()), second = random.below(parents_.size());
    return parents_[std::min(first, second)];
  }

  Draft child(base::Random& random) const {
    const Member &a = tournament(random), &b = tournament(random);
    std::optional<space::Genome> genome;
    std::vector<TrialId> parents{a.trial};
    if (a.trial != b.trial && random.chance(crossover_)) {
      genome = space::cross_over(space_, a.genome, b.genome, random);
      if (genome) parents.push_back(b.trial);
    }
    auto mutated = space::mutate(space_, genome ? *genome : a.genome, random);
    if (mutated) genome = std::move(mutated);
    if (!genome) return Draft::of(space::sample(space_, random), "sample");
    return Draft::of(std::move(*genome), parents.size() > 1 ? "cross_over" : "mutate", std::move(parents));
  }

  const space::Space& space_;
  Objective objective_;
  TrialId size_;
  double crossover_;
  TrialId asked_ = 0, told_ = 0;  // of this generation
  std::vector<Member> parents_;   // from the best on
  std::vector<Member> learned_;   // of this generation
};

}  // namespace

std::unique_ptr<Proposer> nsga2(const Method& method) {
  return std::make_unique<Nsga2>(method);
}

}  // namespace weft::evolve::proposers
