#include "space/listing.hpp"
#include "space/varier.hpp"

namespace weft::space {

// Draws the genes of the leading layers and the global ones. Returns where programs are to be edited: that has to wait
// until the genome is whole.
std::vector<Varier::Place> Varier::redraw_genes(Genome& child, int layers, const Redraw& chances) {
  std::vector<Place> programs;
  for (int gene = 0; gene < count(); ++gene) {
    const bool per_layer = row(gene).per_layer;
    for (int layer = 0; layer < (per_layer ? layers : 1); ++layer) {
      const bool active = child.codes[space_.slot(gene, layer)] != Genome::kInactive;
      if (!active || !random_.chance(per_layer ? chances.layer : chances.global)) continue;
      if (row(gene).open) {
        programs.push_back({gene, layer});
      } else {
        draw(child, gene, layer);
      }
    }
  }
  return programs;
}

std::optional<Genome> Varier::redraw(const Genome& parent, const Redraw& chances) {
  const int old_depth = space_.depth(parent);
  for (int attempt = 0; attempt < kTries; ++attempt) {
    Genome child = parent;
    const std::vector<Place> programs = redraw_genes(child, old_depth, chances);
    const int depth = space_.depth(child);
    if (!settle(child, old_depth, depth) || !allowed(space_, child) || !programs_fit(child)) continue;
    for (const auto& [gene, layer] : programs) {
      if (layer < space_.copies(gene, child) && child.codes[space_.slot(gene, layer)] != Genome::kInactive)
        edit_program(child, gene, layer);
    }
    return compact(std::move(child));
  }
  return std::nullopt;
}

std::optional<Genome> redraw(const Space& space, const Genome& parent, const Redraw& chances, base::Random& random,
                             const ProgramEdits& edits) {
  auto child = Varier(space, random, edits).redraw(parent, chances);
  if (child && space.listing) child = confined(space, std::move(*child), random);
  return child;
}

}  // namespace weft::space
