// An architecture's forward pass from file to file, for comparisons with other people's code.
#pragma once

#include "base/files.hpp"
#include "base/json.hpp"
#include "space/architecture.hpp"

namespace weft::net {

struct ForwardFiles {
  base::fs::path weights, input, output;  ///< safetensors
};

/// Reads the tensor "input" (tokens [B, T] as int64, or images [B, channels, height, width]) and writes "logits", in
/// the type of the weights. Throws base::Error where a file or a tensor does not fit. With a `supernet` the weights are
/// of that larger architecture of the same space, and the leading parts are taken.
void forward_file(const space::Architecture& architecture, const ForwardFiles& files,
                  const space::Architecture* supernet = nullptr);

/// Names and shapes of the weights, in order: [["stem.embedding", [256, 64]], ...].
base::Json weight_list(const space::Architecture& architecture);

}  // namespace weft::net
