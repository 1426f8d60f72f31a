#include "train/scoring.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/argmax.h>

namespace weft::train {

Scores score(const Forward& forward, const Dataset& data, Split split, std::int64_t count, std::int64_t batch,
             const at::Device& device) {
  const at::NoGradGuard no_grad;
  Scores total;
  std::int64_t seen = 0;
  for (const Batch& read : data.fixed(split, count, batch)) {
    const Batch one = read.on(device);
    const at::Tensor target = one.target.reshape({-1}), scores = forward(one.input);
    const std::int64_t rows = target.numel();
    total.loss += cross_entropy(scores, target).item<double>() * static_cast<double>(rows);
    total.accuracy += (at::argmax(scores, 1) == target).sum().item<double>();
    seen += rows;
  }
  return {total.loss / static_cast<double>(seen), total.accuracy / static_cast<double>(seen)};
}

void put_scores(const Scores& scores, const std::string& prefix, space::Task task,
                std::map<std::string, double>& metrics) {
  metrics[prefix + "loss"] = scores.loss;
  if (task == space::Task::image_classification) metrics[prefix + "accuracy"] = scores.accuracy;
}

}  // namespace weft::train
