// Which genes conditions tie together: what must be enumerated to count a space or to write its grammar.
#pragma once

#include <functional>
#include <set>
#include <vector>

#include "space/space.hpp"

namespace weft::space {

class Coupling {
 public:
  /// Enumerating throws Error after `most` assignments of a gene.
  Coupling(const Space& space, std::int64_t most);

  using Genes = std::vector<int>;
  /// Global genes that are tied to the depth or to per-layer genes.
  const Genes& core() const { return core_; }
  /// The other coupled globals, in parts that do not depend on each other or on layers.
  const std::vector<Genes>& global_parts() const { return global_parts_; }
  /// Coupled per-layer genes, in parts that do not depend on each other once the globals stand.
  const std::vector<Genes>& layer_parts() const { return layer_parts_; }
  bool is_coupled(int gene) const;
  /// The sizes of the free genes' domains; an open gene's is 1.
  std::vector<unsigned long> free_sizes(bool per_layer) const;

  /// Calls `visit` for each assignment of all coupled globals that the global constraints allow, standing in `genome`.
  void each_global(Genome& genome, const std::function<void()>& visit);
  /// Calls `visit` for each assignment of these genes (of a part: in layer 0) that the constraints between them allow.
  void each(Genome& genome, const Genes& genes, const std::function<void()>& visit);

 private:
  void each(Genome& genome, const Genes& genes, std::size_t index, const std::function<void()>& visit);
  bool fits(const Genome& genome, int gene);
  void split(const std::set<int>& coupled);
  const Space& space_;
  Genes core_;
  std::vector<Genes> global_parts_, layer_parts_;
  std::vector<bool> coupled_;                       // for each gene
  std::vector<std::vector<const Condition*>> due_;  // for each gene, the constraints of which it is the last
  bool possible_ = true;                            // whether constraints without any gene hold
  std::int64_t left_;
};

}  // namespace weft::space
