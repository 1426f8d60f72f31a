// A forward pass whose head sees a mixture of what several layers give: how deep it is, is then a matter of degree.
#pragma once

#include "net/network.hpp"

namespace weft::net {

/// The share that a layer's output has in what the head sees.
struct Exit {
  std::size_t layer = 0;  ///< index into Pass::layers
  at::Tensor share;       ///< a scalar; autograd differentiates it
};

/// As forward(), but the head sees the sum of the exits' outputs, each multiplied with its share, in place of the last
/// layer's. The exits stand in the order of their layers, whose outputs are of one shape; none: as forward().
at::Tensor forward(const Pass& pass, std::span<const Exit> exits, const at::Tensor& input, bool training);

}  // namespace weft::net
