// What a study of rankings says: how well each predictor ranks, how sure that is, and whether it beats sorting by
// parameters. Deterministic: the same study always gives the same numbers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/statistics.hpp"
#include "search/rank_study.hpp"

namespace weft::search {

constexpr std::size_t kFewestForIntervals = 10;  ///< genomes: of fewer, a bootstrap says nothing

struct Estimate {
  double value = 0;
  std::optional<base::Interval> interval;  ///< 95 %
};

/// Of the difference to the baseline: above 0 with its whole interval, below, or neither.
enum class Verdict { yes, no, unclear };
const char* to_text(Verdict verdict);

struct Regret {
  std::size_t k = 1;
  Estimate absolute;                 ///< in the metric's unit, never negative: 0 is perfect
  std::optional<Estimate> relative;  ///< to the best score's size; nothing where that is 0
};

struct Ranking {
  std::string name;
  bool minimize = true;
  bool baseline = false;                ///< params, flops: there without being named
  std::optional<Estimate> tau, rho;     ///< nothing where the predictor, or the truth, is the same for every genome
  std::vector<Regret> regrets;          ///< of k = 1, 5, 10, below the number of genomes
  std::optional<Estimate> over_params;  ///< its tau minus that of params, on the same draws; not of params itself
  Verdict beats_params() const;
};

struct RankSummary {
  std::vector<Ranking> rankings;   ///< the highest tau first
  std::vector<Regret> random;      ///< what a random order leaves to regret, in the mean; without intervals
  std::optional<Estimate> halves;  ///< tau between the means of two random halves of each genome's seeds
  std::optional<double> ceiling;   ///< about the tau of a predictor that knows the truth without noise
  std::size_t genomes = 0, fewest_seeds = 0, most_seeds = 0, resamples = 0;
  base::Json to_json() const;
};

/// Intervals are percentiles over 2000 draws of genomes, and within them of seeds. Throws as RankStudy::check does.
RankSummary summarize(const RankStudy& study);

}  // namespace weft::search
