#include "space/coupling.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/error.hpp"

namespace weft::space {
namespace {

bool is_layered(const Space& space, int gene) {
  return space.genes[static_cast<std::size_t>(gene)].per_layer;
}

// Genes that are tied to each other, directly or through others (union-find).
class Ties {
 public:
  explicit Ties(std::size_t genes) : leader_(genes) { std::iota(leader_.begin(), leader_.end(), 0); }
  int of(int gene) const {
    while (leader_[static_cast<std::size_t>(gene)] != gene) gene = leader_[static_cast<std::size_t>(gene)];
    return gene;
  }
  void tie(int a, int b) { leader_[static_cast<std::size_t>(of(a))] = of(b); }

 private:
  std::vector<int> leader_;
};

// What each condition names: a gene's own condition with the gene, and constraints.
std::vector<std::vector<int>> tied_genes(const Space& space) {
  std::vector<std::vector<int>> list;
  for (const Condition& condition : space.require) list.push_back(condition.genes());
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    const auto& when = space.genes[static_cast<std::size_t>(gene)].when;
    if (!when) continue;
    list.push_back(when->genes());
    list.back().push_back(gene);
  }
  return list;
}

}  // namespace

Coupling::Coupling(const Space& space, std::int64_t most) : space_(space), due_(space.genes.size()), left_(most) {
  coupled_.assign(space.genes.size(), false);
  std::set<int> coupled;
  if (space.depth_gene >= 0) coupled.insert(space.depth_gene);
  for (const auto& genes : tied_genes(space)) coupled.insert(genes.begin(), genes.end());
  split(coupled);
  for (const Condition& condition : space.require) {
    // Per-layer genes are enumerated after global ones, each kind in order.
    int last = -1;
    for (const int gene : condition.genes()) {
      if (last < 0 || is_layered(space, gene) >= is_layered(space, last)) last = gene;
    }
    if (last >= 0) due_[static_cast<std::size_t>(last)].push_back(&condition);
    if (last < 0 && !space.holds(condition, Genome{})) possible_ = false;
  }
}

// Per-layer genes are tied among themselves; the globals that they need, and the depth, are the core.
void Coupling::split(const std::set<int>& coupled) {
  Ties ties(space_.genes.size());
  std::set<int> core;
  if (space_.depth_gene >= 0) core.insert(space_.depth_gene);
  for (const auto& genes : tied_genes(space_)) {
    const auto first_layered =
        std::find_if(genes.begin(), genes.end(), [&](int gene) { return is_layered(space_, gene); });
    for (const int gene : genes) {
      const bool layered = is_layered(space_, gene);
      if (!layered && first_layered != genes.end()) core.insert(gene);
      ties.tie(gene, layered ? *first_layered : *std::find_if_not(genes.begin(), genes.end(), [&](int other) {
                 return is_layered(space_, other);
               }));
    }
  }
  std::set<int> leaders;
  for (const int gene : core) leaders.insert(ties.of(gene));
  std::map<int, Genes> global, layer;
  for (const int gene : coupled) {
    coupled_[static_cast<std::size_t>(gene)] = true;
    const int leader = ties.of(gene);
    if (is_layered(space_, gene)) {
      layer[leader].push_back(gene);
    } else if (leaders.contains(leader)) {
      core_.push_back(gene);
    } else {
      global[leader].push_back(gene);
    }
  }
  for (auto& [leader, genes] : global) global_parts_.push_back(std::move(genes));
  for (auto& [leader, genes] : layer) layer_parts_.push_back(std::move(genes));
}

bool Coupling::is_coupled(int gene) const {
  return coupled_[static_cast<std::size_t>(gene)];
}

std::vector<unsigned long> Coupling::free_sizes(bool per_layer) const {
  std::vector<unsigned long> sizes;
  for (int gene = 0; gene < static_cast<int>(space_.genes.size()); ++gene) {
    const Gene& row = space_.genes[static_cast<std::size_t>(gene)];
    if (row.per_layer == per_layer && !is_coupled(gene)) sizes.push_back(row.open ? 1 : row.values.size());
  }
  return sizes;
}

// Whether the constraints that this gene completes hold.
bool Coupling::fits(const Genome& genome, int gene) {
  if (--left_ < 0)
    throw base::Error("space '" + space_.name +
                      "' couples too many genes by conditions for every combination to be looked at");
  const auto& due = due_[static_cast<std::size_t>(gene)];
  return std::all_of(due.begin(), due.end(), [&](const Condition* one) { return space_.holds(*one, genome, 0); });
}

void Coupling::each(Genome& genome, const Genes& genes, std::size_t index, const std::function<void()>& visit) {
  if (index == genes.size()) return visit();
  const int gene = genes[index];
  std::int32_t& code = genome.codes[space_.slot(gene, 0)];
  code = Genome::kInactive;
  if (!space_.active(gene, genome, 0)) {
    if (fits(genome, gene)) each(genome, genes, index + 1, visit);
    return;
  }
  const Gene& row = space_.genes[static_cast<std::size_t>(gene)];
  const auto size = row.open ? std::int32_t{1} : static_cast<std::int32_t>(row.values.size());
  for (std::int32_t value = 0; value < size; ++value) {
    code = value;
    if (fits(genome, gene)) each(genome, genes, index + 1, visit);
  }
  code = Genome::kInactive;
}

void Coupling::each(Genome& genome, const Genes& genes, const std::function<void()>& visit) {
  if (possible_) each(genome, genes, 0, visit);
}

void Coupling::each_global(Genome& genome, const std::function<void()>& visit) {
  Genes all = core_;
  for (const Genes& part : global_parts_) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end());
  each(genome, all, visit);
}

}  // namespace weft::space
