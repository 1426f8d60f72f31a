// What holds a model's replies to a space: a schema, a grammar, and for a model in this process the checker of
// unfinished genomes, which knows shapes and limits.
#pragma once

#include "llm/chat.hpp"
#include "space/space.hpp"

namespace weft::evolve {

/// The space must outlive the requests that hold this.
llm::Constraint constraint_for(const space::Space& space, const space::Input& input);

}  // namespace weft::evolve
