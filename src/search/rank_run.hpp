// Measures what a RankStudy holds: random genomes scored by a run's supernet and by proxies, and each trained alone
// with several seeds. What was measured is kept in a file as it comes, so that a study that was stopped goes on.
#pragma once

#include <functional>
#include <stop_token>

#include "search/experiment.hpp"
#include "search/rank_study.hpp"

namespace weft::search {

struct RankOptions {
  int genomes = 60, seeds = 3;
  std::vector<std::string> proxies;  ///< by name; may be empty
};

/// How many of the study's evaluations are done, and what is being measured.
using RankProgress = std::function<void(std::int64_t done, std::int64_t all, const std::string& what)>;

/// The study of a run whose supernet is trained; its evaluator's winner_retrain is how genomes are trained alone.
/// `folder` is the run's; the study lies in its folder rank/. Nothing where `stop` ended it. Throws base::Error where
/// the run has no supernet, does not say how to train alone, or where fewer than two genomes could be measured.
std::optional<RankStudy> measure_ranks(const Experiment& experiment, const base::fs::path& folder,
                                       const RankOptions& options, const RankProgress& tell,
                                       const std::stop_token& stop);

}  // namespace weft::search
