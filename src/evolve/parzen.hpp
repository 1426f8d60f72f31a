// Two densities over genomes, of the good ones and of the others: what TPE and BOHB draw candidates from.
#pragma once

#include <vector>

#include "base/random.hpp"
#include "evolve/parzen_kernel.hpp"
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
  space::Genome sample(base::Random& random);

 private:
  // The mean of kernels around some of the observations: each keeps a slot's value, or draws it among all.
  struct Density {
    std::size_t first = 0, last = 0;  // of the observations
    bool uniform = false;             // whether there is a kernel of the prior beside them
    std::vector<double> keeps;        // of each slot: the probability that a value comes out as it was
    std::vector<KernelSlot> slots;
    double kernels() const { return static_cast<double>(last - first) + (uniform ? 1 : 0); }
  };
  void place(Density& density, std::size_t first, std::size_t last) const;
  double silverman(std::size_t slot, std::size_t first, std::size_t last) const;
  std::size_t draw(base::Random& random, std::size_t count);
  KernelLanes sums(const Density& density);

  const space::Space* space_;
  ParzenOptions options_;
  bool free_;                        // whether every combination of values is a genome
  std::vector<std::int32_t> sizes_;  // values of each slot
  std::vector<double> costs_;        // ascending
  std::vector<std::int32_t> rows_;   // of the observations in that order, a slot after another
  Density low_, high_;               // of the good ones, of the others
  // Of each slot, of the candidates: what they are drawn around, by what chances, and their codes.
  std::vector<KernelCodes> around_;
  std::vector<KernelLanes> chances_;
  std::vector<KernelCodes> drawn_;
  std::vector<KernelLanes> scratch_;  // of kernel_sums()
  std::vector<std::int32_t> prior_;   // what the prior's kernel is around: nothing
  space::Genome candidate_;
};

}  // namespace weft::evolve
