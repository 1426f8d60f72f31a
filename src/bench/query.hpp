// Questions to a table, as the command line and the server ask them. Task, fidelity, seed and metric are always said; a
// cell that the table does not have is an error, never the mean of others.
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "bench/table.hpp"

namespace weft::bench {

/// Answers {"genome", "task", "fidelity", "seed", "metric"} and perhaps "unit" with {"value", "unit"}; for a curve the
/// value is a list and "steps" stands beside it. The error says what the table has instead.
base::Result<base::Json> answer(const Table& table, const base::Json& question);

/// What a table holds: the manifest's texts, and of each metric how many rows have it, the least and the most.
base::Json describe(const Table& table);

}  // namespace weft::bench
