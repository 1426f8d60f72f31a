// Puts the channels and heads of a supernet's largest network in order of importance, the most important first, so that
// smaller networks keep those (Cai et al. 2020, OFA, section 3.3: the L1 norm of what reads a channel).
#pragma once

#include "net/supernet.hpp"

namespace weft::train {

/// Permutes hidden channels and heads within each layer; the largest network's scores stay what they are. The
/// optimiser's moments and averaged weights move with the values. Layers whose weights the largest network shares with
/// no other part of itself are sorted; the residual stream is not.
void sort_by_importance(net::Supernet& supernet, const space::Genome& largest);

}  // namespace weft::train
