// Which genes conditions tie together: what must be enumerated to count a space or to write its grammar.
#pragma once

#include <functional>
#include <vector>

#include "space/space.hpp"

namespace weft::space {

class Coupling {
 public:
  /// Enumerating throws Error after `most` assignments of a gene.
  Coupling(const Space& space, std::int64_t most);

  /// Global genes that some condition names or decides, and the depth; the rest are free.
  const std::vector<int>& globals() const { return globals_; }
  /// The same among per-layer genes.
  const std::vector<int>& layered() const { return layered_; }
  bool is_coupled(int gene) const;
  /// The sizes of the free genes' domains; an open gene's is 1.
  std::vector<unsigned long> free_sizes(bool per_layer) const;

  /// Calls `visit` for each assignment of the coupled globals that the global constraints allow, standing in `genome`.
  void each_global(Genome& genome, const std::function<void()>& visit);
  /// Calls `visit` for each assignment of the coupled genes of layer 0 that the layered constraints allow.
  void each_layer(Genome& genome, const std::function<void()>& visit);

 private:
  void each(Genome& genome, const std::vector<int>& genes, std::size_t index, const std::function<void()>& visit);
  bool fits(const Genome& genome, int gene);
  const Space& space_;
  std::vector<int> globals_, layered_;
  std::vector<std::vector<const Condition*>> due_;  // for each gene, the constraints of which it is the last
  bool possible_ = true;                            // whether constraints without any gene hold
  std::int64_t left_;
};

}  // namespace weft::space
