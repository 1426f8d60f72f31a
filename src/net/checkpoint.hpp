// Weights in files: under weft's names for them, or under those that the exported PyTorch file has.
#pragma once

#include "net/network.hpp"
#include "net/safetensors.hpp"

namespace weft::net {

/// The state dict of the model that write_python() gives for this architecture: what a run keeps of its winner and
/// `weft export` writes. Its metadata has weft's names, so that it can be a base.
TensorFile to_state_dict(const Network& network, const Weights& weights);

/// One tensor for each weight, under either name, on the CPU in the file's types. Throws base::Error, naming the file
/// `from`, for a tensor that is missing, too many, or of another shape.
Weights read_weights(const Network& network, const TensorFile& file, const std::string& from);

/// Puts a base model's weights where the network's are frozen. The base is the same architecture without what is not
/// frozen: the frozen ops of a layer are its ops with weights, in order; stem and head go by name. Throws base::Error
/// where one is missing, left over or of another shape, and where nothing is frozen.
void take_base(const Network& network, Weights& weights, const base::fs::path& path);

}  // namespace weft::net
