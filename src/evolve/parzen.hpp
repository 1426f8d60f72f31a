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
  enum class Bandwidth { prior, silverman };
  double good_share = 0.1;  ///< of the observations
  int most_good = 25;
  int candidates = 24;
  Bandwidth bandwidth = Bandwidth::prior;
};

/// Of genomes drawn around good observations, the one with the best ratio of two densities, of the good ones and of the
/// others (Bergstra et al. 2011, section 4). A density is the mean of kernels (Aitchison, Aitken 1976), one around each
/// observation, that keep each value of each layer's gene but for a bandwidth: by `prior` what one observation of every
/// value weighs beside those that there are, with a uniform kernel among them (multivariate TPE; Falkner et al. 2018,
/// section 3.2); by `silverman` his rule (BOHB). `observed` is not empty. Random where the space's constraints refuse
/// 1,000 draws.
space::Genome parzen_sample(const space::Space& space, const std::vector<Observed>& observed,
                            const ParzenOptions& options, base::Random& random);

}  // namespace weft::evolve
