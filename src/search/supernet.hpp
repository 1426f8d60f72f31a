// The supernet that an experiment scores its candidates with: trained before the search, into the run's folder.
#pragma once

#include <stop_token>

#include "base/files.hpp"
#include "search/experiment.hpp"
#include "search/progress.hpp"

namespace weft::search {

/// The stage of the experiment's evaluator that scores with a supernet to be trained here; null where there is none, or
/// where it names a checkpoint.
std::optional<evaluate::Stage> own_supernet(const Experiment& experiment);

/// Where a run keeps its supernet.
base::fs::path supernet_file(const base::fs::path& folder);

/// Trains it, or goes on with it, where the experiment has one: progress says how far it is. False where it was
/// stopped.
bool train_own_supernet(const Experiment& experiment, const base::fs::path& folder, Progress& progress,
                        const std::stop_token& stop);

/// What the schema cannot say of mixtures: they train all sub-networks at once, so that what is said of drawn ones has
/// no meaning; and the method `mixture` needs one. Throws base::Error with the line.
void check_mixture(const base::Document& document, const base::Json& checked);

/// How the training of the run's own supernet went, as its last checkpoint has it: {"curve": [...]}, a point an object
/// of step, used, seconds, train_loss, and the validation losses largest, middle and smallest. Empty where there is no
/// supernet, {"problem": "..."} where it cannot be read.
base::Json supernet_training(const Experiment& experiment, const base::fs::path& folder);

/// The probabilities that the supernet's mixture learned, for the method `mixture`; null for other methods. Throws
/// base::Error where the supernet, its own or the checkpoint that the evaluator names, learned none.
base::Json mixture_probabilities(const Experiment& experiment, const base::fs::path& folder);

/// The experiment's setup, with the run's own supernet as the checkpoint to score with.
evaluate::Setup setup_of(const Experiment& experiment, const base::fs::path& folder);

}  // namespace weft::search
