// AdamW (Loshchilov, Hutter 2019) by libtorch's fused kernel, with clipping by the global norm.
#pragma once

#include "net/network.hpp"
#include "train/recipe.hpp"

namespace weft::train {

class Optimizer {
 public:
  /// Keeps references to the tensors of `weights`; they must require gradients.
  Optimizer(const net::Network& network, const net::Weights& weights, const Recipe& recipe);

  /// One update at this learning rate from the gradients that backward() left, which are then dropped.
  void step(double learning_rate);

 private:
  struct Group {
    std::vector<at::Tensor> weights, averages, squares, steps;
    double decay = 0;
  };
  void clip(std::vector<at::Tensor>& gradients) const;
  std::vector<Group> groups_;
  double beta1_, beta2_, epsilon_, clip_;
};

}  // namespace weft::train
