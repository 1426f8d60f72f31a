// Independent probabilities of the values of a space's genes, as a mixture over entangled weights learns them: of a
// per-layer gene in each layer. Random genomes by them, and the most probable one.
#pragma once

#include "base/random.hpp"
#include "space/decode.hpp"

namespace weft::space {

class Distribution {
 public:
  /// Every value as probable as the others. Throws base::Error for a space with an open gene.
  explicit Distribution(const Space& space);
  /// {"embed_dim": [0.1, 0.3, 0.6], "num_heads": [[0.5, 0.5], ...]}: of each gene with several values, of a per-layer
  /// gene for each of the most layers. Throws base::Error where a gene is missing or its numbers are no probabilities.
  Distribution(const Space& space, const base::Json& value);
  base::Json to_json() const;

  /// In the order of the gene's domain. `layer` is 0 for a global gene.
  void set(int gene, int layer, std::vector<double> probabilities);
  const std::vector<double>& of(int gene, int layer) const { return slots_[space_.slot(gene, layer)]; }

  /// The genome of a code for each slot, without those of layers and genes that it does not have.
  Genome with_codes(const std::vector<std::size_t>& codes) const;
  /// A random genome. Constraints and limits may refuse it.
  Genome sample(base::Random& random) const;
  /// The genome whose every gene has its most probable value; where that is refused, the nearest that is not: the
  /// product over its genes of their probability over the most probable value's is the largest. Throws base::Error
  /// where 20,000 are refused.
  Genome most_probable(Counter& counter) const;

 private:
  std::vector<std::vector<std::size_t>> orders() const;

  const Space& space_;
  std::vector<std::vector<double>> slots_;
};

/// Marks as inactive the slots of layers and genes that a genome does not have whose slots all have a code.
void deactivate(const Space& space, Genome& genome);

}  // namespace weft::space
