#include <cmath>

#include "evaluate/evaluators/all.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"

namespace weft::evaluate::evaluators {
namespace {

// The loss that the scaling law of Kaplan et al. 2020 (equation 1.1) gives to the parameters of the blocks, a little
// more where width over depth is far from 32: instant, and with an optimum that has to be searched for.
double analytic_score(const space::Architecture& a, std::int64_t block_params) {
  const double law = std::pow(8.8e13 / static_cast<double>(std::max<std::int64_t>(1, block_params)), 0.076);
  const double aspect = std::log2(static_cast<double>(a.width) / static_cast<double>(a.layers.size()) / 32);
  return law * (1 + aspect * aspect / 100);
}

class CountEvaluator : public Evaluator {
 public:
  explicit CountEvaluator(const Setup& setup)
      : space_(space::Space::from_snapshot(setup.space)), input_(task_input(setup)) {}

  journal::Outcome evaluate(const Evaluation& evaluation) override {
    const auto genome = space::from_text(space_, evaluation.genome);
    const auto architecture = genome ? space::decode(space_, *genome, input_)
                                     : base::Result<space::Architecture>(base::failure(genome.error()));
    if (!architecture) return journal::Outcome::failed("refused", architecture.error());
    const block::Counts ends = space::count_ends(*architecture);
    journal::Outcome outcome;
    outcome.metrics["params"] = static_cast<double>(architecture->counts.params);
    outcome.metrics["trainable_params"] = static_cast<double>(architecture->counts.trainable);
    outcome.metrics["flops"] = static_cast<double>(architecture->flops());
    outcome.metrics["activations_bytes"] = static_cast<double>(architecture->counts.activations);
    outcome.metrics["score"] = analytic_score(*architecture, architecture->counts.params - ends.params);
    return outcome;
  }

 private:
  space::Space space_;
  space::Input input_;
};

}  // namespace

std::unique_ptr<Evaluator> count(const Setup& setup) {
  return std::make_unique<CountEvaluator>(setup);
}

}  // namespace weft::evaluate::evaluators
