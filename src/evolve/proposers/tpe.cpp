#include "evolve/parzen.hpp"
#include "evolve/proposers/all.hpp"
#include "space/vary.hpp"

namespace weft::evolve::proposers {
namespace {

// Bergstra et al. 2011: after some random genomes, those that are likelier among the good ones than among the others.
class Tpe : public Proposer {
 public:
  explicit Tpe(const Method& method)
      : space_(*method.space),
        objective_(method.objective),
        startup_(method.options.at("startup")),
        densities_(space_, {.good_share = method.options.at("good_share"),
                            .most_good = method.options.at("most_good"),
                            .candidates = method.options.at("candidates")}) {}

  Draft ask(TrialId /*id*/, base::Random& random) override {
    if (densities_.observed() < startup_) return Draft::of(space::sample(space_, random), "sample");
    return Draft::of(densities_.sample(random), "tpe");
  }

  void tell(const Trial& trial) override {
    const auto costs = trial.outcome ? objective_.costs(*trial.outcome) : std::nullopt;
    if (costs) densities_.observe(*trial.proposal.genome, costs->front());
  }

 private:
  const space::Space& space_;
  Objective objective_;
  std::size_t startup_;
  Parzen densities_;
};

}  // namespace

std::unique_ptr<Proposer> tpe(const Method& method) {
  return std::make_unique<Tpe>(method);
}

}  // namespace weft::evolve::proposers
