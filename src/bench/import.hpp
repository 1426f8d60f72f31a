// Foreign benchmarks as tables: a mapping file under nasbench/import/ says what their columns are.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "bench/manifest.hpp"

namespace weft::bench {

struct Imported {
  Manifest manifest;
  std::int64_t records = 0;  ///< read
  std::int64_t skipped = 0;  ///< left out by the mapping's `where`
};

/// Reads the files as the mapping says and writes the table into the folder; `progress` hears of the records read so
/// far. Throws base::Error naming file and row for the first thing that is wrong; then nothing is written.
Imported import_table(const std::string& mapping, const std::vector<base::fs::path>& files,
                      const base::fs::path& folder, const std::function<void(std::int64_t records)>& progress);

}  // namespace weft::bench
