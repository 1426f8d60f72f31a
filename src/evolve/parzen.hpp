// Two densities over genomes, of the good ones and of the others: what TPE and BOHB draw candidates from.
#pragma once

#include <vector>

#include "base/random.hpp"
#include "space/space.hpp"

namespace weft::evolve {

/// How the observations are split, and candidates drawn.
struct ParzenOptions {
  enum class Bandwidth { prior, silverman };
  double good_share = 0.1;  ///< of the observations
  int most_good = 25;
  int candidates = 24;
  Bandwidth bandwidth = Bandwidth::prior;
};

/// Observed genomes, and new ones: of candidates drawn around good ones, the one with the best ratio of two densities,
/// of the good ones and of the others (Bergstra et al. 2011, section 4). A density is the mean of kernels (Aitchison,
/// Aitken 1976), one around each observation, that keep each value of each layer's gene but for a bandwidth: by `prior`
/// what one observation of every value weighs beside those that there are, with a uniform kernel among them
/// (multivariate TPE; Falkner et al. 2018, section 3.2); by `silverman` his rule (BOHB).
class Parzen {
 public:
  /// Throws base::Error for a space with an open gene: programs have no densities.
  Parzen(const space::Space& space, const ParzenOptions& options);

  /// Lower costs are better; of equal ones the earlier.
  void observe(const space::Genome& genome, double cost);
  std::size_t observed() const { return costs_.size(); }
  /// At least one genome was observed. Random where the space's constraints refuse 1,000 draws.
  space::Genome sample(base::Random& random) const;

 private:
  struct Kernels;
  Kernels kernels(std::size_t first, std::size_t last) const;
  double silverman(std::size_t slot, std::size_t first, std::size_t last) const;
  void draw(const Kernels& kernels, base::Random& random, space::Genome& genome) const;
  double ratio(Kernels& low, Kernels& high, const space::Genome& genome) const;

  const space::Space* space_;
  ParzenOptions options_;
  std::vector<std::size_t> sizes_;                  // values of each slot
  std::vector<double> shares_;                      // 1 / sizes
  std::vector<double> costs_;                       // ascending
  std::vector<std::vector<std::int32_t>> columns_;  // of each slot the codes in the order of the costs, padded
};

}  // namespace weft::evolve
