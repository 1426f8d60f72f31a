#include <algorithm>

#include "evaluate/evaluators/all.hpp"
#include "net/device.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "train/guarded.hpp"
#include "train/proxies.hpp"

namespace weft::evaluate::evaluators {
namespace {

// Every candidate sees the same batches.
constexpr std::uint64_t kBatches = 1;

train::ProxyOptions options_of(const base::Json& checked) {
  return {.scores = checked.at("scores"), .batch = checked.at("batch"), .batches = checked.at("batches")};
}

class ProxyEvaluator : public Evaluator {
 public:
  explicit ProxyEvaluator(const Setup& setup)
      : space_(space::Space::from_snapshot(setup.space)),
        data_(train::open_dataset(train::TaskConfig::from_json(setup.task))),
        options_(options_of(setup.evaluate.at("proxy"))),
        device_(net::parse_device(setup.device)) {}

  journal::Outcome evaluate(const Evaluation& evaluation) override {
    const auto genome = space::from_text(space_, evaluation.genome);
    const auto architecture = genome ? space::decode(space_, *genome, data_->input())
                                     : base::Result<space::Architecture>(base::failure(genome.error()));
    if (!architecture) return journal::Outcome::failed("refused", architecture.error());
    return train::guarded([&] { return score(*architecture, evaluation.seed); });
  }

 private:
  journal::Outcome score(const space::Architecture& architecture, std::uint64_t seed) const {
    const net::Network network = net::make_network(architecture);
    const net::Weights weights = net::initialise(network, seed, device_);
    std::map<std::string, std::string> missing;
    journal::Outcome outcome;
    outcome.metrics = train::compute_proxies(network, weights, *data_, options_, kBatches, &missing);
    outcome.metrics["trainable_params"] = static_cast<double>(architecture.counts.trainable);
    const bool some = std::any_of(options_.scores.begin(), options_.scores.end(),
                                  [&](const std::string& name) { return outcome.metrics.contains(name); });
    if (some) return outcome;
    const auto& [name, reason] = *missing.begin();
    return journal::Outcome::failed("no_score", name + ": " + reason);
  }

  space::Space space_;
  std::unique_ptr<train::Dataset> data_;
  train::ProxyOptions options_;
  c10::Device device_;
};

}  // namespace

std::unique_ptr<Evaluator> proxy(const Setup& setup) {
  return std::make_unique<ProxyEvaluator>(setup);
}

}  // namespace weft::evaluate::evaluators
