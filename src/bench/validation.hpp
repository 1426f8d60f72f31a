// Whether a table can be trusted: gaps, outliers, the noise of seeds beside the differences between genomes, and how
// stable the ranking is. Functions of a table alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/table.hpp"

namespace weft::bench {

/// A score that lies far from the others of its genome.
struct Outlier {
  std::int64_t row = 0;          ///< of the file, from 0
  double value = 0, others = 0;  ///< the genome's median
  double deviations = 0;         ///< robust standard deviations of the seeds' scatter between them
};

/// One metric on one task at one fidelity.
struct CellCheck {
  std::string task;
  double fidelity = 0;
  std::int64_t genomes = 0, scores = 0, missing = 0;  ///< missing: of every genome with every seed
  double mean = 0, least = 0, most = 0;
  double between = 0;  ///< standard deviation between genomes (of their true means)
  /// What several measurements of a genome tell; absent where each has one, or one that stands in all its rows.
  struct Seeds {
    double within = 0;  ///< standard deviation between seeds of one genome
    /// The share of a single score's variance that the genome decides (intraclass correlation); of the mean of all
    /// seeds.
    double reliability = 0, reliability_of_mean = 0;
    std::optional<double> tau;  ///< mean Kendall's tau between the rankings by two seeds
  };
  std::optional<Seeds> seeds;
  std::optional<double> params_tau;  ///< of having more parameters against being better, by the mean of the seeds
  std::vector<Outlier> outliers;     ///< the farthest first, ten at most
};

/// For each task and fidelity, of a metric that is no curve. Throws base::Error where the table has no such metric.
std::vector<CellCheck> check_table(const Table& table, const std::string& metric);

base::Json to_json(const CellCheck& check);

}  // namespace weft::bench
