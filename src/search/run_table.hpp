// Tables of one's own: what a run's journal has, as rows.
#pragma once

#include "bench/manifest.hpp"

namespace weft::search {

/// Writes the outcomes of a run into a table's folder: a row for each genome, budget and seed; metrics, what was
/// measured, test scores, curves. The experiment's `table` has the manifest's name, description, notes, licence,
/// citation. Failed evaluations give no row; returns the manifest, and how many failed. Throws base::Error where there
/// is no row.
struct Built {
  bench::Manifest manifest;
  std::int64_t failed = 0;
};
Built table_of_run(const base::fs::path& run, const base::fs::path& folder);

}  // namespace weft::search
