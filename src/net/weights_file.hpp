// Weights of a network out of a file, whole or the frozen ones alone. Called by training and by `weft model forward`.
#pragma once

#include "base/files.hpp"
#include "net/network.hpp"

namespace weft::net {

/// One tensor for each weight, found by name, on the CPU in the file's types. Throws base::Error for one that is
/// missing or of another shape, and for one that the network does not have.
Weights read_weights(const Network& network, const base::fs::path& path);

/// Puts a base model's weights where the network's are frozen. The base is the same architecture without what is not
/// frozen: the frozen ops of a layer are its ops with weights, in order; stem and head go by name. Throws base::Error
/// where one is missing, left over or of another shape, and where nothing is frozen.
void take_base(const Network& network, Weights& weights, const base::fs::path& path);

}  // namespace weft::net
