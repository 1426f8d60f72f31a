#include "base/error.hpp"
#include "space/vary.hpp"

namespace weft::space {
namespace {

class Enumerator {
 public:
  Enumerator(const Space& space, const std::function<bool(const Genome&)>& visit) : space_(space), visit_(visit) {
    for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
      (space.genes[static_cast<std::size_t>(gene)].per_layer ? layered_ : global_).push_back(gene);
    }
    genome_.codes.assign(space.slots(), Genome::kInactive);
  }

  void run() { globals(0); }

 private:
  bool each(int gene, int layer, const std::function<bool()>& next) {
    std::int32_t& code = genome_.codes[space_.slot(gene, layer)];
    code = Genome::kInactive;
    if (!space_.active(gene, genome_, layer)) return next();
    const auto size = static_cast<std::int32_t>(space_.genes[static_cast<std::size_t>(gene)].values.size());
    for (std::int32_t value = 0; value < size; ++value) {
      genome_.codes[space_.slot(gene, layer)] = value;
      if (!next()) return false;
    }
    genome_.codes[space_.slot(gene, layer)] = Genome::kInactive;
    return true;
  }

  bool globals(std::size_t index) {
    if (index < global_.size()) return each(global_[index], 0, [&] { return globals(index + 1); });
    for (const Condition& condition : space_.require) {
      if (!space_.layered(condition) && !space_.holds(condition, genome_, 0)) return true;
    }
    return layers(0, 0);
  }

  bool layers(int layer, std::size_t index) {
    if (layer == space_.depth(genome_)) return visit_(genome_);
    if (index < layered_.size()) return each(layered_[index], layer, [&] { return layers(layer, index + 1); });
    for (const Condition& condition : space_.require) {
      if (space_.layered(condition) && !space_.holds(condition, genome_, layer)) return true;
    }
    return layers(layer + 1, 0);
  }

  const Space& space_;
  const std::function<bool(const Genome&)>& visit_;
  std::vector<int> global_, layered_;
  Genome genome_;
};

}  // namespace

void enumerate(const Space& space, const std::function<bool(const Genome&)>& visit) {
  for (const Gene& gene : space.genes) {
    if (gene.open)
      throw base::Error("space '" + space.name + "' is open (gene '" + gene.name + "'): it cannot be enumerated");
  }
  Enumerator(space, visit).run();
}

}  // namespace weft::space
