#include "space/coupling.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"

namespace weft::space {
namespace {

bool is_layered(const Space& space, int gene) {
  return space.genes[static_cast<std::size_t>(gene)].per_layer;
}

}  // namespace

Coupling::Coupling(const Space& space, std::int64_t most) : space_(space), due_(space.genes.size()), left_(most) {
  std::set<int> coupled;
  if (space.depth_gene >= 0) coupled.insert(space.depth_gene);
  for (const Condition& condition : space.require) coupled.insert(condition.genes().begin(), condition.genes().end());
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    const auto& when = space.genes[static_cast<std::size_t>(gene)].when;
    if (!when) continue;
    coupled.insert(gene);
    coupled.insert(when->genes().begin(), when->genes().end());
  }
  for (const int gene : coupled) (is_layered(space, gene) ? layered_ : globals_).push_back(gene);
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

// Whether the constraints that this gene completes hold.
bool Coupling::fits(const Genome& genome, int gene) {
  if (--left_ < 0)
    throw base::Error("space '" + space_.name +
                      "' couples too many genes by conditions for every combination to be looked at");
  const auto& due = due_[static_cast<std::size_t>(gene)];
  return std::all_of(due.begin(), due.end(), [&](const Condition* one) { return space_.holds(*one, genome, 0); });
}

void Coupling::each(Genome& genome, const std::vector<int>& genes, std::size_t index,
                    const std::function<void()>& visit) {
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

void Coupling::each_global(Genome& genome, const std::function<void()>& visit) {
  if (possible_) each(genome, globals_, 0, visit);
}
void Coupling::each_layer(Genome& genome, const std::function<void()>& visit) {
  each(genome, layered_, 0, visit);
}

}  // namespace weft::space
