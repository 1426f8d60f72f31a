#include <unordered_set>

#include "base/error.hpp"
#include "evolve/proposers/all.hpp"
#include "space/decode.hpp"
#include "space/distribution.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"

namespace weft::evolve::proposers {
namespace {

constexpr int kTries = 1000;  // samples, for one that is new and that the space allows

const base::Json& probabilities_of(const Method& method) {
  if (method.probabilities.is_null())
    throw base::Error("the method mixture needs the probabilities of a supernet that learned a mixture");
  return method.probabilities;
}

// What gradients learned of a mixture (Liu et al. 2019, section 2.1: the most probable values are taken), and genomes
// around it: each value with its probability, each genome once.
class MixtureSearch : public Proposer {
 public:
  explicit MixtureSearch(const Method& method)
      : space_(*method.space),
        counter_(*method.space, method.input),
        distribution_(*method.space, probabilities_of(method)) {}

  Draft ask(TrialId /*id*/, base::Random& random) override {
    if (proposed_.empty()) return take(distribution_.most_probable(counter_), "most_probable");
    for (int attempt = 0; attempt < kTries && !exhausted_; ++attempt) {
      space::Genome genome = distribution_.sample(random);
      if (proposed_.contains(space::id(space_, genome))) continue;
      if (space::allowed(space_, genome) && counter_.count(genome)) return take(std::move(genome), "sample");
    }
    exhausted_ = true;
    return Draft::none();
  }

  void tell(const Trial&) override {}

 private:
  Draft take(space::Genome genome, const char* op) {
    proposed_.insert(space::id(space_, genome));
    return Draft::of(std::move(genome), op);
  }

  const space::Space& space_;
  space::Counter counter_;
  space::Distribution distribution_;
  std::unordered_set<std::string> proposed_;  // ids
  bool exhausted_ = false;
};

}  // namespace

std::unique_ptr<Proposer> mixture(const Method& method) {
  return std::make_unique<MixtureSearch>(method);
}

}  // namespace weft::evolve::proposers
