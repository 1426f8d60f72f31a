#include "train/subnet_sampler.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "space/vary.hpp"

namespace weft::train {
namespace {

constexpr int kTries = 1000;

}  // namespace

SubnetSampler::SubnetSampler(const space::Space& space, const space::Input& input, const SamplerConfig& config,
                             std::uint64_t seed)
    : space_(space),
      input_(input),
      config_(config),
      seed_(seed),
      counter_(space, input),
      largest_(space::largest(space, input)),
      smallest_(space::smallest(space, input)) {
  base::Random random(seed, "middle");
  middle_ = valid(random);
  most_ = counter_.count(largest_)->params;
  least_ = counter_.count(smallest_)->params;
}

// A random genome within the space's limits.
space::Genome SubnetSampler::valid(base::Random& random) const {
  for (int attempt = 0; attempt < kTries; ++attempt) {
    space::Genome genome = space::sample(space_, random);
    if (counter_.count(genome)) return genome;
  }
  throw base::Error("space '" + space_.name + "': its limits refused 1,000 random genomes");
}

// Uniform over bins of parameters rather than over genomes, of which most are of middling size: the first random genome
// that falls into a bin that was drawn; one of the nearest where none of many does.
space::Genome SubnetSampler::balanced(base::Random& random) const {
  const auto bin = static_cast<double>(random.below(static_cast<std::uint64_t>(config_.bins)));
  const double width = static_cast<double>(most_ - least_) / config_.bins;
  const double low = static_cast<double>(least_) + bin * width, high = low + width;
  space::Genome nearest;
  double distance = INFINITY;
  for (int attempt = 0; attempt < 64 && distance > 0; ++attempt) {
    space::Genome genome = valid(random);
    const auto params = static_cast<double>(counter_.count(genome)->params);
    const double off = std::max({0.0, low - params, params - high});
    if (off >= distance) continue;
    distance = off;
    nearest = std::move(genome);
  }
  return nearest;
}

// Progressive shrinking (Cai et al. 2020, OFA, section 3.3) for any genes: the largest network alone, then with one
// gene after another free to differ from it, the depth last.
space::Genome SubnetSampler::opened(base::Random& random, double share) const {
  std::vector<int> order;
  for (int gene = 0; gene < static_cast<int>(space_.genes.size()); ++gene) {
    if (gene != space_.depth_gene && space_.genes[static_cast<std::size_t>(gene)].values.size() > 1)
      order.push_back(gene);
  }
  if (space_.depth_gene >= 0) order.push_back(space_.depth_gene);
  const auto open = static_cast<std::size_t>(share * static_cast<double>(order.size() + 1));
  if (open >= order.size()) return valid(random);
  for (int attempt = 0; attempt < 64; ++attempt) {
    space::Genome genome = largest_;
    const space::Genome drawn = space::sample(space_, random);
    for (std::size_t i = 0; i < open; ++i) {
      for (int layer = 0; layer < space_.copies(order[i], genome); ++layer) {
        const std::size_t slot = space_.slot(order[i], layer);
        const bool both = genome.codes[slot] != space::Genome::kInactive && layer < space_.copies(order[i], drawn) &&
                          drawn.codes[slot] != space::Genome::kInactive;
        if (both && !space_.genes[static_cast<std::size_t>(order[i])].open) genome.codes[slot] = drawn.codes[slot];
      }
    }
    if (space::allowed(space_, genome) && counter_.count(genome)) return genome;
  }
  return largest_;
}

std::vector<space::Genome> SubnetSampler::draw(std::int64_t step, double used, int rank) const {
  base::Random random(seed_ + static_cast<std::uint64_t>(rank), "sub-networks", static_cast<std::uint64_t>(step));
  std::vector<space::Genome> list;
  if (config_.name == "sandwich") list = {largest_, smallest_};
  for (int i = 0; i < std::max(config_.random, config_.name == "sandwich" ? 0 : 1); ++i) {
    if (config_.name == "balanced") {
      list.push_back(balanced(random));
    } else if (config_.name == "shrinking") {
      list.push_back(opened(random, std::min(1.0, used / config_.shrink)));
    } else {
      list.push_back(valid(random));
    }
  }
  return list;
}

}  // namespace weft::train
