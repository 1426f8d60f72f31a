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
  std::string of;            ///< the genomes of the space, where these are some of them though the mapping says all
};

/// A published file.
struct Source {
  std::string url, name, sha256;
  std::int64_t most_bytes = 0;
};

/// Where a benchmark is published.
struct Sources {
  std::vector<Source> files;
  std::string convert;  ///< the command that makes of them what is imported; empty: they are. {files} stands for them
  std::string read;     ///< what is imported
};
/// What the mapping says of it. Throws base::Error where it has no address.
Sources sources_of(const std::string& mapping);

/// Reads the files as the mapping says and writes the table into the folder; `progress` hears of the records read so
/// far. Throws base::Error naming file and row for the first thing that is wrong; then nothing is written.
Imported import_table(const std::string& mapping, const std::vector<base::fs::path>& files,
                      const base::fs::path& folder, const std::function<void(std::int64_t records)>& progress);

}  // namespace weft::bench
