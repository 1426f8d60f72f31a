#include "space/varier.hpp"

namespace weft::space {

void Varier::draw(Genome& genome, int gene, int layer) {
  const Gene& drawn = row(gene);
  std::int32_t code = static_cast<std::int32_t>(random_.below(drawn.values.size()));
  if (drawn.open) {
    genome.programs.push_back(space_.seed(gene, static_cast<std::size_t>(code)));
    code = static_cast<std::int32_t>(genome.programs.size()) - 1;
  }
  genome.codes[space_.slot(gene, layer)] = code;
}

bool Varier::fill_globals(Genome& genome) {
  for (int gene = 0; gene < count(); ++gene) {
    if (row(gene).per_layer) continue;
    if (space_.active(gene, genome, 0)) draw(genome, gene, 0);
  }
  for (const Condition& condition : space_.require) {
    if (!space_.layered(condition) && !space_.holds(condition, genome, 0)) return false;
  }
  return true;
}

bool Varier::fill_layers(Genome& genome, int first, int last) {
  for (int layer = first; layer < last; ++layer) {
    if (!fill_layer(genome, layer)) return false;
  }
  return true;
}

bool Varier::fill_layer(Genome& genome, int layer) {
  for (int attempt = 0; attempt < kTries; ++attempt) {
    for (int gene = 0; gene < count(); ++gene) {
      if (!row(gene).per_layer) continue;
      genome.codes[space_.slot(gene, layer)] = Genome::kInactive;
      if (space_.active(gene, genome, layer)) draw(genome, gene, layer);
    }
    bool good = true;
    for (const Condition& condition : space_.require) {
      good = good && (!space_.layered(condition) || space_.holds(condition, genome, layer));
    }
    if (good) return true;
  }
  return false;
}

bool Varier::change(Genome& child, int gene) {
  const Gene& drawn = row(gene);
  std::vector<int> layers;
  for (int layer = 0; layer < space_.copies(gene, child); ++layer) {
    if (child.codes[space_.slot(gene, layer)] != Genome::kInactive) layers.push_back(layer);
  }
  const int layer = random_.pick(layers);
  if (drawn.open) return edit_program(child, gene, layer);
  std::int32_t& code = child.codes[space_.slot(gene, layer)];
  const auto other = static_cast<std::int32_t>(random_.below(drawn.values.size() - 1));
  code = other >= code ? other + 1 : other;
  return true;
}

// After a change: new layers are filled, lost ones emptied, and conditions looked at again.
bool Varier::settle(Genome& genome, int old_depth, int depth) {
  for (int gene = 0; gene < count(); ++gene) {
    const bool per_layer = row(gene).per_layer;
    for (int layer = 0; layer < space_.most_copies(gene); ++layer) {
      std::int32_t& code = genome.codes[space_.slot(gene, layer)];
      const bool alive = (!per_layer || layer < depth) && space_.active(gene, genome, layer);
      if (!alive) {
        code = Genome::kInactive;
      } else if (code == Genome::kInactive && (!per_layer || layer < old_depth)) {
        draw(genome, gene, layer);
      }
    }
  }
  return fill_layers(genome, old_depth, depth);
}

// A slot's value from either parent that has one. The programs of `b` stand behind those of `a`.
void Varier::inherit(Genome& child, int gene, int layer, const Genome& a, const Genome& b) {
  const std::size_t slot = space_.slot(gene, layer);
  const std::int32_t from_a = a.codes[slot];
  std::int32_t from_b = b.codes[slot];
  if (from_b != Genome::kInactive && row(gene).open) from_b += static_cast<std::int32_t>(a.programs.size());
  const bool either = from_a != Genome::kInactive && from_b != Genome::kInactive;
  const bool takes_a = either ? random_.chance(0.5) : from_a != Genome::kInactive;
  child.codes[slot] = takes_a ? from_a : from_b;
}

}  // namespace weft::space
