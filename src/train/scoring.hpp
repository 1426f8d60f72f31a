// How well a network does on a split: the same for networks that train alone and for parts of a supernet.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "train/data.hpp"

namespace weft::train {

struct Scores {
  double loss = 0;      ///< nats
  double accuracy = 0;  ///< share of positions, or of images, whose highest score is the right one
};

/// Scores [N, classes] in float32 for a batch's input, which is on the device already.
using Forward = std::function<at::Tensor(const at::Tensor& input)>;

/// Over the same `count` examples of a split, without gradients.
Scores score(const Forward& forward, const Dataset& data, Split split, std::int64_t count, std::int64_t batch,
             const at::Device& device);

/// "loss" and, for images, "accuracy", each after `prefix`: val_loss, val_accuracy.
void put_scores(const Scores& scores, const std::string& prefix, space::Task task,
                std::map<std::string, double>& metrics);

/// Examples of a test: as many as there are, up to 4,096.
constexpr std::int64_t kTestExamples = std::int64_t{1} << 12U;

}  // namespace weft::train
