#include <ATen/core/grad_mode.h>

#include "base/error.hpp"
#include "base/random.hpp"
#include "evaluate/evaluators/all.hpp"
#include "net/checkpoint.hpp"
#include "net/device.hpp"
#include "space/genome_text.hpp"
#include "train/autocast.hpp"
#include "train/budget.hpp"
#include "train/guarded.hpp"
#include "train/scoring.hpp"
#include "train/supernet_checkpoint.hpp"
#include "train/trainer.hpp"

namespace weft::evaluate::evaluators {
namespace {

using base::Json;

// Scores with weights that a supernet has inherited to a genome (Chen et al. 2021, section 3.3); for the winner also
// after fine-tuning them, and after training it alone from fresh ones.
class SupernetEvaluator : public Evaluator {
 public:
  explicit SupernetEvaluator(const Setup& setup)
      : space_(space::Space::from_snapshot(setup.space)),
        data_(train::open_dataset(train::TaskConfig::from_json(setup.task))),
        config_(setup.evaluate.at("supernet")),
        device_(net::parse_device(setup.device)),
        recipe_(recipe_of(config_.at("train"))) {
    if (!config_.contains("checkpoint"))
      throw base::Error("the supernet is not trained yet; run the experiment, or weft supernet train");
    supernet_ = train::open_supernet(config_.at("checkpoint").get<std::string>(), space_, data_->input(), device_);
  }

  journal::Outcome evaluate(const Evaluation& evaluation) override {
    return train::guarded([&] { return scored(evaluation); });
  }

 private:
  train::Recipe recipe_of(const Json& checked) const {
    train::Recipe recipe = train::Recipe::from_json(checked);
    recipe.device = device_.str();
    return recipe;
  }

  journal::Outcome scored(const Evaluation& evaluation) {
    const auto start = train::Clock::now();
    const auto genome = space::from_text(space_, evaluation.genome);
    const auto network =
        genome ? supernet_->select(*genome) : base::Result<net::SubNetwork>(base::failure(genome.error()));
    if (!network) return journal::Outcome::failed("refused", network.error());
    const space::Architecture architecture = *space::decode(space_, *genome, data_->input());
    const net::Network alone = net::make_network(architecture);
    net::Weights weights = network->copy_weights();
    recalibrate(alone, weights, evaluation.seed);
    journal::Outcome outcome;
    put(alone, weights, train::Split::validation, recipe_.validation, "val_", outcome.metrics);
    if (config_.contains("finetune")) {
      const auto tuned = tune("finetune", architecture, evaluation, &weights);
      if (!tuned.ok()) return tuned;
      for (const char* name : {"val_loss", "val_accuracy"}) {
        if (!outcome.metrics.contains(name)) continue;
        outcome.metrics["inherited_" + std::string(name)] = outcome.metrics[name];
        outcome.metrics[name] = tuned.metrics.at(name);
      }
      outcome.curve = tuned.curve;
    }
    outcome.metrics["params"] = static_cast<double>(network->counts().params);
    outcome.metrics["flops"] = static_cast<double>(architecture.flops());
    if (evaluation.fidelity.test) test(alone, weights, evaluation, outcome);
    outcome.measured["evaluate_s"] = train::seconds_since(start);
    return outcome;
  }

  // Running statistics of batch norm are of no sub-network in particular: they are taken anew (Yu, Huang 2019, section
  // 3.3), over training batches.
  void recalibrate(const net::Network& network, net::Weights& weights, std::uint64_t seed) const {
    const at::NoGradGuard no_grad;
    bool any = false;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (network.weights[i].trained) continue;
      weights[i].fill_(network.weights[i].value);
      any = true;
    }
    base::Random random(seed, "recalibration");
    for (int batch = 0; any && batch < config_.at("recalibrate").get<int>(); ++batch)
      forward(network, weights, data_->sample(random, recipe_.batch).on(device_).input, true);
  }

  at::Tensor forward(const net::Network& network, const net::Weights& weights, const at::Tensor& input,
                     bool training) const {
    const train::Autocast autocast(recipe_.precision == "bf16", device_.type());
    const at::Tensor logits = net::forward(network, weights, input, training);
    return logits.reshape({-1, logits.size(-1)}).to(at::kFloat);
  }

  void put(const net::Network& network, const net::Weights& weights, train::Split split, std::int64_t count,
           const std::string& prefix, std::map<std::string, double>& metrics) const {
    const auto scores = [&](const at::Tensor& input) { return forward(network, weights, input, false); };
    train::put_scores(train::score(scores, *data_, split, count, 2 * recipe_.batch, device_), prefix,
                      network.architecture.input.task, metrics);
  }

  // Trains on from weights, or from fresh ones, by the recipe of that name.
  journal::Outcome tune(const char* name, const space::Architecture& architecture, const Evaluation& evaluation,
                        net::Weights* weights, bool fresh = false) const {
    const train::Recipe recipe = recipe_of(config_.at(name));
    net::Weights trained;
    auto outcome = train::train(architecture, *data_, recipe, evaluation.fidelity, evaluation.seed, &trained,
                                fresh ? nullptr : weights);
    if (outcome.ok() && weights != nullptr) *weights = std::move(trained);
    return outcome;
  }

  // The winner: inherited, trained on, and trained alone, each with its test scores. What is kept are the weights that
  // were trained on, where there are such.
  void test(const net::Network& network, net::Weights& weights, const Evaluation& evaluation,
            journal::Outcome& outcome) const {
    put(network, weights, train::Split::test, train::kTestExamples, "test_", outcome.test);
    for (const char* name : {"winner_finetune", "winner_retrain"}) {
      if (!config_.contains(name)) continue;
      const bool fresh = std::string_view(name) == "winner_retrain";
      net::Weights own = weights;
      const auto tuned = tune(name, network.architecture, evaluation, &own, fresh);
      const std::string suffix = fresh ? "_retrained" : "_finetuned";
      for (const auto& [metric, value] : tuned.test) outcome.test[metric + suffix] = value;
      if (tuned.ok() && !fresh) weights = std::move(own);
    }
    if (evaluation.keep.empty()) return;
    net::TensorFile file = net::to_state_dict(network, weights);
    file.metadata["genome"] = space::id(space_, *space::from_text(space_, evaluation.genome));
    net::write_safetensors(evaluation.keep, file);
  }

  space::Space space_;
  std::unique_ptr<train::Dataset> data_;
  Json config_;
  at::Device device_;
  train::Recipe recipe_;
  std::unique_ptr<net::Supernet> supernet_;
};

}  // namespace

std::unique_ptr<Evaluator> supernet(const Setup& setup) {
  return std::make_unique<SupernetEvaluator>(setup);
}

}  // namespace weft::evaluate::evaluators
