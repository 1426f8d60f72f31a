// What decides a layer of a genome, as numbers to look it up by.
#pragma once

#include <algorithm>
#include <vector>

#include "base/hash.hpp"
#include "space/space.hpp"

namespace weft::space {

class LayerKey {
 public:
  using Key = std::vector<std::int64_t>;
  struct Hash {
    std::size_t operator()(const Key& key) const {
      std::uint64_t hash = key.size();
      for (const std::int64_t part : key) hash = base::mix64(hash ^ static_cast<std::uint64_t>(part));
      return hash;
    }
  };

  explicit LayerKey(const Space& space) : space_(space) {
    for (const Group& group : space.groups) {
      std::vector<int>& genes = genes_.emplace_back();
      if (group.block_gene >= 0) genes.push_back(group.block_gene);
      for (const auto& [name, value] : group.bind) {
        if (value.is_string()) genes.push_back(space.gene_index(value.get_ref<const std::string&>()));
      }
      for (const auto& [name, formula] : group.let) {
        for (const int named : formula.genes()) {  // behind the genes stand names bound before
          if (named < static_cast<int>(space.genes.size())) genes.push_back(named);
        }
      }
      std::sort(genes.begin(), genes.end());
      genes.erase(std::unique(genes.begin(), genes.end()), genes.end());
    }
  }

  std::int64_t group(const Genome& genome, int layer) const {
    return &space_.group(genome, layer) - space_.groups.data();
  }

  /// Appends the group, what comes in where that is an image, and the codes of the genes that the layer reads. The code
  /// of an open gene is of this genome's programs alone.
  void write(const Genome& genome, int layer, const block::Type& input, Key& key) const {
    const std::int64_t number = group(genome, layer);
    key.push_back(number);
    if (input.kind == block::Type::Kind::image) key.insert(key.end(), {input.channels, input.height, input.width});
    for (const int gene : genes_[static_cast<std::size_t>(number)])
      key.push_back(genome.codes[space_.slot(gene, layer)]);
  }

  /// Whether the layer's program is an open gene's.
  bool open(const Genome& genome, int layer) const {
    const int gene = space_.group(genome, layer).block_gene;
    return gene >= 0 && space_.genes[static_cast<std::size_t>(gene)].open;
  }

 private:
  const Space& space_;
  std::vector<std::vector<int>> genes_;  // of each group: those that decide a layer
};

}  // namespace weft::space
