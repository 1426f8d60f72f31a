#include "train/latency.hpp"

#include <optional>

#include "evaluate/evaluators/all.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "train/latency_table.hpp"

namespace weft::evaluate::evaluators {
namespace {

// Measured here and now, or summed from a table of what was measured before.
class LatencyEvaluator : public Evaluator {
 public:
  explicit LatencyEvaluator(const Setup& setup)
      : space_(space::Space::from_snapshot(setup.space)),
        input_(task_input(setup)),
        recipe_(train::LatencyRecipe::from_json(setup.options())) {
    recipe_.device = setup.device;
    if (!setup.options().contains("table")) return;
    const std::string path = setup.options().at("table");
    table_ = train::LatencyTable::load(path);
    table_->check_fits(space_, input_, path);
  }

  journal::Outcome evaluate(const Evaluation& evaluation) override {
    const auto genome = space::from_text(space_, evaluation.genome);
    const auto architecture = genome ? space::decode(space_, *genome, input_)
                                     : base::Result<space::Architecture>(base::failure(genome.error()));
    if (!architecture) return journal::Outcome::failed("refused", architecture.error());
    if (!table_) return train::measure_latency(*architecture, recipe_);
    const auto seconds = table_->seconds(space_, *genome);
    if (!seconds) return journal::Outcome::failed("refused", seconds.error());
    journal::Outcome outcome;
    outcome.metrics["latency_s"] = *seconds;  // the table's: determined
    return outcome;
  }

 private:
  space::Space space_;
  space::Input input_;
  train::LatencyRecipe recipe_;
  std::optional<train::LatencyTable> table_;
};

}  // namespace

std::unique_ptr<Evaluator> latency(const Setup& setup) {
  return std::make_unique<LatencyEvaluator>(setup);
}

}  // namespace weft::evaluate::evaluators
