#include "train/trainer.hpp"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "base/text.hpp"
#include "net/checkpoint.hpp"
#include "net/device.hpp"
#include "train/autocast.hpp"
#include "train/budget.hpp"
#include "train/guarded.hpp"
#include "train/optimizer.hpp"
#include "train/scoring.hpp"

namespace weft::train {
namespace {

class Trainer {
 public:
  Trainer(const space::Architecture& architecture, const Dataset& data, const Recipe& recipe, std::uint64_t seed,
          const net::Weights* initial = nullptr)
      : network_(net::make_network(architecture)),
        data_(data),
        recipe_(recipe),
        device_(net::parse_device(recipe.device)),
        random_(seed, "batches") {
    at::manual_seed(seed);
    weights_ = initial == nullptr ? net::initialise(network_, seed, device_) : copies(*initial);
    if (!recipe.base.empty()) net::take_base(network_, weights_, recipe.base);
    for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i].set_requires_grad(network_.weights[i].learns());
    optimizer_.emplace(network_, weights_, recipe);
  }

  journal::Outcome run(const journal::Fidelity& fidelity) {
    const auto start = Clock::now();
    const std::int64_t tokens_a_step = recipe_.batch * network_.architecture.positions();
    const Budget budget(recipe_, fidelity.budget, tokens_a_step);
    journal::Outcome outcome;
    double next_point = 1.0 / recipe_.curve;
    std::int64_t step = 0;
    for (double used = 0; used < 1;) {
      const at::Tensor loss = train_step(learning_rate(recipe_, used));
      used = budget.used(++step, seconds_since(start));
      if (seconds_since(start) > recipe_.time_limit)
        return journal::Outcome::failed("time_limit",
                                        "took longer than " + base::number_text(recipe_.time_limit) + " s", true);
      if (used + 1e-9 < next_point && used < 1 && !device_.is_cpu()) continue;  // reading a loss waits for the GPU
      const auto train_loss = loss.item<double>();
      if (!std::isfinite(train_loss))
        return journal::Outcome::failed(
            "diverged", "the training loss became " + std::to_string(train_loss) + " at step " + std::to_string(step));
      if (used + 1e-9 < next_point && used < 1) continue;
      add_point(outcome, step, step * tokens_a_step, train_loss);
      while (next_point <= used + 1e-9) next_point += 1.0 / recipe_.curve;
    }
    return finish(std::move(outcome), fidelity, step, step * tokens_a_step, seconds_since(start));
  }

  const net::Weights& weights() const { return weights_; }

  // Median seconds of a step after a warm-up.
  double step_seconds() {
    std::vector<double> times;
    for (int i = 0; i < 8; ++i) {
      const auto start = Clock::now();
      train_step(1e-4).item<double>();
      if (i >= 3) times.push_back(seconds_since(start));
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }

 private:
  net::Weights copies(const net::Weights& weights) const {
    net::Weights list;
    for (const at::Tensor& weight : weights) list.push_back(weight.detach().to(device_).clone());
    return list;
  }

  bool images() const { return network_.architecture.input.task == space::Task::image_classification; }

  at::Tensor scores(const at::Tensor& input, bool training) const {
    const Autocast autocast(recipe_.precision == "bf16", device_.type());
    const at::Tensor logits = net::forward(network_, weights_, input, training);
    return logits.reshape({-1, logits.size(-1)}).to(at::kFloat);
  }

  at::Tensor train_step(double rate) {
    const Batch batch = data_.sample(random_, recipe_.batch).on(device_);
    data_.prepare(random_, 0, recipe_.batch);
    const at::Tensor loss = cross_entropy(scores(batch.input, true), batch.target);
    if (!loss.requires_grad()) return loss;  // nothing of it learns: a frozen base without adapters
    loss.backward();
    optimizer_->step(rate);
    return loss.detach();
  }

  Scores evaluate(Split split, std::int64_t count) const {
    return score([this](const at::Tensor& input) { return scores(input, false); }, data_, split, count,
                 2 * recipe_.batch, device_);
  }

  void add_point(journal::Outcome& outcome, std::int64_t step, std::int64_t tokens, double train_loss) const {
    const Scores validation = evaluate(Split::validation, recipe_.validation);
    base::Json point = {{"step", step}, {"tokens", tokens}, {"train_loss", train_loss}, {"val_loss", validation.loss}};
    if (images()) point["val_accuracy"] = validation.accuracy;
    outcome.curve.push_back(std::move(point));
  }

  journal::Outcome finish(journal::Outcome outcome, const journal::Fidelity& fidelity, std::int64_t steps,
                          std::int64_t tokens, double seconds) const {
    const base::Json& last = outcome.curve.back();
    for (const char* name : {"train_loss", "val_loss", "val_accuracy"}) {
      if (last.contains(name)) outcome.metrics[name] = last.at(name);
    }
    if (!std::isfinite(outcome.metrics["val_loss"]))
      return journal::Outcome::failed("diverged", "the validation loss is not a number");
    outcome.metrics["params"] = static_cast<double>(net::count_parameters(network_, weights_));
    outcome.metrics["trainable_params"] = static_cast<double>(network_.architecture.counts.trainable);
    outcome.metrics["flops"] = static_cast<double>(network_.architecture.flops());
    outcome.metrics["steps"] = static_cast<double>(steps);
    outcome.metrics["tokens"] = static_cast<double>(tokens);
    outcome.measured["train_s"] = seconds;
    outcome.measured["tokens_per_s"] = static_cast<double>(tokens) / seconds;
    outcome.measured["memory_bytes"] = PeakMemory::bytes();
    if (fidelity.test) {
      put_scores(evaluate(Split::test, recipe_.test), "test_", network_.architecture.input.task, outcome.test);
    }
    return outcome;
  }

  net::Network network_;
  const Dataset& data_;
  const Recipe& recipe_;
  at::Device device_;
  base::Random random_;
  net::Weights weights_;
  std::optional<Optimizer> optimizer_;
};

}  // namespace

journal::Outcome train(const space::Architecture& architecture, const Dataset& data, const Recipe& recipe,
                       const journal::Fidelity& fidelity, std::uint64_t seed, net::Weights* trained,
                       const net::Weights* initial) {
  const PeakMemory peak;
  return guarded([&] {
    Trainer trainer(architecture, data, recipe, seed, initial);
    journal::Outcome outcome = trainer.run(fidelity);
    if (trained != nullptr && outcome.ok()) *trained = trainer.weights();
    return outcome;
  });
}

std::string faster_precision(const space::Architecture& architecture, const Dataset& data, const Recipe& recipe) {
  Recipe full = recipe, half = recipe;
  full.precision = "fp32";
  half.precision = "bf16";
  const double full_s = Trainer(architecture, data, full, 1).step_seconds(),
               half_s = Trainer(architecture, data, half, 1).step_seconds();
  return half_s * 1.05 < full_s ? "bf16" : "fp32";
}

}  // namespace weft::train
