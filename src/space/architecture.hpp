// An architecture: stem, blocks and head with every size known, exact counts, and no tensor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "block/graph.hpp"

namespace weft::space {

enum class Task { language_model, image_classification };

/// What a data set feeds a network. Sizes that the task does not have are 0.
struct Input {
  Task task = Task::language_model;
  std::int64_t vocabulary = 256, context = 128;                   ///< tokens
  std::int64_t channels = 0, height = 0, width = 0, classes = 0;  ///< images
};

/// The input a task has where no experiment says otherwise: bytes in contexts of 128, or Fashion-MNIST's images.
Input default_input(Task task);

enum class Norm { none, layernorm, rmsnorm };

struct Architecture {
  Input input = {};
  bool causal = true;
  std::int64_t width = 0;  ///< channels between blocks
  std::int64_t patch = 0;  ///< side of an image patch
  bool learned_position = false;
  std::vector<block::Graph> layers = {};
  Norm norm = Norm::layernorm;  ///< before the head
  bool norm_bias = true;
  bool tied = false;          ///< output and input embedding are one
  block::Counts counts = {};  ///< of one example

  /// Positions that the blocks see.
  std::int64_t positions() const {
    if (input.task == Task::language_model) return input.context;
    return (input.height / patch) * (input.width / patch);
  }
  std::int64_t flops() const { return 2 * counts.macs; }
};

/// Counts of stem and head: the parameters, products and outputs outside the blocks.
block::Counts count_ends(const Architecture& architecture);

}  // namespace weft::space
