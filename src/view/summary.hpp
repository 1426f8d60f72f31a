// A run as data: what the terminal's summary and the report are made from. Readers of the journal.
#pragma once

#include <string>

#include "base/json.hpp"
#include "journal/journal.hpp"

namespace weft::view {

/// Everything that a report shows, as one JSON value: `weft report --format json` prints it. Test scores are in it only
/// once the run is over.
base::Json summarize(const journal::Journal& journal);

/// What `summarize` says of its best trial, of any: genome, outcome, lineage with what changed, program.
base::Json describe_trial(const journal::Journal& journal, journal::TrialId trial);

/// Why no trial has a score, in one line; empty where one has, or where there are none.
std::string why_unscored(const base::Json& summary);

/// A few lines for the terminal: the best genome with its scores, what it cost, where the report lies, what to do next.
std::string closing_words(const base::Json& summary, const std::string& ended, const base::fs::path& folder,
                          const std::string& again);

}  // namespace weft::view
