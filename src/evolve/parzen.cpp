#include "evolve/parzen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include "space/listing.hpp"
#include "space/vary.hpp"

namespace weft::evolve {
namespace {

constexpr int kTries = 1000;

using Codes = std::vector<std::size_t>;  // of each slot, also of inactive ones
using Some = std::span<const Observed* const>;

// Values of each slot.
std::vector<std::size_t> sizes_of(const space::Space& space) {
  std::vector<std::size_t> sizes(space.slots());
  for (std::size_t gene = 0; gene < space.genes.size(); ++gene) {
    const space::Gene& row = space.genes[gene];
    for (int layer = 0; layer < (row.per_layer ? space.max_depth : 1); ++layer)
      sizes[space.slot(static_cast<int>(gene), layer)] = row.values.size();
  }
  return sizes;
}

// The mean of kernels, one around each genome: a value is kept with probability 1 - bandwidth, else drawn among all.
class Kernels {
 public:
  Kernels(const std::vector<std::size_t>& sizes, Some observed, ParzenOptions::Bandwidth rule)
      : sizes_(sizes),
        observed_(observed),
        bandwidths_(sizes.size()),
        uniform_(rule == ParzenOptions::Bandwidth::prior) {
    for (std::size_t slot = 0; slot < sizes.size(); ++slot) {
      const auto values = static_cast<double>(sizes[slot]);
      // One observation of the prior, spread over the values and shared by all kernels.
      const double prior = values / (static_cast<double>(observed.size()) + 1 + values);
      bandwidths_[slot] = sizes[slot] == 1 ? 0 : uniform_ ? prior : std::clamp(silverman(slot), kLeast, 1 - 1 / values);
    }
  }

  Codes draw(base::Random& random) const {
    const std::size_t kernel = random.below(observed_.size() + (uniform_ ? 1 : 0));
    Codes codes;
    for (std::size_t slot = 0; slot < sizes_.size(); ++slot) {
      const std::int32_t own =
          kernel < observed_.size() ? observed_[kernel]->genome.codes[slot] : space::Genome::kInactive;
      const bool keeps = own != space::Genome::kInactive && !random.chance(bandwidths_[slot]);
      codes.push_back(keeps ? static_cast<std::size_t>(own) : random.below(sizes_[slot]));
    }
    return codes;
  }

  double logarithm(const space::Genome& genome) const {
    double sum = 0, uniform = uniform_ ? 1 : 0;
    for (std::size_t slot = 0; slot < sizes_.size(); ++slot) {
      if (genome.codes[slot] != space::Genome::kInactive) uniform /= static_cast<double>(sizes_[slot]);
    }
    for (const Observed* one : observed_) {
      double product = 1;
      for (std::size_t slot = 0; slot < sizes_.size(); ++slot) {
        const std::int32_t code = genome.codes[slot];
        if (code == space::Genome::kInactive) continue;
        const double other = bandwidths_[slot] / static_cast<double>(sizes_[slot]);
        product *= code == one->genome.codes[slot] ? 1 - bandwidths_[slot] + other : other;
      }
      sum += product;
    }
    const double kernels = static_cast<double>(observed_.size()) + (uniform_ ? 1 : 0);
    return std::log((sum + uniform) / kernels + std::numeric_limits<double>::min());
  }

 private:
  // Silverman's rule on the codes of a slot, as BOHB's authors have it.
  double silverman(std::size_t slot) const {
    const auto count = static_cast<double>(observed_.size());
    double sum = 0, square = 0;
    for (const Observed* one : observed_) {
      sum += one->genome.codes[slot];
      square += static_cast<double>(one->genome.codes[slot]) * one->genome.codes[slot];
    }
    const double variance = std::max(0.0, square / count - sum * sum / (count * count));
    return 1.06 * std::sqrt(variance) * std::pow(count, -1 / (4 + static_cast<double>(sizes_.size())));
  }

  static constexpr double kLeast = 1e-3;
  const std::vector<std::size_t>& sizes_;
  Some observed_;
  std::vector<double> bandwidths_;
  bool uniform_;  // whether there is a kernel of the prior beside them
};

}  // namespace

space::Genome parzen_sample(const space::Space& space, const std::vector<Observed>& observed,
                            const ParzenOptions& options, base::Random& random) {
  std::vector<const Observed*> order;
  for (const Observed& one : observed) order.push_back(&one);
  const auto share = static_cast<std::size_t>(std::ceil(options.good_share * static_cast<double>(observed.size())));
  const std::size_t good =
      std::min(observed.size(), std::clamp<std::size_t>(share, 1, static_cast<std::size_t>(options.most_good)));
  // Of equal costs the earlier one is better: they lie one behind the other.
  std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(good) - 1, order.end(),
                   [](const Observed* a, const Observed* b) { return a->cost != b->cost ? a->cost < b->cost : a < b; });
  const Some all = order;
  const std::vector<std::size_t> sizes = sizes_of(space);
  const Kernels low(sizes, all.first(good), options.bandwidth),
      high(sizes, good < all.size() ? all.subspan(good) : all, options.bandwidth);
  const space::Distribution any(space);
  std::optional<space::Genome> best;
  double best_ratio = 0;
  for (int candidate = 0, tries = 0; candidate < options.candidates && tries < kTries; ++tries) {
    space::Genome genome = any.with_codes(low.draw(random));
    if (!space::allowed(space, genome)) continue;
    ++candidate;
    const double ratio = low.logarithm(genome) - high.logarithm(genome);
    if (best && ratio <= best_ratio) continue;
    best = std::move(genome);
    best_ratio = ratio;
  }
  return best ? space::confined(space, std::move(*best), random) : space::sample(space, random);
}

}  // namespace weft::evolve
