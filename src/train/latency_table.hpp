// A look-up model of latency: each distinct layer of a space is measured once, and a genome's layers are summed, with
// what stands before and after them (as Cai et al. 2019, ProxylessNAS, section 3.3, do for phones). Built by
// `weft latency build`, looked into by the evaluator `latency`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "space/space.hpp"
#include "train/latency.hpp"

namespace weft::train {

class LatencyTable {
 public:
  struct Cell {
    double seconds = 0;
    std::string what;  ///< the layer, for people
  };
  /// How well sums tell what is measured, on genomes that the table was not made from.
  struct Check {
    int genomes = 0;
    double mape = 0;         ///< mean absolute error over what was measured; 0.1 is 10 %
    double kendall_tau = 0;  ///< rank correlation; NaN where there is no order
  };

  std::string space;  ///< its name
  space::Input input;
  LatencyRecipe recipe;
  std::string hardware;  ///< "CPU, 2 threads, AVX512"
  std::map<std::string, Cell> cells;
  Check check;

  base::Json to_json() const;
  /// Throws base::Error with the file for one that is no table.
  static LatencyTable load(const std::string& path);
  /// Throws base::Error where the table was made for another space or another input.
  void check_fits(const space::Space& wanted, const space::Input& seen, const std::string& path) const;

  /// Seconds of a genome that decodes; or the cell that the table lacks.
  base::Result<double> seconds(const space::Space& space, const space::Genome& genome) const;
};

/// The cells whose sum is a genome's latency: its ends, then each layer. Keys, and the same for people.
std::vector<std::pair<std::string, std::string>> cells_of(const space::Space& space, const space::Genome& genome);

struct TableRequest {
  const space::Space* space = nullptr;
  space::Input input;
  LatencyRecipe recipe;
  std::uint64_t seed = 1;
  int held_out = 30;  ///< genomes that are measured whole, to compare with
  std::function<void(const std::string& what, int done, int all)> progress;
};

/// Finds the distinct layers by random samples, until 1,000 in a row bring no other, and measures them. Throws
/// base::Error for a space with an open gene, with layers that change the width, or with more than 5,000 distinct
/// layers, and where a measurement fails.
LatencyTable build_latency_table(const TableRequest& request);

}  // namespace weft::train
