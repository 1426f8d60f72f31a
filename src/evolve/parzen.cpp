#include "evolve/parzen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <span>

#include "space/listing.hpp"
#include "space/vary.hpp"

namespace weft::evolve {
namespace {

constexpr int kTries = 1000;

using Codes = std::vector<std::size_t>;  // of each slot, also of inactive ones

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

class Density {
 public:
  virtual ~Density() = default;
  virtual Codes draw(base::Random& random) const = 0;
  /// Of the active slots.
  virtual double logarithm(const space::Genome& genome) const = 0;
};

// Each slot on its own: counts of its values among the genomes that have it, plus one of the prior for all together.
class Product : public Density {
 public:
  Product(const std::vector<std::size_t>& sizes, std::span<const Observed> observed) {
    for (const std::size_t size : sizes) slots_.emplace_back(size, 1 / static_cast<double>(size));
    for (const Observed& one : observed) {
      for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
        const std::int32_t code = one.genome.codes[slot];
        if (code != space::Genome::kInactive) slots_[slot][static_cast<std::size_t>(code)] += 1;
      }
    }
    for (std::vector<double>& own : slots_) {
      double sum = 0;
      for (const double one : own) sum += one;
      for (double& one : own) one /= sum;
    }
  }

  Codes draw(base::Random& random) const override {
    Codes codes;
    for (const std::vector<double>& own : slots_) {
      double left = random.uniform();
      std::size_t code = 0;
      while (code + 1 < own.size() && left >= own[code]) left -= own[code++];
      codes.push_back(code);
    }
    return codes;
  }

  double logarithm(const space::Genome& genome) const override {
    double sum = 0;
    for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
      const std::int32_t code = genome.codes[slot];
      if (code != space::Genome::kInactive) sum += std::log(slots_[slot][static_cast<std::size_t>(code)]);
    }
    return sum;
  }

 private:
  std::vector<std::vector<double>> slots_;
};

// A kernel around each genome: a value is kept with probability 1 - bandwidth, else drawn among all. The bandwidth of a
// slot is Silverman's rule on its codes, as BOHB's authors have it.
class Kernels : public Density {
 public:
  Kernels(const std::vector<std::size_t>& sizes, std::span<const Observed> observed)
      : sizes_(sizes), observed_(observed), bandwidths_(sizes.size()) {
    const auto count = static_cast<double>(observed.size());
    for (std::size_t slot = 0; slot < sizes.size(); ++slot) {
      double sum = 0, square = 0;
      for (const Observed& one : observed) {
        sum += one.genome.codes[slot];
        square += static_cast<double>(one.genome.codes[slot]) * one.genome.codes[slot];
      }
      const double variance = std::max(0.0, square / count - sum * sum / (count * count));
      const double silverman =
          1.06 * std::sqrt(variance) * std::pow(count, -1 / (4 + static_cast<double>(sizes.size())));
      bandwidths_[slot] = std::clamp(silverman, kLeast, 1 - 1 / static_cast<double>(sizes[slot]));
      if (sizes[slot] == 1) bandwidths_[slot] = 0;
    }
  }

  Codes draw(base::Random& random) const override {
    const Observed& around = observed_[random.below(observed_.size())];
    Codes codes;
    for (std::size_t slot = 0; slot < sizes_.size(); ++slot) {
      const std::int32_t own = around.genome.codes[slot];
      const bool keeps = own != space::Genome::kInactive && !random.chance(bandwidths_[slot]);
      codes.push_back(keeps ? static_cast<std::size_t>(own) : random.below(sizes_[slot]));
    }
    return codes;
  }

  double logarithm(const space::Genome& genome) const override {
    double sum = 0;
    for (const Observed& one : observed_) {
      double product = 1;
      for (std::size_t slot = 0; slot < sizes_.size(); ++slot) {
        const std::int32_t code = genome.codes[slot];
        if (code == space::Genome::kInactive) continue;
        const double other = bandwidths_[slot] / static_cast<double>(sizes_[slot]);
        product *= code == one.genome.codes[slot] ? 1 - bandwidths_[slot] + other : other;
      }
      sum += product;
    }
    return std::log(sum / static_cast<double>(observed_.size()) + std::numeric_limits<double>::min());
  }

 private:
  static constexpr double kLeast = 1e-3;
  const std::vector<std::size_t>& sizes_;
  std::span<const Observed> observed_;
  std::vector<double> bandwidths_;
};

std::unique_ptr<Density> density_of(const std::vector<std::size_t>& sizes, std::span<const Observed> observed,
                                    bool kernels) {
  if (kernels && !observed.empty()) return std::make_unique<Kernels>(sizes, observed);
  return std::make_unique<Product>(sizes, observed);
}

}  // namespace

space::Genome parzen_sample(const space::Space& space, std::vector<Observed> observed, const ParzenOptions& options,
                            base::Random& random) {
  std::stable_sort(observed.begin(), observed.end(),
                   [](const Observed& a, const Observed& b) { return a.cost < b.cost; });
  const auto share = static_cast<std::size_t>(std::ceil(options.good_share * static_cast<double>(observed.size())));
  const std::size_t good =
      std::min(observed.size(), std::clamp<std::size_t>(share, 1, static_cast<std::size_t>(options.most_good)));
  const std::span<const Observed> all = observed;
  const std::vector<std::size_t> sizes = sizes_of(space);
  const auto low = density_of(sizes, all.first(good), options.kernels),
             high = density_of(sizes, all.subspan(good), options.kernels);
  const space::Distribution any(space);
  std::optional<space::Genome> best;
  double best_ratio = 0;
  for (int candidate = 0, draw = 0; candidate < options.candidates && draw < kTries; ++draw) {
    space::Genome genome = any.with_codes(low->draw(random));
    if (!space::allowed(space, genome)) continue;
    ++candidate;
    const double ratio = low->logarithm(genome) - high->logarithm(genome);
    if (best && ratio <= best_ratio) continue;
    best = std::move(genome);
    best_ratio = ratio;
  }
  return best ? space::confined(space, std::move(*best), random) : space::sample(space, random);
}

}  // namespace weft::evolve
