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
  int candidates = 24;
  bool kernels = false;
};

/// What is likelier among the good observations than among the others (Bergstra et al. 2011, section 4). Each gene of
/// each layer on its own: of values drawn by their counts among the good ones, each plus one of the prior, the one with
/// the best ratio of both counts (its section 4.2). Or, by `kernels`, whole genomes drawn around good ones, the one
/// with the best ratio of densities, each the mean over its genomes of a kernel that keeps each value but for a
/// bandwidth (Aitchison, Aitken 1976; Falkner et al. 2018, BOHB). `observed` is not empty. Random where the space's
/// constraints refuse 1,000 draws.
space::Genome parzen_sample(const space::Space& space, const std::vector<Observed>& observed,
                            const ParzenOptions& options, base::Random& random);

}  // namespace weft::evolve
