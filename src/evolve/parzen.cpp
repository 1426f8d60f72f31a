#include "evolve/parzen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "evolve/parzen_kernel.hpp"
#include "space/distribution.hpp"
#include "space/listing.hpp"
#include "space/vary.hpp"

namespace weft::evolve {
namespace {

constexpr int kTries = 1000;
constexpr double kLeastBandwidth = 1e-3;

}  // namespace

// Around some of the observations: a value is kept with probability 1 - bandwidth, else drawn among all.
struct Parzen::Kernels {
  std::size_t first = 0, last = 0;
  bool uniform = false;            // whether there is a kernel of the prior beside them
  std::vector<double> bandwidths;  // of each slot
  std::vector<double> keeps;       // the probability that a value comes out as it was
  std::vector<float> ratios;       // what another value's probability is to that
  std::vector<KernelSlot> slots;   // those of the genome that is asked for
};

Parzen::Parzen(const space::Space& space, const ParzenOptions& options)
    : space_(&space), options_(options), sizes_(space.slots()) {
  const space::Distribution even(space);  // an open gene has none
  for (std::size_t gene = 0; gene < space.genes.size(); ++gene) {
    const space::Gene& row = space.genes[gene];
    for (int layer = 0; layer < (row.per_layer ? space.max_depth : 1); ++layer)
      sizes_[space.slot(static_cast<int>(gene), layer)] = row.values.size();
  }
  for (const std::size_t size : sizes_) shares_.push_back(1 / static_cast<double>(size));
  columns_.assign(sizes_.size(), std::vector<std::int32_t>(kKernelLanes));
}

void Parzen::observe(const space::Genome& genome, double cost) {
  const auto place = std::upper_bound(costs_.begin(), costs_.end(), cost) - costs_.begin();
  costs_.insert(costs_.begin() + place, cost);
  for (std::size_t slot = 0; slot < columns_.size(); ++slot)
    columns_[slot].insert(columns_[slot].begin() + place, genome.codes[slot]);
}

Parzen::Kernels Parzen::kernels(std::size_t first, std::size_t last) const {
  Kernels made{.first = first,
               .last = last,
               .uniform = options_.bandwidth == ParzenOptions::Bandwidth::prior,
               .bandwidths = {},
               .keeps = {},
               .ratios = {},
               .slots = std::vector<KernelSlot>(sizes_.size())};
  for (std::size_t slot = 0; slot < sizes_.size(); ++slot) {
    const auto values = static_cast<double>(sizes_[slot]);
    double bandwidth = 0;
    if (sizes_[slot] > 1 && made.uniform) {
      // One observation of the prior, spread over the values and shared by all kernels.
      bandwidth = values / (static_cast<double>(last - first) + 1 + values);
    } else if (sizes_[slot] > 1) {
      bandwidth = std::clamp(silverman(slot, first, last), kLeastBandwidth, 1 - 1 / values);
    }
    const double other = bandwidth / values, keep = 1 - bandwidth + other;
    made.bandwidths.push_back(bandwidth);
    made.keeps.push_back(keep);
    made.ratios.push_back(static_cast<float>(other / keep));
  }
  return made;
}

// Silverman's rule on the codes of a slot, as BOHB's authors have it.
double Parzen::silverman(std::size_t slot, std::size_t first, std::size_t last) const {
  const auto count = static_cast<double>(last - first);
  double sum = 0, square = 0;
  for (std::size_t i = first; i < last; ++i) {
    const double code = columns_[slot][i];
    sum += code;
    square += code * code;
  }
  const double variance = std::max(0.0, square / count - sum * sum / (count * count));
  return 1.06 * std::sqrt(variance) * std::pow(count, -1 / (4 + static_cast<double>(sizes_.size())));
}

void Parzen::draw(const Kernels& kernels, base::Random& random, space::Genome& genome) const {
  const std::size_t kernel = kernels.first + random.below(kernels.last - kernels.first + (kernels.uniform ? 1 : 0));
  for (std::size_t slot = 0; slot < sizes_.size(); ++slot) {
    const auto values = static_cast<double>(sizes_[slot]);
    const std::int32_t own = kernel < kernels.last ? columns_[slot][kernel] : space::Genome::kInactive;
    const double bandwidth = own == space::Genome::kInactive ? 1 : kernels.bandwidths[slot], chance = random.uniform();
    // Below the bandwidth it says which of the values.
    genome.codes[slot] = chance < bandwidth ? static_cast<std::int32_t>(chance / bandwidth * values) : own;
  }
  space::deactivate(*space_, genome);
}

// The ratio of both densities.
double Parzen::ratio(Kernels& low, Kernels& high, const space::Genome& genome) const {
  double keep_low = 1, keep_high = 1, prior = low.uniform ? 1 : 0;
  std::size_t active = 0;
  for (std::size_t slot = 0; slot < sizes_.size(); ++slot) {
    const std::int32_t code = genome.codes[slot];
    if (code == space::Genome::kInactive) continue;
    keep_low *= low.keeps[slot];
    keep_high *= high.keeps[slot];
    prior *= shares_[slot];
    low.slots[active] = {.codes = columns_[slot].data(), .wanted = code, .ratio = low.ratios[slot]};
    high.slots[active++] = {.codes = columns_[slot].data(), .wanted = code, .ratio = high.ratios[slot]};
  }
  const auto density = [&](const Kernels& kernels, double keep) {
    const double sum = kernel_sum(kernels.slots.data(), active, kernels.first, kernels.last);
    const double count = static_cast<double>(kernels.last - kernels.first) + (kernels.uniform ? 1 : 0);
    return (keep * sum + prior) / count + std::numeric_limits<double>::min();
  };
  return density(low, keep_low) / density(high, keep_high);
}

space::Genome Parzen::sample(base::Random& random) const {
  const std::size_t all = costs_.size();
  const auto share = static_cast<std::size_t>(std::ceil(options_.good_share * static_cast<double>(all)));
  const std::size_t good =
      std::min(all, std::clamp<std::size_t>(share, 1, static_cast<std::size_t>(options_.most_good)));
  Kernels low = kernels(0, good), high = kernels(good < all ? good : 0, all);
  space::Genome candidate{.codes = std::vector<std::int32_t>(sizes_.size()), .programs = {}}, best = candidate;
  double best_ratio = 0;
  for (int found = 0, tries = 0; found < options_.candidates && tries < kTries; ++tries) {
    draw(low, random, candidate);
    if (!space::allowed(*space_, candidate)) continue;
    ++found;
    const double ratio = this->ratio(low, high, candidate);
    if (ratio <= best_ratio) continue;
    std::swap(best, candidate);
    best_ratio = ratio;
  }
  return best_ratio > 0 ? space::confined(*space_, std::move(best), random) : space::sample(*space_, random);
}

}  // namespace weft::evolve
