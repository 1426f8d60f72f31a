#include "space/listing.hpp"

#include <algorithm>

#include "space/genome_text.hpp"

namespace weft::space {
namespace {

int slots_apart(const Genome& a, const Genome& b) {
  int apart = 0;
  for (std::size_t slot = 0; slot < a.codes.size(); ++slot) apart += a.codes[slot] != b.codes[slot] ? 1 : 0;
  return apart;
}

}  // namespace

Listing::Listing(const Space& space, std::vector<Genome> genomes)
    : genomes_(std::move(genomes)),
      open_(std::any_of(space.genes.begin(), space.genes.end(), [](const Gene& gene) { return gene.open; })) {}

const Genome& Listing::nearest(const Space& space, const Genome& genome, base::Random& random,
                               const Genome* parent) const {
  const auto apart = [&](const Genome& a, const Genome& b) {
    return open_ ? distance(space, a, b) : static_cast<double>(slots_apart(a, b));
  };
  const Genome* best = &genomes_.front();
  double least = -1;
  std::uint64_t equals = 0;
  for (const Genome& listed : genomes_) {
    const double here = apart(listed, genome);
    if (least >= 0 && here > least) continue;
    if (parent != nullptr && apart(listed, *parent) == 0) continue;
    equals = here == least ? equals + 1 : 1;
    if (random.below(equals) == 0) best = &listed;
    least = here;
  }
  return *best;
}

Genome confined(const Space& space, Genome genome, base::Random& random, const Genome* parent) {
  return space.listing ? space.listing->nearest(space, genome, random, parent) : std::move(genome);
}

}  // namespace weft::space
