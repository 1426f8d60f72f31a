// Weights under the names that the exported PyTorch file has for them: what a run keeps of its winner, what `weft
// export` writes, and what it reads back.
#pragma once

#include "net/network.hpp"
#include "net/safetensors.hpp"

namespace weft::net {

/// The state dict of the model that write_python() gives for this architecture.
TensorFile to_state_dict(const Network& network, const Weights& weights);

/// The weights of such a file in the network's order. Throws base::Error, naming the file `from`, for a tensor that is
/// missing, too many, or of another shape.
Weights from_state_dict(const Network& network, const TensorFile& file, const std::string& from);

}  // namespace weft::net
