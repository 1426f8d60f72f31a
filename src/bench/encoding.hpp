// Genomes as numbers, for models that predict scores. Functions of the space alone: any thread.
#pragma once

#include <vector>

#include "block/op.hpp"
#include "space/decode.hpp"
#include "space/space.hpp"

namespace weft::bench {

/// Numbers of each slot: the value of a gene of numbers (NaN where it is inactive), else a column for each value, 1 for
/// the genome's own; of an open gene how often its program has each op. Then the logarithms of parameters and FLOPs.
class Encoding {
 public:
  /// The space must outlive it.
  explicit Encoding(const space::Space& space);
  std::vector<float> encode(const space::Genome& genome);
  std::size_t columns() const { return columns_; }

 private:
  void append(const space::Genome& genome, int gene, int layer, std::vector<float>& row) const;

  const space::Space& space_;
  space::Counter counter_;
  std::vector<const block::Op*> ops_;  // that programs may have
  std::size_t columns_ = 0;
};

}  // namespace weft::bench
