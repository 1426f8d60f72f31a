// Recurrent cells as NAS-Bench-NLP writes them (Klyuchnikov et al. 2020): JSON objects of named nodes, each an op and
// its inputs. Read where an open gene is given as an object.
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "block/program.hpp"

namespace weft::space {

/// Whether a value is an object of nothing but objects that name an op.
bool is_recipe(const base::Json& value);

/// The program `around` with the recipe's cell in every scan. The recipe's linear is one product of its inputs side by
/// side; nodes that no new state needs are dropped. The error names the node.
base::Result<block::Program> with_recipe(const block::Program& around, const base::Json& recipe);

}  // namespace weft::space
