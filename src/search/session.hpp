// One process's part of a run: everything that the journal's header names is made, the loop runs, the winner gets its
// test scores. run and resume both end here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "journal/journal.hpp"
#include "search/experiment.hpp"
#include "search/progress.hpp"
#include "search/search.hpp"

namespace weft::search {

/// Starts a run's journal in `folder`: the experiment is resolved and written down with the data's hashes, the price
/// table and what machine and versions this is.
std::unique_ptr<journal::Journal> start_run(Experiment& experiment, const base::fs::path& folder);

/// Opens a run to go on with. `settings` may change limits (search.trials, search.evaluations, budget.*) and the
/// engine's workers, and nothing else; throws Error for another key.
std::unique_ptr<journal::Journal> reopen_run(const base::fs::path& folder, const std::vector<std::string>& settings,
                                             Experiment& experiment);

using MakeEngine =
    std::function<std::unique_ptr<evaluate::Engine>(const evaluate::Setup& setup, const evaluate::Plan& plan)>;

/// Searches until something ends it, then has the best genome evaluated with test scores (unless it was stopped).
/// Returns what ended it, as run_search() does. The journal's "final" then holds {trial, outcome}.
std::string run_session(const Experiment& experiment, journal::Journal& journal, Progress& progress,
                        const StopSigns& stop, const MakeEngine& make_engine = evaluate::make_local_engine);

/// Where a run keeps the trained weights of its winner (net::to_state_dict(), with the genome's id): written with the
/// final outcome, where the evaluator trains.
std::string kept_weights(const base::fs::path& folder);

/// The folder of a new run: `wanted`, or runs/<name>, with a number where that exists.
base::fs::path run_folder(const std::string& wanted, const std::string& name);

}  // namespace weft::search
