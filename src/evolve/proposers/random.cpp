#include "evolve/proposers/all.hpp"
#include "space/vary.hpp"

namespace weft::evolve::proposers {
namespace {

class RandomSearch : public Proposer {
 public:
  explicit RandomSearch(const Method& method) : space_(*method.space) {}
  Draft ask(TrialId, base::Random& random) override { return Draft::of(space::sample(space_, random), "sample"); }
  void tell(const Trial&) override {}

 private:
  const space::Space& space_;
};

}  // namespace

std::unique_ptr<Proposer> random(const Method& method) {
  return std::make_unique<RandomSearch>(method);
}

}  // namespace weft::evolve::proposers
