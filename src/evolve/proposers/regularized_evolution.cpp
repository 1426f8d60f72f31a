#include <deque>

#include "evolve/proposers/all.hpp"
#include "space/vary.hpp"

namespace weft::evolve::proposers {
namespace {

// Real et al. 2019, algorithm 1. Asked ahead of what was told, it samples from the population that it knows.
class RegularizedEvolution : public Proposer {
 public:
  explicit RegularizedEvolution(const Method& method)
      : space_(*method.space),
        objective_(method.objective),
        population_size_(method.options.at("population")),
        sample_size_(method.options.at("sample")) {}

  Draft ask(TrialId id, base::Random& random) override {
    if (id < population_size_) return Draft::of(space::sample(space_, random), "sample");
    if (population_.empty())
      return id < population_size_ + told_ ? Draft::of(space::sample(space_, random), "sample") : Draft::waiting();
    const Member& parent = best_of_sample(random);
    auto child = space::mutate(space_, parent.genome, random);
    if (!child) return Draft::of(space::sample(space_, random), "sample");
    return Draft::of(std::move(*child), "mutate", {parent.trial});
  }

  void tell(const Trial& trial) override {
    ++told_;
    const auto costs = trial.outcome ? objective_.costs(*trial.outcome) : std::nullopt;
    if (!costs) return;
    population_.push_back({trial.id, *trial.proposal.genome, *costs});
    if (static_cast<int>(population_.size()) > population_size_) population_.pop_front();
  }

 private:
  struct Member {
    TrialId trial;
    space::Genome genome;
    std::vector<double> costs;
  };

  // The best of `sample` members drawn with replacement.
  const Member& best_of_sample(base::Random& random) const {
    std::vector<std::size_t> drawn;
    std::vector<std::vector<double>> costs;
    for (int i = 0; i < sample_size_; ++i) {
      drawn.push_back(random.below(population_.size()));
      costs.push_back(population_[drawn.back()].costs);
    }
    return population_[drawn[ranking(costs).front()]];
  }

  const space::Space& space_;
  Objective objective_;
  int population_size_, sample_size_;
  TrialId told_ = 0;
  std::deque<Member> population_;
};

}  // namespace

std::unique_ptr<Proposer> regularized_evolution(const Method& method) {
  return std::make_unique<RegularizedEvolution>(method);
}

}  // namespace weft::evolve::proposers
