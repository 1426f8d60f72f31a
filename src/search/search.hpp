// The loop: asks the method, has its drafts completed and evaluated, journals, tells. Deterministic given seed, replies
// and outcomes, whoever finishes first.
#pragma once

#include <stop_token>

#include "evolve/proposer.hpp"
#include "journal/journal.hpp"
#include "search/limits.hpp"
#include "search/progress.hpp"
#include "search/window.hpp"

namespace weft::search {

/// How a run was asked to stop: gently (ask no more, finish what is under way) and at once.
struct StopSigns {
  std::stop_token gently, at_once;
};

/// Runs until the method or a limit ends it and everything under way is learned, or until it is told to stop. What an
/// earlier session journaled is asked for and told again in the same order, from the journal. Returns what ended it:
/// "method" (it has nothing more to ask), "stopped", or the limit's name.
std::string run_search(evolve::Proposer& proposer, Window& window, journal::Journal& journal, Limits& limits,
                       Progress& progress, std::uint64_t seed, const StopSigns& stop);

}  // namespace weft::search
