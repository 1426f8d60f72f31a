// Several tables as one.
#pragma once

#include <vector>

#include "bench/manifest.hpp"

namespace weft::bench {

/// Joins tables of one space with the same metrics into one. Cells that several have must agree in everything that
/// repeats (not in what was measured: seconds, bytes, joules); the first one's stands. Throws base::Error naming the
/// genome and the metric where they do not.
Manifest merge_tables(const std::vector<base::fs::path>& tables, const base::fs::path& folder);

/// The first table with more metrics: those of the others, which have one row a genome (latencies, say), in each row of
/// that genome; none where another has not the genome. Throws base::Error where two have a metric of one name, or
/// another has several rows of a genome, or its space is not the first's.
Manifest add_metrics(const std::vector<base::fs::path>& tables, const base::fs::path& folder);

}  // namespace weft::bench
