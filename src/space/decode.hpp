// From genome to architecture: genes bound, programs checked for every layer, limits kept.
#pragma once

#include <string>

#include "base/result.hpp"
#include "space/space.hpp"

namespace weft::space {

/// The architecture, or one line for people and language models saying what is wrong: a shape, a domain, a limit.
base::Result<Architecture> decode(const Space& space, const Genome& genome, const Input& input);

/// What the names in capitals are worth in a layer, without those of inactive genes. A gene of names counts them.
block::Binding bind_layer(const Space& space, const Genome& genome, int layer);

/// D of a binding, or 0 where there is none that can be a width.
std::int64_t width_of(const block::Binding& binding);

/// The program of a layer.
const block::Program& program_of(const Space& space, const Genome& genome, int layer);

/// The task's sizes, with the space's own vocabulary where it sets one.
Input input_for(const Space& space, Input input);

}  // namespace weft::space
