#include "evolve/parzen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
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

// Counts of each slot's values among the genomes that have it, each plus one of the prior.
using Counts = std::vector<std::vector<double>>;

Counts counts_of(const std::vector<std::size_t>& sizes, Some observed) {
  Counts counts;
  for (const std::size_t size : sizes) counts.emplace_back(size, 1);
  for (const Observed* one : observed) {
    for (std::size_t slot = 0; slot < counts.size(); ++slot) {
      const std::int32_t code = one->genome.codes[slot];
      if (code != space::Genome::kInactive) counts[slot][static_cast<std::size_t>(code)] += 1;
    }
  }
  return counts;
}

std::size_t draw(const std::vector<double>& counts, double sum, base::Random& random) {
  double left = random.uniform() * sum;
  std::size_t code = 0;
  while (code + 1 < counts.size() && left >= counts[code]) left -= counts[code++];
  return code;
}

// Each slot on its own: of values drawn from the good ones' density the one with the best ratio.
Codes best_values(const Counts& low, const Counts& high, int candidates, base::Random& random) {
  Codes codes;
  for (std::size_t slot = 0; slot < low.size(); ++slot) {
    const double sum = std::accumulate(low[slot].begin(), low[slot].end(), 0.0);
    std::size_t best = draw(low[slot], sum, random);
    for (int i = 1; i < candidates; ++i) {
      const std::size_t code = draw(low[slot], sum, random);
      if (low[slot][code] * high[slot][best] > low[slot][best] * high[slot][code]) best = code;
    }
    codes.push_back(best);
  }
  return codes;
}

// A kernel around each genome: a value is kept with probability 1 - bandwidth, else drawn among all. The bandwidth of a
// slot is Silverman's rule on its codes, as BOHB's authors have it.
class Kernels {
 public:
  Kernels(const std::vector<std::size_t>& sizes, Some observed)
      : sizes_(sizes), observed_(observed), bandwidths_(sizes.size()) {
    const auto count = static_cast<double>(observed.size());
    for (std::size_t slot = 0; slot < sizes.size(); ++slot) {
      double sum = 0, square = 0;
      for (const Observed* one : observed) {
        sum += one->genome.codes[slot];
        square += static_cast<double>(one->genome.codes[slot]) * one->genome.codes[slot];
      }
      const double variance = std::max(0.0, square / count - sum * sum / (count * count));
      const double silverman =
          1.06 * std::sqrt(variance) * std::pow(count, -1 / (4 + static_cast<double>(sizes.size())));
      bandwidths_[slot] = std::clamp(silverman, kLeast, 1 - 1 / static_cast<double>(sizes[slot]));
      if (sizes[slot] == 1) bandwidths_[slot] = 0;
    }
  }

  Codes draw(base::Random& random) const {
    const Observed& around = *observed_[random.below(observed_.size())];
    Codes codes;
    for (std::size_t slot = 0; slot < sizes_.size(); ++slot) {
      const std::int32_t own = around.genome.codes[slot];
      const bool keeps = own != space::Genome::kInactive && !random.chance(bandwidths_[slot]);
      codes.push_back(keeps ? static_cast<std::size_t>(own) : random.below(sizes_[slot]));
    }
    return codes;
  }

  double logarithm(const space::Genome& genome) const {
    double sum = 0;
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
    return std::log(sum / static_cast<double>(observed_.size()) + std::numeric_limits<double>::min());
  }

 private:
  static constexpr double kLeast = 1e-3;
  const std::vector<std::size_t>& sizes_;
  Some observed_;
  std::vector<double> bandwidths_;
};

// The best of genomes drawn around good ones; nothing where the constraints refuse all.
std::optional<space::Genome> best_by_kernels(const space::Space& space, const std::vector<std::size_t>& sizes,
                                             Some good, Some others, int candidates, base::Random& random) {
  const Kernels low(sizes, good), high(sizes, others.empty() ? good : others);
  const space::Distribution any(space);
  std::optional<space::Genome> best;
  double best_ratio = 0;
  for (int candidate = 0, tries = 0; candidate < candidates && tries < kTries; ++tries) {
    space::Genome genome = any.with_codes(low.draw(random));
    if (!space::allowed(space, genome)) continue;
    ++candidate;
    const double ratio = low.logarithm(genome) - high.logarithm(genome);
    if (best && ratio <= best_ratio) continue;
    best = std::move(genome);
    best_ratio = ratio;
  }
  return best;
}

std::optional<space::Genome> best_by_counts(const space::Space& space, const std::vector<std::size_t>& sizes, Some good,
                                            Some others, int candidates, base::Random& random) {
  const Counts low = counts_of(sizes, good), high = counts_of(sizes, others);
  const space::Distribution any(space);
  for (int tries = 0; tries < kTries; ++tries) {
    space::Genome genome = any.with_codes(best_values(low, high, candidates, random));
    if (space::allowed(space, genome)) return genome;
  }
  return std::nullopt;
}

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
  auto best = (options.kernels ? best_by_kernels : best_by_counts)(space, sizes, all.first(good), all.subspan(good),
                                                                   options.candidates, random);
  return best ? space::confined(space, std::move(*best), random) : space::sample(space, random);
}

}  // namespace weft::evolve
