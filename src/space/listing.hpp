// The genomes that a search is confined to, where a benchmark table lists some of a space. Sampling, mutation and
// crossover then give listed genomes alone. Immutable: any thread.
#pragma once

#include <vector>

#include "base/random.hpp"
#include "space/space.hpp"

namespace weft::space {

class Listing {
 public:
  /// At least one genome.
  Listing(const Space& space, std::vector<Genome> genomes);

  const Genome& pick(base::Random& random) const { return random.pick(genomes_); }
  /// One of the listed genomes that differ in the fewest slots (programs in the fewest ops), at random among equals;
  /// other than `parent`, where there are others.
  const Genome& nearest(const Space& space, const Genome& genome, base::Random& random,
                        const Genome* parent = nullptr) const;

 private:
  std::vector<Genome> genomes_;
  bool open_;  // whether genomes hold programs
};

/// The genome itself, or the listed one nearest to it where the space has a listing.
Genome confined(const Space& space, Genome genome, base::Random& random, const Genome* parent = nullptr);

}  // namespace weft::space
