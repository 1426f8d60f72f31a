// Conventional edits of a program's graph: the twins of what a language model does to its text.
#pragma once

#include "base/random.hpp"
#include "block/program.hpp"

namespace weft::block {

/// One random edit: change an attribute, replace an op by one of its kind, insert or delete an op that keeps its
/// input's type, or add an earlier value to a later one. The result is canonical; whether its shapes fit is for check()
/// to say. `genes` are the names that attributes may use.
Program mutate(const Program& program, base::Random& random, const std::vector<std::string>& genes);

}  // namespace weft::block
