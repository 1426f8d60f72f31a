// A smaller architecture's weights as views of a larger one's: entangled weights, as supernets share them (Chen et al.
// 2021, AutoFormer, section 3.1). Called by `weft model forward --supernet`.
#pragma once

#include "net/network.hpp"

namespace weft::net {

/// The leading part of every axis of the weight of the same name. Both networks are genomes of one space; heads must
/// have the same size in both. With the compatibility flag `autoformer_bias` of the smaller one, biases of queries,
/// keys and values are the leading parts of all three side by side, as AutoFormer's code has it. Throws base::Error
/// where the larger network has no such weight or a smaller one, or where a layer splits or joins channels, of which no
/// leading part is whole.
Weights slice(const Network& super, const Weights& weights, const Network& sub);

}  // namespace weft::net
