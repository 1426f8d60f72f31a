// Weights of a network out of a file, whole or the frozen ones alone. Called by training and by `weft model forward`.
#pragma once

#include "base/files.hpp"
#include "net/network.hpp"

namespace weft::net {

/// One tensor for each weight, found by name, on the CPU in the file's types. Throws base::Error for one that is
/// missing or of another shape, and for one that the network does not have.
Weights read_weights(const Network& network, const base::fs::path& path);

/// Puts a base model's weights where the network's are frozen. The base is the same architecture without what is not
/// frozen, so that the frozen weights of each part (stem, every layer, head) are its weights of that part, in order.
/// Throws base::Error where their number or a shape differs, and where nothing is frozen.
void take_base(const Network& network, Weights& weights, const base::fs::path& path);

}  // namespace weft::net
