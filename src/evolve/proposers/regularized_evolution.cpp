#include <deque>

#include "evolve/op_priority.hpp"
#include "evolve/population.hpp"
#include "evolve/proposers/all.hpp"
#include "space/vary.hpp"

namespace weft::evolve::proposers {
namespace {

// Real et al. 2019, algorithm 1. Asked ahead of what was told, it samples from the population that it knows. Programs
// are mutated by any edit, by Primer's five, or by edits whose ops OP-NAS draws.
class RegularizedEvolution : public Proposer {
 public:
  explicit RegularizedEvolution(const Method& method)
      : space_(*method.space),
        objective_(method.objective),
        population_size_(method.options.at("population")),
        sample_size_(method.options.at("sample")),
        crossover_(method.options.at("crossover")),
        learns_ops_(method.options.at("mutation") == "op_nas") {
    if (method.options.at("mutation") == "primer") edits_.kinds = block::primer_edits();
    if (learns_ops_) edits_.preference = priority_.preference();
  }

  Draft ask(TrialId id, base::Random& random) override {
    if (id < population_size_) return Draft::of(space::sample(space_, random), "sample");
    if (population_.empty())
      return id < population_size_ + told_ ? Draft::of(space::sample(space_, random), "sample") : Draft::waiting();
    const Member& parent = best_of_sample(random);
    if (crossover_ > 0 && random.chance(crossover_)) {
      const Member& other = best_of_sample(random);
      auto child = space::cross_over(space_, parent.genome, other.genome, random);
      if (child && other.trial != parent.trial)
        return Draft::of(std::move(*child), "cross_over", {parent.trial, other.trial});
    }
    auto child = space::mutate(space_, parent.genome, random, edits_);
    if (!child) return Draft::of(space::sample(space_, random), "sample");
    return Draft::of(std::move(*child), "mutate", {parent.trial});
  }

  void tell(const Trial& trial) override {
    ++told_;
    const auto costs = trial.outcome ? objective_.costs(*trial.outcome) : std::nullopt;
    if (!costs) return;
    if (learns_ops_) priority_.learn(*trial.proposal.genome, costs->front());
    population_.push_back({trial.id, *trial.proposal.genome, *costs});
    if (static_cast<int>(population_.size()) > population_size_) population_.pop_front();
  }

 private:
  // The best of `sample` members drawn with replacement.
  const Member& best_of_sample(base::Random& random) const {
    if (objective_.goals.size() == 1) {
      const Member* best = &population_[random.below(population_.size())];
      for (int i = 1; i < sample_size_; ++i) {
        const Member& other = population_[random.below(population_.size())];
        if (other.costs[0] < best->costs[0]) best = &other;
      }
      return *best;
    }
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
  double crossover_;
  bool learns_ops_;
  OpPriority priority_;
  space::ProgramEdits edits_;
  TrialId told_ = 0;
  std::deque<Member> population_;
};

}  // namespace

std::unique_ptr<Proposer> regularized_evolution(const Method& method) {
  return std::make_unique<RegularizedEvolution>(method);
}

}  // namespace weft::evolve::proposers
