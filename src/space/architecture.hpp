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

/// What stands before and after the blocks.
struct Ends {
  enum class Pool { positions, patches, class_token };  ///< over which positions of an image the head takes the mean
  std::int64_t patch = 0;  ///< side of an image patch; 0 where blocks see the image itself, or tokens
  bool class_token = false, learned_position = false;
  Norm norm = Norm::layernorm;  ///< before the head
  bool norm_bias = true;
  double epsilon = 1e-5;  ///< of that norm
  Pool pool = Pool::positions;
  bool tied = false;                              ///< output and input embedding are one
  bool frozen_stem = false, frozen_head = false;  ///< weights that are a base model's and not trained
};

struct Architecture {
  Input input = {};
  bool causal = true;
  std::int64_t width = 0;  ///< channels that the stem gives
  Ends ends = {};
  std::vector<block::Graph> layers = {};
  block::Counts counts = {};     ///< of one example
  bool autoformer_bias = false;  ///< how net::slice() takes biases, see the schema of spaces

  /// What the stem gives the first layer.
  block::Type stem() const;
  /// Channels that come out of the last layer.
  std::int64_t out_width() const;
  /// Positions that the blocks see: one where they see an image.
  std::int64_t positions() const;
  block::Place place() const { return {.causal = causal, .grid = ends.patch > 0}; }
  std::int64_t flops() const { return 2 * counts.macs; }
};

/// Counts of stem and head: the parameters, products and outputs outside the blocks.
block::Counts count_ends(const Architecture& architecture);
/// The same where `out` channels come out of layers that the architecture does not hold.
block::Counts count_ends(const Architecture& architecture, std::int64_t out);

}  // namespace weft::space
