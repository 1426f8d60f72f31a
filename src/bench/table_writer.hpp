// Puts a table together row by row and writes its Parquet file and manifest.
#pragma once

#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "bench/genome_index.hpp"
#include "bench/manifest.hpp"
#include "bench/parquet_file.hpp"
#include "bench/table.hpp"

namespace weft::bench {

class TableWriter {
 public:
  struct Row {
    std::string task;
    double fidelity = 0;
    std::int64_t seed = 0;
    std::vector<double> values;     ///< of each metric that is no curve, in the manifest's order; NaN: none
    std::vector<float> steps = {};  ///< of the curves' values
    std::vector<std::vector<float>> curves = {};  ///< of each metric that is a curve; empty: none
  };

  /// Tasks, fidelities and seeds are those of the rows. The space must outlive it.
  TableWriter(Manifest manifest, const space::Space& space);

  /// Returns what is wrong, or nothing: a genome that the space does not have, a second row of a cell.
  std::string add(const space::Genome& genome, Row row);
  std::int64_t rows() const { return static_cast<std::int64_t>(rows_.size()); }
  std::int64_t genomes() const { return index_.size(); }

  /// Writes `table.parquet` and `table.yaml` into the folder (made if missing): after a crash there are the old ones or
  /// the new ones. Returns the manifest. Throws base::Error where there is no row, or the disk refuses.
  Manifest write(const base::fs::path& folder);
  /// The table holds some of the space's genomes, whatever its manifest said.
  void declare_sample() { manifest_.sample = true; }

 private:
  struct Stored {
    std::int64_t genome;
    int task;
    Row row;
  };
  bool has_curves() const;
  std::vector<ParquetWriter::Column> columns() const;
  void write_rows(const base::fs::path& path) const;
  std::vector<ParquetWriter::Values> values_of(std::span<const Stored> rows) const;
  Coded values_of(const Slot& slot, std::span<const Stored> rows) const;

  Manifest manifest_;
  const space::Space& space_;
  GenomeIndex index_;
  std::vector<Stored> rows_;
  std::unordered_set<std::string> cells_;
};

}  // namespace weft::bench
