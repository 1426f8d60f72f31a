#include "bench/surrogate.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "evaluate/evaluators/all.hpp"
#include "space/genome_text.hpp"

namespace weft::evaluate::evaluators {
namespace {

// What a surrogate predicts, and how sure it is.
class SurrogateEvaluator : public Evaluator {
 public:
  explicit SurrogateEvaluator(const Setup& setup)
      : surrogate_(bench::Surrogate::load(setup.options().at("path").get<std::string>())) {
    if (setup.space.at("yaml").at("genes") != surrogate_.space().snapshot().at("yaml").at("genes"))
      throw base::Error("is a surrogate of the space " + base::quote(surrogate_.space().name) +
                            "; the experiment's space has other genes",
                        setup.options().at("path"));
  }

  journal::Outcome evaluate(const Evaluation& evaluation) override {
    if (evaluation.packed != nullptr) return predict(*evaluation.packed);
    const auto genome = space::from_text(surrogate_.space(), evaluation.genome);
    if (!genome) return journal::Outcome::failed("refused", genome.error());
    return predict(*genome);
  }

 private:
  journal::Outcome predict(const space::Genome& genome) const {
    const bench::Prediction said = surrogate_.predict(genome);
    journal::Outcome outcome;
    outcome.metrics[surrogate_.metric()] = said.mean;
    outcome.metrics["deviation"] = said.deviation;
    return outcome;
  }

  bench::Surrogate surrogate_;
};

}  // namespace

std::unique_ptr<Evaluator> surrogate(const Setup& setup) {
  return std::make_unique<SurrogateEvaluator>(setup);
}

}  // namespace weft::evaluate::evaluators
