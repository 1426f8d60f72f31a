// A benchmark table in memory: for each genome the scores by task, fidelity and seed. Columnar; only what is asked for
// is read. Immutable once read: any thread.
#pragma once

#include <limits>
#include <optional>
#include <span>

#include "base/result.hpp"
#include "bench/genome_index.hpp"
#include "bench/manifest.hpp"

namespace weft::bench {

/// Which of a genome's rows: positions in the manifest's lists.
struct Cell {
  int task = 0, fidelity = 0, seed = 0;
  bool operator==(const Cell&) const = default;
};

class Table {
 public:
  struct Options {
    std::optional<std::vector<std::string>> metrics = std::nullopt;  ///< those to read; nothing: all
    bool verify = true;  ///< whether the file's SHA-256 is compared with the manifest's
  };

  /// Reads a table's folder, or its manifest. Throws base::Error naming the file, and the row where one is at fault: a
  /// file that is cut short or damaged, or is another than the manifest says; a genome that the space does not have;
  /// two rows of one cell.
  static Table load(const base::fs::path& path, const Options& options);
  static Table load(const base::fs::path& path) { return load(path, Options{}); }

  const Manifest& manifest() const { return manifest_; }
  const space::Space& space() const { return *space_; }

  std::int64_t genomes() const { return index_->size(); }
  std::int64_t rows() const { return rows_; }
  space::Genome genome(std::int64_t number) const { return index_->genome(number); }
  /// The genomes that a search is confined to: all rows' where the table is a sample that is searched by row, else
  /// none.
  std::vector<space::Genome> searched() const;
  /// The number of a genome, or -1.
  std::int64_t find(const space::Genome& genome) const { return index_->find(genome); }

  /// The cell of these values. The error names what the table has instead.
  base::Result<Cell> cell(const std::string& task, double fidelity, std::int64_t seed) const;
  /// The row of a genome's cell, or -1 where the table has none.
  std::int64_t row(std::int64_t genome, Cell cell) const;
  /// The cells that a genome has, in the order of its rows, which are first_row(genome) and those after it.
  std::vector<Cell> cells(std::int64_t genome) const;
  std::int64_t first_row(std::int64_t genome) const;

  /// The index of a metric among those that were read, as value() and curve() take it. Throws base::Error.
  std::size_t column(const std::string& metric) const;
  const Metric& metric(std::size_t column) const { return manifest_.metrics[columns_[column].metric]; }
  std::size_t columns() const { return columns_.size(); }
  /// NaN where the row has none.
  double value(std::int64_t row, std::size_t column) const {
    return columns_[column].values[static_cast<std::size_t>(row)];
  }
  std::span<const float> curve(std::int64_t row, std::size_t column) const;
  /// The steps at which the row's curves have their values; empty where the table has no curves.
  std::span<const float> curve_steps(std::int64_t row) const;

  /// Bytes in memory.
  std::size_t bytes() const;

 private:
  friend class TableReader;
  struct Column {
    std::size_t metric = 0;  // in the manifest
    std::vector<double> values;
    std::vector<float> points;  // of curves
    std::vector<std::uint64_t> ends;
  };
  struct Place {
    std::uint8_t task, fidelity;
    std::uint16_t seed;
    bool operator==(const Place&) const = default;
  };
  Table() = default;
  static std::span<const float> points(const Column& column, std::int64_t row);
  std::span<const Place> places(std::int64_t genome) const;

  Manifest manifest_;
  std::shared_ptr<const space::Space> space_;
  std::unique_ptr<GenomeIndex> index_;
  std::int64_t rows_ = 0;
  bool regular_ = false;              // every genome has the same cells in the same order
  std::vector<Place> places_;         // of each row; of a regular table those of one genome
  std::vector<std::uint32_t> first_;  // rows before each genome and after the last; empty in a regular table
  std::vector<Column> columns_;
  std::optional<Column> steps_;
};

/// A slot of a genome and its column: "gene_<name>", or "gene_<name>_<layer>" of a gene that every layer has.
struct Slot {
  const space::Gene* gene = nullptr;
  int index = 0;  ///< of the gene
  int layer = 0;
  std::string column;
};
/// The space's slots, in their order. The space must outlive them.
std::vector<Slot> slots_of(const space::Space& space);

/// Why a packed genome is none of the space's: a gene that has a value where it is inactive, or none where it is not,
/// or a constraint. Empty where nothing is wrong.
std::string what_is_wrong(const space::Space& space, const space::Genome& genome);

/// The space that a file in this folder names: one of weft's by its name, or a file beside it, .yaml or a snapshot of
/// one (.json).
space::Space load_space(const std::string& name, const base::fs::path& folder);
/// What a file in this folder calls the space: `name` where load_space() then gives the space, else a snapshot of it,
/// which is written there.
std::string name_space(const space::Space& space, const std::string& name, const base::fs::path& folder);

}  // namespace weft::bench
