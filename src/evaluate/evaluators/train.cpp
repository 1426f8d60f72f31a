#include "base/error.hpp"
#include "evaluate/evaluators/all.hpp"
#include "net/checkpoint.hpp"
#include "net/device.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "train/trainer.hpp"

namespace weft::evaluate::evaluators {
namespace {

class TrainEvaluator : public Evaluator {
 public:
  explicit TrainEvaluator(const Setup& setup)
      : space_(space::Space::from_snapshot(setup.space)),
        data_(train::open_dataset(train::TaskConfig::from_json(setup.task))),
        recipe_(train::Recipe::from_json(setup.evaluate.at("train"))) {
    recipe_.device = setup.device;
    if (recipe_.precision == "auto") throw base::internal_error("precision: auto was not resolved");
  }

  journal::Outcome evaluate(const Evaluation& evaluation) override {
    const auto genome = space::from_text(space_, evaluation.genome);
    const auto architecture = genome ? space::decode(space_, *genome, data_->input())
                                     : base::Result<space::Architecture>(base::failure(genome.error()));
    if (!architecture) return journal::Outcome::failed("refused", architecture.error());
    net::Weights trained;
    auto outcome = train::train(*architecture, *data_, recipe_, evaluation.fidelity, evaluation.seed, &trained);
    if (outcome.ok() && !evaluation.keep.empty()) {
      net::TensorFile file = net::to_state_dict(net::make_network(*architecture), trained);
      file.metadata["genome"] = space::id(space_, *genome);
      net::write_safetensors(evaluation.keep, file);
    }
    return outcome;
  }

 private:
  space::Space space_;
  std::unique_ptr<train::Dataset> data_;
  train::Recipe recipe_;
};

}  // namespace

std::unique_ptr<Evaluator> train(const Setup& setup) {
  return std::make_unique<TrainEvaluator>(setup);
}

}  // namespace weft::evaluate::evaluators
