#include "space/extremes.hpp"

#include "base/error.hpp"
#include "space/vary.hpp"

namespace weft::space {
namespace {

constexpr int kPasses = 6;
constexpr int kDraws = 100;
constexpr std::size_t kPairs = 48;  // values of all genes, up to which every pair of them is in an outline

// Layers that were not there before become like the last one that was.
void copy_layers(const Space& space, Genome& genome, int before, int depth) {
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    if (!space.genes[static_cast<std::size_t>(gene)].per_layer) continue;
    for (int layer = before; layer < depth; ++layer)
      genome.codes[space.slot(gene, layer)] = genome.codes[space.slot(gene, before - 1)];
  }
}

// Genes that are alive and have no value get the first one; those that are not alive lose theirs.
void settle(const Space& space, Genome& genome) {
  const int depth = space.depth(genome);
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    const Gene& row = space.genes[static_cast<std::size_t>(gene)];
    for (int layer = 0; layer < space.most_copies(gene); ++layer) {
      std::int32_t& code = genome.codes[space.slot(gene, layer)];
      const bool alive = (!row.per_layer || layer < depth) && space.active(gene, genome, layer);
      if (!alive) {
        code = Genome::kInactive;
      } else if (code == Genome::kInactive && row.open) {
        genome.programs.push_back(space.seed(gene, 0));
        code = static_cast<std::int32_t>(genome.programs.size()) - 1;
      } else if (code == Genome::kInactive) {
        code = 0;
      }
    }
  }
}

// Open genes are seeds again.
void forget_programs(const Space& space, Genome& genome) {
  genome.programs.clear();
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    if (!space.genes[static_cast<std::size_t>(gene)].open) continue;
    for (int layer = 0; layer < space.copies(gene, genome); ++layer)
      genome.codes[space.slot(gene, layer)] = Genome::kInactive;
  }
}

// The best of the values of each gene in turn, until none is better any more.
template <class Better>
Genome climb(const Space& space, const Input& input, Better better) {
  Counter counter(space, input);
  base::Random random(0, "extremes");
  Genome best;
  std::optional<block::Counts> counts;
  for (int draw = 0; draw < kDraws && !counts; ++draw) {
    best = sample(space, random);
    forget_programs(space, best);
    settle(space, best);
    if (const auto counted = counter.count(best)) counts = *counted;
  }
  if (!counts) throw base::Error("space '" + space.name + "': its limits and constraints refused 100 random genomes");
  bool moved = true;
  for (int pass = 0; pass < kPasses && moved; ++pass) {
    moved = false;
    for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
      for (std::size_t code = 0; code < space.genes[static_cast<std::size_t>(gene)].values.size(); ++code) {
        auto changed = with_value(space, best, gene, static_cast<std::int32_t>(code));
        if (!changed || changed->codes == best.codes) continue;
        const auto counted = counter.count(*changed);
        if (!counted || !better(*counted, *counts)) continue;
        best = std::move(*changed);
        counts = *counted;
        moved = true;
      }
    }
  }
  return best;
}

bool more(const block::Counts& a, const block::Counts& b) {
  return a.params != b.params ? a.params > b.params : a.macs > b.macs;
}

}  // namespace

std::optional<Genome> with_value(const Space& space, const Genome& genome, int gene, std::int32_t code) {
  const Gene& row = space.genes[static_cast<std::size_t>(gene)];
  Genome changed = genome;
  const int before = space.depth(genome);
  if (row.open) changed.programs.push_back(space.seed(gene, static_cast<std::size_t>(code)));
  const std::int32_t value = row.open ? static_cast<std::int32_t>(changed.programs.size()) - 1 : code;
  bool set = false;
  for (int layer = 0; layer < space.copies(gene, genome); ++layer) {
    std::int32_t& slot = changed.codes[space.slot(gene, layer)];
    if (slot == Genome::kInactive) continue;
    slot = value;
    set = true;
  }
  if (!set) return std::nullopt;
  const int depth = space.depth(changed);
  if (depth > before) copy_layers(space, changed, before, depth);
  settle(space, changed);
  return allowed(space, changed) ? std::optional(std::move(changed)) : std::nullopt;
}

Genome largest(const Space& space, const Input& input) {
  return climb(space, input, more);
}

Genome smallest(const Space& space, const Input& input) {
  return climb(space, input, [](const auto& a, const auto& b) { return more(b, a); });
}

std::vector<Genome> outline(const Space& space, const Input& input) {
  std::vector<Genome> list{largest(space, input)};
  Counter counter(space, input);
  std::size_t values = 0;
  for (const Gene& gene : space.genes) values += gene.values.size();
  const auto vary = [&](const Genome& from) {
    for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
      for (std::size_t code = 0; code < space.genes[static_cast<std::size_t>(gene)].values.size(); ++code) {
        auto changed = with_value(space, from, gene, static_cast<std::int32_t>(code));
        if (changed && changed->codes != from.codes && counter.count(*changed)) list.push_back(std::move(*changed));
      }
    }
  };
  vary(Genome(list[0]));
  if (values > kPairs) return list;
  for (std::size_t i = 1, single = list.size(); i < single; ++i) vary(Genome(list[i]));
  return list;
}

}  // namespace weft::space
