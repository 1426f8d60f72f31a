#include "evolve/parzen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "space/distribution.hpp"
#include "space/listing.hpp"
#include "space/vary.hpp"

namespace weft::evolve {
namespace {

constexpr int kTries = 1000;
constexpr double kLeastBandwidth = 1e-3;
constexpr double kLeastDensity = std::numeric_limits<double>::min();

}  // namespace

Parzen::Parzen(const space::Space& space, const ParzenOptions& options)
    : space_(&space),
      options_(options),
      sizes_(space.slots()),
      around_(space.slots()),
      chances_(space.slots()),
      drawn_(space.slots()) {
  const space::Distribution even(space);  // an open gene has none
  free_ = space.depth_gene < 0 && space.require.empty();
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    const space::Gene& row = space.genes[static_cast<std::size_t>(gene)];
    free_ = free_ && !row.when;
    for (int layer = 0; layer < space.most_copies(gene); ++layer)
      sizes_[space.slot(gene, layer)] = static_cast<std::int32_t>(row.values.size());
  }
  std::int32_t rows = 0;
  for (const std::int32_t size : sizes_) {
    low_.slots.push_back({.values = size, .row = rows});
    prior_.push_back(rows);
    rows += 1 + size;
  }
  scratch_.resize(static_cast<std::size_t>(rows));
  low_.uniform = options_.bandwidth == ParzenOptions::Bandwidth::prior;
  low_.keeps.resize(sizes_.size());
  high_ = low_;
  candidate_.codes.resize(sizes_.size());
}

void Parzen::observe(const space::Genome& genome, double cost) {
  const auto place = std::upper_bound(costs_.begin(), costs_.end(), cost) - costs_.begin();
  costs_.insert(costs_.begin() + place, cost);
  const auto rows = rows_.insert(rows_.begin() + place * static_cast<std::ptrdiff_t>(sizes_.size()),
                                 genome.codes.begin(), genome.codes.end());
  for (std::size_t slot = 0; slot < sizes_.size(); ++slot)
    rows[static_cast<std::ptrdiff_t>(slot)] += low_.slots[slot].row + 1;
}

void Parzen::place(Density& density, std::size_t first, std::size_t last) const {
  density.first = first;
  density.last = last;
  for (std::size_t slot = 0; slot < sizes_.size(); ++slot) {
    const double values = sizes_[slot];
    double bandwidth = 0;
    if (sizes_[slot] > 1 && density.uniform) {
      // One observation of the prior, spread over the values and shared by all kernels.
      bandwidth = values / (density.kernels() + values);
    } else if (sizes_[slot] > 1) {
      bandwidth = std::clamp(silverman(slot, first, last), kLeastBandwidth, 1 - 1 / values);
    }
    const double other = bandwidth / values, keep = 1 - bandwidth + other;
    density.keeps[slot] = keep;
    density.slots[slot].bandwidth = static_cast<float>(bandwidth);
    density.slots[slot].ratio = static_cast<float>(other / keep);
  }
}

// Silverman's rule on the codes of a slot, as BOHB's authors have it.
double Parzen::silverman(std::size_t slot, std::size_t first, std::size_t last) const {
  const auto count = static_cast<double>(last - first);
  double sum = 0, square = 0;
  for (std::size_t i = first; i < last; ++i) {
    const double code = rows_[i * sizes_.size() + slot] - low_.slots[slot].row - 1;
    sum += code;
    square += code * code;
  }
  const double variance = std::max(0.0, square / count - sum * sum / (count * count));
  return 1.06 * std::sqrt(variance) * std::pow(count, -1 / (4 + static_cast<double>(sizes_.size())));
}

// Candidates around good ones; how many of them the space allows.
std::size_t Parzen::draw(base::Random& random, std::size_t count) {
  const std::size_t slots = sizes_.size();
  KernelCodes* around = around_.data();
  KernelLanes* chances = chances_.data();
  for (std::size_t lane = 0; lane < count; ++lane) {
    const std::size_t kernel = low_.first + random.below(low_.last - low_.first + (low_.uniform ? 1 : 0));
    const std::int32_t* own = kernel < low_.last ? rows_.data() + kernel * slots : prior_.data();
    for (std::size_t slot = 0; slot < slots; ++slot) {
      around[slot].of[lane] = own[slot];
      chances[slot].of[lane] = static_cast<float>(random.next() >> 40) * 0x1.0p-24F;
    }
  }
  kernel_draws(low_.slots, around_, chances_, drawn_);
  if (free_) return count;
  std::size_t taken = 0;
  for (std::size_t lane = 0; lane < count; ++lane) {
    for (std::size_t slot = 0; slot < slots; ++slot) candidate_.codes[slot] = drawn_[slot].of[lane];
    space::deactivate(*space_, candidate_);
    if (!space::allowed(*space_, candidate_)) continue;
    for (std::size_t slot = 0; slot < slots; ++slot) drawn_[slot].of[taken] = candidate_.codes[slot];
    ++taken;
  }
  return taken;
}

KernelLanes Parzen::sums(const Density& density) {
  const std::size_t slots = sizes_.size();
  return kernel_sums(std::span(rows_).subspan(density.first * slots, (density.last - density.first) * slots),
                     density.slots, drawn_, scratch_);
}

space::Genome Parzen::sample(base::Random& random) {
  const std::size_t all = costs_.size();
  const auto share = static_cast<std::size_t>(std::ceil(options_.good_share * static_cast<double>(all)));
  const std::size_t good =
      std::min(all, std::clamp<std::size_t>(share, 1, static_cast<std::size_t>(options_.most_good)));
  place(low_, 0, good);
  place(high_, good < all ? good : 0, all);
  space::Genome best{.codes = std::vector<std::int32_t>(sizes_.size()), .programs = {}};
  double best_ratio = 0, keep_low = 0, keep_high = 0, prior = 0;
  for (std::size_t left = static_cast<std::size_t>(options_.candidates), tries = kTries; left > 0 && tries > 0;) {
    const std::size_t count = std::min({left, tries, kKernelLanes}), lanes = draw(random, count);
    tries -= count;
    left -= lanes;
    const KernelLanes low = sums(low_), high = sums(high_);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      if (lane == 0 || !free_) {
        keep_low = keep_high = 1;
        prior = low_.uniform ? 1 : 0;
        for (std::size_t slot = 0; slot < sizes_.size(); ++slot) {
          if (drawn_[slot].of[lane] == space::Genome::kInactive) continue;
          keep_low *= low_.keeps[slot];
          keep_high *= high_.keeps[slot];
          prior /= sizes_[slot];
        }
      }
      const double ratio = ((keep_low * low.of[lane] + prior) / low_.kernels() + kLeastDensity) /
                           ((keep_high * high.of[lane] + prior) / high_.kernels() + kLeastDensity);
      if (ratio <= best_ratio) continue;
      best_ratio = ratio;
      for (std::size_t slot = 0; slot < sizes_.size(); ++slot) best.codes[slot] = drawn_[slot].of[lane];
    }
  }
  return best_ratio > 0 ? space::confined(*space_, std::move(best), random) : space::sample(*space_, random);
}

}  // namespace weft::evolve
