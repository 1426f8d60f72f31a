#include "space/vary.hpp"

#include <set>

#include "base/error.hpp"
#include "space/genome_text.hpp"
#include "space/listing.hpp"
#include "space/varier.hpp"

namespace weft::space {

Genome Varier::sample() {
  for (int draw = 0; draw < kDraws; ++draw) {
    Genome genome = blank();
    if (!fill_globals(genome) || !fill_layers(genome, 0, space_.depth(genome)) || !programs_fit(genome)) continue;
    edit_programs(genome);
    return genome;
  }
  throw base::Error("space '" + space_.name + "': its constraints refused 10,000 random genomes; loosen 'require'");
}

std::optional<Genome> Varier::mutate(const Genome& parent) {
  std::vector<int> choices;
  for (int gene = 0; gene < count(); ++gene) {
    if (row(gene).values.size() < 2 && !row(gene).open) continue;
    for (int layer = 0; layer < space_.copies(gene, parent); ++layer) {
      if (parent.codes[space_.slot(gene, layer)] == Genome::kInactive) continue;
      choices.push_back(gene);
      break;
    }
  }
  if (choices.empty()) return std::nullopt;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    Genome child = parent;
    if (!change(child, random_.pick(choices))) continue;
    const int depth = space_.depth(child);
    if (!settle(child, space_.depth(parent), depth)) continue;
    if (allowed(space_, child) && programs_fit(child)) return compact(std::move(child));
  }
  return std::nullopt;
}

std::vector<Genome> Varier::neighbours(const Genome& genome) {
  std::vector<Genome> list;
  const int old_depth = space_.depth(genome);
  for (int gene = 0; gene < count(); ++gene) {
    if (row(gene).open) continue;
    for (int layer = 0; layer < space_.copies(gene, genome); ++layer) {
      const std::size_t slot = space_.slot(gene, layer);
      if (genome.codes[slot] == Genome::kInactive) continue;
      for (std::int32_t code = 0; code < static_cast<std::int32_t>(row(gene).values.size()); ++code) {
        if (code == genome.codes[slot]) continue;
        Genome other = genome;
        other.codes[slot] = code;
        if (settle(other, old_depth, space_.depth(other)) && allowed(space_, other) && programs_fit(other))
          list.push_back(compact(std::move(other)));
      }
    }
  }
  return list;
}

std::optional<Genome> Varier::cross_over(const Genome& a, const Genome& b) {
  for (int attempt = 0; attempt < kTries; ++attempt) {
    Genome child = blank();
    child.programs = a.programs;
    child.programs.insert(child.programs.end(), b.programs.begin(), b.programs.end());
    if (space_.depth_gene >= 0) inherit(child, space_.depth_gene, 0, a, b);
    const int depth = space_.depth(child);
    for (int gene = 0; gene < count(); ++gene) {
      if (gene == space_.depth_gene) continue;
      for (int layer = 0; layer < space_.copies(gene, child); ++layer) inherit(child, gene, layer, a, b);
    }
    if (!settle(child, depth, depth) || !allowed(space_, child)) continue;
    cross_programs(child, a, b);
    if (programs_fit(child)) return compact(std::move(child));
  }
  return std::nullopt;
}

Genome sample(const Space& space, base::Random& random) {
  if (space.listing) return space.listing->pick(random);
  return Varier(space, random).sample();
}

std::optional<Genome> mutate(const Space& space, const Genome& parent, base::Random& random,
                             const ProgramEdits& edits) {
  auto child = Varier(space, random, edits).mutate(parent);
  if (child && space.listing) child = confined(space, std::move(*child), random, &parent);
  return child;
}

std::vector<Genome> neighbours(const Space& space, const Genome& genome, base::Random& random) {
  std::vector<Genome> list = Varier(space, random).neighbours(genome);
  if (!space.listing) return list;
  std::vector<Genome> listed;
  std::set<std::string> seen;
  for (Genome& one : list) {
    Genome near = confined(space, std::move(one), random, &genome);
    if (seen.insert(to_text(space, near)).second) listed.push_back(std::move(near));
  }
  return listed;
}

std::optional<Genome> cross_over(const Space& space, const Genome& a, const Genome& b, base::Random& random) {
  auto child = Varier(space, random).cross_over(a, b);
  if (child && space.listing) child = confined(space, std::move(*child), random);
  return child;
}

bool allowed(const Space& space, const Genome& genome) {
  for (const Condition& condition : space.require) {
    if (!space.holds(condition, genome)) return false;
  }
  return true;
}

}  // namespace weft::space
