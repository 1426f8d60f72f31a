#include "bench/encoding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace weft::bench {
namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

bool numeric(const space::Gene& gene) {
  return std::all_of(gene.values.begin(), gene.values.end(), [](const base::Json& one) { return one.is_number(); });
}

}  // namespace

Encoding::Encoding(const space::Space& space) : space_(space), counter_(space, space.input) {
  for (const space::Gene& gene : space.genes) {
    if (gene.open) ops_.assign(block::ops().begin(), block::ops().end());
  }
  columns_ = ops_.size() + 2;
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    const space::Gene& one = space.genes[static_cast<std::size_t>(gene)];
    const auto layers = static_cast<std::size_t>(space.most_copies(gene));
    if (!one.open) columns_ += layers * (numeric(one) ? 1 : one.values.size());
  }
}

void Encoding::append(const space::Genome& genome, int gene, int layer, std::vector<float>& row) const {
  const space::Gene& one = space_.genes[static_cast<std::size_t>(gene)];
  const std::int32_t code = genome.codes[space_.slot(gene, layer)];
  if (numeric(one)) {
    row.push_back(code < 0 ? kNone : one.values[static_cast<std::size_t>(code)].get<float>());
    return;
  }
  for (std::int32_t value = 0; value < static_cast<std::int32_t>(one.values.size()); ++value)
    row.push_back(value == code ? 1 : 0);
}

std::vector<float> Encoding::encode(const space::Genome& genome) {
  std::vector<float> row;
  row.reserve(columns_);
  for (int gene = 0; gene < static_cast<int>(space_.genes.size()); ++gene) {
    const space::Gene& one = space_.genes[static_cast<std::size_t>(gene)];
    for (int layer = 0; !one.open && layer < space_.most_copies(gene); ++layer) append(genome, gene, layer, row);
  }
  if (!ops_.empty()) {
    std::vector<float> uses(ops_.size(), 0);
    const auto architecture = space::decode(space_, genome, space_.input);
    for (std::size_t layer = 0; architecture && layer < architecture->layers.size(); ++layer) {
      for (const block::Node& node : architecture->layers[layer].nodes)
        uses.at(static_cast<std::size_t>(std::find(ops_.begin(), ops_.end(), node.op) - ops_.begin())) += 1;
    }
    row.insert(row.end(), uses.begin(), uses.end());
  }
  const auto counts = counter_.count(genome);
  row.push_back(counts ? static_cast<float>(std::log1p(static_cast<double>(counts->params))) : kNone);
  row.push_back(counts ? static_cast<float>(std::log1p(static_cast<double>(counts->macs))) : kNone);
  return row;
}

}  // namespace weft::bench
