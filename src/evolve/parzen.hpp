// Two densities over genomes, of the good ones and of the others: what TPE and BOHB draw candidates from.
#pragma once

#include <vector>

#include "base/random.hpp"
#include "space/distribution.hpp"
#include "space/space.hpp"

namespace weft::evolve {

struct Observed {
  space::Genome genome;
  double cost = 0;  ///< lower is better
};

/// How the observations are split, and candidates drawn.
struct ParzenOptions {
  double good_share = 0.1;  ///< of the observations
  int most_good = 25;
  int candidates = 24;   ///< genomes drawn, of which the one with the best ratio of the densities is taken
  bool kernels = false;  ///< a density is a mixture of kernels around genomes, not a product of each gene's counts
};

/// Of genomes drawn from the density of the good ones, the one for which the ratio of both densities is highest
/// (Bergstra et al. 2011, section 4). A density is a count of each value of each gene of each layer plus its prior
/// (its section 4.2); or, by `kernels`, the mean over its genomes of a kernel that keeps each value but for a bandwidth
/// (Aitchison, Aitken 1976; Falkner et al. 2018, BOHB). `observed` is not empty. Random where the space's constraints
/// refuse 1,000 draws.
space::Genome parzen_sample(const space::Space& space, std::vector<Observed> observed, const ParzenOptions& options,
                            base::Random& random);

}  // namespace weft::evolve
