#include "space/coupling.hpp"

#include <algorithm>
#include <set>

namespace weft::space {

Coupling::Coupling(const Space& space) : space_(space) {
  std::set<int> coupled;
  if (space.depth_gene >= 0) coupled.insert(space.depth_gene);
  for (const Condition& condition : space.require) coupled.insert(condition.genes().begin(), condition.genes().end());
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    const auto& when = space.genes[static_cast<std::size_t>(gene)].when;
    if (!when) continue;
    coupled.insert(gene);
    coupled.insert(when->genes().begin(), when->genes().end());
  }
  for (const int gene : coupled)
    (space.genes[static_cast<std::size_t>(gene)].per_layer ? layered_ : globals_).push_back(gene);
}

bool Coupling::is_coupled(int gene) const {
  return std::binary_search(globals_.begin(), globals_.end(), gene) ||
         std::binary_search(layered_.begin(), layered_.end(), gene);
}

std::vector<unsigned long> Coupling::free_sizes(bool per_layer) const {
  std::vector<unsigned long> sizes;
  for (int gene = 0; gene < static_cast<int>(space_.genes.size()); ++gene) {
    const Gene& row = space_.genes[static_cast<std::size_t>(gene)];
    if (row.per_layer == per_layer && !is_coupled(gene)) sizes.push_back(row.open ? 1 : row.values.size());
  }
  return sizes;
}

void Coupling::each(Genome& genome, const std::vector<int>& genes, std::size_t index, bool layered,
                    const std::function<void()>& visit) const {
  if (index == genes.size()) {
    for (const Condition& condition : space_.require) {
      bool names_layer = false;
      for (const int gene : condition.genes())
        names_layer = names_layer || space_.genes[static_cast<std::size_t>(gene)].per_layer;
      if (names_layer == layered && !space_.holds(condition, genome, 0)) return;
    }
    visit();
    return;
  }
  std::int32_t& code = genome.codes[space_.slot(genes[index], 0)];
  code = Genome::kInactive;
  if (!space_.active(genes[index], genome, 0)) {
    each(genome, genes, index + 1, layered, visit);
    return;
  }
  const Gene& gene = space_.genes[static_cast<std::size_t>(genes[index])];
  const auto size = gene.open ? std::int32_t{1} : static_cast<std::int32_t>(gene.values.size());
  for (std::int32_t value = 0; value < size; ++value) {
    code = value;
    each(genome, genes, index + 1, layered, visit);
  }
  code = Genome::kInactive;
}

void Coupling::each_global(Genome& genome, const std::function<void()>& visit) const {
  each(genome, globals_, 0, false, visit);
}
void Coupling::each_layer(Genome& genome, const std::function<void()>& visit) const {
  each(genome, layered_, 0, true, visit);
}

}  // namespace weft::space
