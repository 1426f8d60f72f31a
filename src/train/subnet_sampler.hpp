// Which sub-networks a supernet trains in a step.
#pragma once

#include <string>
#include <vector>

#include "base/random.hpp"
#include "space/extremes.hpp"
#include "space/space.hpp"

namespace weft::train {

struct SamplerConfig {
  std::string name = "sandwich";  ///< uniform, sandwich, balanced, shrinking
  int random = 2;                 ///< random sub-networks a step, beside the sandwich's largest and smallest
  int bins = 8;                   ///< of parameters, for balanced
  double shrink = 0.5;            ///< share of the budget over which shrinking opens the space
};

/// Deterministic: what it draws follows from the seed and the step alone.
class SubnetSampler {
 public:
  SubnetSampler(const space::Space& space, const space::Input& input, const SamplerConfig& config, std::uint64_t seed);

  /// The sub-networks of step `step`, where `used` is the share of the budget before it. Ranks of a data-parallel
  /// training that draw their own have streams of their own.
  std::vector<space::Genome> draw(std::int64_t step, double used, int rank = 0) const;

  const space::Genome& largest() const { return largest_; }
  const space::Genome& smallest() const { return smallest_; }
  /// A genome between them, the same for every training of the space with the seed.
  const space::Genome& middle() const { return middle_; }

 private:
  space::Genome valid(base::Random& random) const;
  space::Genome balanced(base::Random& random) const;
  space::Genome opened(base::Random& random, double share) const;

  const space::Space& space_;
  space::Input input_;
  SamplerConfig config_;
  std::uint64_t seed_;
  mutable space::Counter counter_;
  space::Genome largest_, smallest_, middle_;
  std::int64_t least_ = 0, most_ = 0;  // parameters of the smallest and the largest
};

}  // namespace weft::train
