// table.yaml: what a benchmark table holds, in which units, where it comes from and how a search may use it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/yaml.hpp"

namespace weft::bench {

/// A column of scores.
struct Metric {
  std::string name, unit, description;
  bool maximize = false;
  bool test = false;   ///< of the test split: told to no method
  bool curve = false;  ///< cells are lists, a value for each of the row's curve_step
  bool cost = false;   ///< seconds that an evaluation takes: simulated time
};

/// The column of the steps at which a row's curves have their values.
constexpr const char* kCurveSteps = "curve_step";

struct Manifest {
  std::string name, description, space;
  bool sample = false;     ///< holds some of the space's genomes, not all
  bool surrogate = false;  ///< a search over a sample goes through a surrogate, not from row to row
  bool only_test = false;  ///< there are no other scores to select by
  std::vector<std::string> tasks;
  std::string fidelity_unit;
  std::vector<double> fidelities;  ///< ascending
  std::vector<std::int64_t> seeds;
  std::vector<Metric> metrics;
  base::Json about = base::Json::object();  ///< recipe, hardware, software, notes, licence, citation, source
  std::int64_t rows = 0, genomes = 0;
  std::string file = "table.parquet", sha256;

  /// Reads `table.yaml` in a folder, or the file itself. Throws Error with the line: an unknown key, a unit that is
  /// none or is not the one of the metric's name, lists that are not distinct or not ascending.
  static Manifest load(const base::fs::path& path);
  /// Writes it as table.yaml into the folder.
  void save(const base::fs::path& folder) const;

  /// Whether a search is confined to the genomes that the table lists.
  bool by_row() const { return sample && !surrogate; }
  /// The index of the metric. Throws Error naming those there are.
  std::size_t metric(const std::string& name) const;
};

/// What a checked manifest and the `table:` of a mapping, at `pointer` of the document, say alike: name, space, how it
/// may be used, metrics, where it comes from.
Manifest read_texts(const base::Document& document, const std::string& pointer, const base::Json& checked);
/// A file that a manifest in `folder` names, which must lie beside it. Throws Error with the line.
base::fs::path file_beside(const base::Document& document, const std::string& pointer, const base::fs::path& folder,
                           const std::string& name);

/// The manifest's file: `path` itself, or the table.yaml in it. Throws Error where there is none.
base::fs::path manifest_file(const base::fs::path& path);

}  // namespace weft::bench
