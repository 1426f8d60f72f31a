#include <algorithm>
#include <unordered_set>

#include "evolve/population.hpp"
#include "evolve/proposers/all.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"

namespace weft::evolve::proposers {
namespace {

constexpr int kTries = 100;      // draws of an operator, for a genome that is new and keeps the space's limits
constexpr int kPairTries = 50;   // draws of two parents of equal depth, as in AutoFormer's code
constexpr int kLastTries = 100;  // random samples where no operator gave one

// The generational search of AutoFormer (Chen et al. 2021, section 3.3) and, by other settings, of HAT (Wang et al.
// 2020). The first generation is random; each later one is made of the best of all that were evaluated:
// first mutations, then crossovers, then random samples up to the size of the population. What the limits of the space
// refuse is drawn again, so that it costs no trial; and no genome is proposed twice where another can be found.
class Evolution : public Proposer {
 public:
  explicit Evolution(const Method& method)
      : space_(*method.space),
        counter_(*method.space, method.input),
        objective_(method.objective),
        generations_(method.options.at("generations")),
        parents_size_(method.options.at("parents")),
        mutations_(method.options.at("mutations")),
        crossovers_(method.options.at("crossovers")),
        same_depth_(method.options.at("same_depth")),
        chances_{.global = method.options.at("global_mutation"), .layer = method.options.at("layer_mutation")},
        size_(method.options.at("population")) {
    const TrialId children = mutations_ + crossovers_;
    next_size_ = method.options.at("refill") ? std::max(size_, children) : children;
  }

  Draft ask(TrialId /*id*/, base::Random& random) override {
    if (asked_ == size_ && !next_generation()) return generation_ == generations_ ? Draft::none() : Draft::waiting();
    const TrialId place = asked_++;
    if (generation_ > 1 && !parents_.empty()) {
      const bool mutates = place < mutations_;
      if (mutates || place < mutations_ + crossovers_) {
        if (auto draft = mutates ? mutated(random) : crossed(random)) return std::move(*draft);
      }
    }
    return sampled(random);
  }

  void tell(const Trial& trial) override {
    ++told_;
    const auto costs = trial.fresh() ? objective_.costs(*trial.outcome) : std::nullopt;
    if (costs) learned_.push_back({trial.id, *trial.proposal.genome, *costs});
  }

 private:
  // Begins the next generation once the last trial of this one was told. False where there is none, or not yet.
  bool next_generation() {
    if (generation_ == generations_ || told_ < asked_) return false;
    ++generation_;
    select();
    asked_ = told_ = 0;
    size_ = next_size_;
    return true;
  }

  // The best of the parents so far and of what was learned since: the best of all.
  void select() {
    std::move(learned_.begin(), learned_.end(), std::back_inserter(parents_));
    learned_.clear();
    keep_best(parents_, static_cast<std::size_t>(parents_size_));
  }

  // Notes a genome that is to be proposed; false where it was proposed before or is refused.
  bool take(const space::Genome& genome) {
    if (!counter_.count(genome)) return false;
    return proposed_.insert(space::id(space_, genome)).second;
  }

  std::optional<Draft> mutated(base::Random& random) {
    for (int attempt = 0; attempt < kTries; ++attempt) {
      const Member& parent = random.pick(parents_);
      auto child = space::redraw(space_, parent.genome, chances_, random);
      if (child && take(*child)) return Draft::of(std::move(*child), "mutate", {parent.trial});
    }
    return std::nullopt;
  }

  std::optional<Draft> crossed(base::Random& random) {
    for (int attempt = 0; attempt < kTries && parents_.size() > 1; ++attempt) {
      const auto [first, second] = pair(random);
      auto child = space::cross_over(space_, first->genome, second->genome, random);
      if (child && take(*child)) return Draft::of(std::move(*child), "cross_over", {first->trial, second->trial});
    }
    return std::nullopt;
  }

  // Two parents, of equal depth where that is asked for and a pair is found.
  std::pair<const Member*, const Member*> pair(base::Random& random) const {
    std::size_t first = 0, second = 0;
    for (int attempt = 0; attempt <= kPairTries; ++attempt) {
      first = random.below(parents_.size());
      second = random.below(parents_.size() - 1);
      if (second >= first) ++second;
      if (!same_depth_ || space_.depth(parents_[first].genome) == space_.depth(parents_[second].genome)) break;
    }
    return {&parents_[first], &parents_[second]};
  }

  // A random sample that is new; where none is found one that was proposed before, and where the limits refuse all of
  // them one that says so.
  Draft sampled(base::Random& random) {
    std::optional<space::Genome> repeated;
    for (int attempt = 0; attempt < kLastTries; ++attempt) {
      space::Genome genome = space::sample(space_, random);
      if (take(genome)) return Draft::of(std::move(genome), "sample");
      if (!repeated || counter_.count(genome)) repeated = std::move(genome);
    }
    return Draft::of(std::move(*repeated), "sample");
  }

  const space::Space& space_;
  space::Counter counter_;
  Objective objective_;
  int generations_, parents_size_, mutations_, crossovers_;
  bool same_depth_;
  space::Redraw chances_;
  TrialId size_, next_size_ = 0;              // of this generation and of those after it
  int generation_ = 1;                        // from 1
  TrialId asked_ = 0, told_ = 0;              // of this generation
  std::vector<Member> parents_;               // of this generation, from the best on
  std::vector<Member> learned_;               // of this generation
  std::unordered_set<std::string> proposed_;  // ids
};

}  // namespace

std::unique_ptr<Proposer> evolution(const Method& method) {
  return std::make_unique<Evolution>(method);
}

}  // namespace weft::evolve::proposers
