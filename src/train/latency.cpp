#include "train/latency.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <chrono>

#include "base/statistics.hpp"
#include "base/text.hpp"
#include "net/device.hpp"
#include "train/guarded.hpp"
#include "train/optimizer.hpp"

namespace weft::train {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// A network with random weights and a batch of random examples, both on the device.
class Pass {
 public:
  Pass(const space::Architecture& architecture, const LatencyRecipe& recipe)
      : network_(net::make_network(architecture)),
        device_(net::parse_device(recipe.device)),
        weights_(net::initialise(network_, 0, device_)) {
    const space::Input& input = architecture.input;
    const auto whole = at::TensorOptions().dtype(at::kLong).device(device_);
    if (input.task == space::Task::language_model) {
      input_ = at::randint(input.vocabulary, {recipe.batch, input.context}, whole);
      target_ = at::randint(input.vocabulary, {recipe.batch * input.context}, whole);
    } else {
      input_ = at::randn({recipe.batch, input.channels, input.height, input.width}, at::device(device_));
      target_ = at::randint(input.classes, {recipe.batch}, whole);
    }
    if (!recipe.training) return;
    for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i].set_requires_grad(network_.weights[i].learns());
    optimizer_.emplace(network_, weights_, Recipe{});
  }

  // Seconds of one pass.
  double run() {
    net::synchronize(device_);
    const auto start = Clock::now();
    if (optimizer_) {
      const at::Tensor scores = net::forward(network_, weights_, input_, true);
      at::cross_entropy_loss(scores.reshape({-1, scores.size(-1)}), target_).backward();
      optimizer_->step(1e-4);
    } else {
      const at::NoGradGuard no_grad;
      net::forward(network_, weights_, input_, false);
    }
    net::synchronize(device_);
    return seconds_since(start);
  }

 private:
  net::Network network_;
  at::Device device_;
  net::Weights weights_;
  at::Tensor input_, target_;
  std::optional<Optimizer> optimizer_;
};

}  // namespace

LatencyRecipe LatencyRecipe::from_json(const base::Json& checked) {
  return {.batch = checked.at("batch"),
          .training = checked.at("mode") == "training",
          .warmup = checked.at("warmup"),
          .repeats = checked.at("repeats"),
          .time_limit = checked.at("time_limit")};
}

journal::Outcome measure_latency(const space::Architecture& architecture, const LatencyRecipe& recipe) {
  return guarded([&] {
    Pass pass(architecture, recipe);
    const auto start = Clock::now();
    std::vector<double> times;
    for (int i = 0; i < recipe.warmup + recipe.repeats; ++i) {
      const double seconds = pass.run();
      if (i >= recipe.warmup) times.push_back(seconds);
      if (seconds_since(start) > recipe.time_limit)
        return journal::Outcome::failed("time_limit", "took longer than " + base::number_text(recipe.time_limit) + " s",
                                        true);
    }
    journal::Outcome outcome;
    outcome.measured["latency_s"] = base::quantile(times, 0.5);
    outcome.measured["latency_iqr_s"] = base::quantile(times, 0.75) - base::quantile(times, 0.25);
    return outcome;
  });
}

}  // namespace weft::train
