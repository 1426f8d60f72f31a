// The best trials of a run as pictures: what each is, and how it differs from its parent. Part of the HTML report.
#pragma once

#include "base/json.hpp"
#include "search/experiment.hpp"

namespace weft::view {

/// For each of the best few trials, best first: its number and scores, its architecture as SVG, and against its better
/// parent the genes that changed and, where its program did, the difference as SVG. `summary` is summarize()'s.
base::Json best_trials(const base::Json& summary, const search::Experiment& experiment);

}  // namespace weft::view
