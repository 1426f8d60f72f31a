#include "space/vary.hpp"

#include "base/error.hpp"
#include "block/mutate.hpp"
#include "space/decode.hpp"

namespace weft::space {
namespace {

constexpr int kDraws = 10'000;
constexpr int kTries = 100;

bool layered(const Space& space, const Condition& condition) {
  for (const int gene : condition.genes()) {
    if (space.genes[static_cast<std::size_t>(gene)].per_layer) return true;
  }
  return false;
}

class Varier {
 public:
  Varier(const Space& space, base::Random& random)
      : space_(space), random_(random), bound_(space.open_group().bound_names()) {}

  Genome sample() {
    for (int draw = 0; draw < kDraws; ++draw) {
      Genome genome = blank();
      if (!fill_globals(genome) || !fill_layers(genome, 0, space_.depth(genome)) || !programs_fit(genome)) continue;
      edit_programs(genome);
      return genome;
    }
    throw base::Error("space '" + space_.name + "': its constraints refused 10,000 random genomes; loosen 'require'");
  }

  std::optional<Genome> mutate(const Genome& parent) {
    std::vector<int> choices;
    for (int gene = 0; gene < count(); ++gene) {
      const Gene& row = space_.genes[static_cast<std::size_t>(gene)];
      if (row.values.size() < 2 && !row.open) continue;
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

  std::optional<Genome> cross_over(const Genome& a, const Genome& b) {
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
      if (settle(child, depth, depth) && allowed(space_, child) && programs_fit(child))
        return compact(std::move(child));
    }
    return std::nullopt;
  }

 private:
  int count() const { return static_cast<int>(space_.genes.size()); }

  Genome blank() const { return {std::vector<std::int32_t>(space_.slots(), Genome::kInactive), {}}; }

  void draw(Genome& genome, int gene, int layer) {
    const Gene& row = space_.genes[static_cast<std::size_t>(gene)];
    std::int32_t code = static_cast<std::int32_t>(random_.below(row.values.size()));
    if (row.open) {
      genome.programs.push_back(space_.seed(gene, static_cast<std::size_t>(code)));
      code = static_cast<std::int32_t>(genome.programs.size()) - 1;
    }
    genome.codes[space_.slot(gene, layer)] = code;
  }

  // Whether every layer's program has shapes that fit the layer's genes.
  bool programs_fit(const Genome& genome) const {
    const Group& group = space_.open_group();
    if (group.block_gene < 0 || !space_.genes[static_cast<std::size_t>(group.block_gene)].open) return true;
    if (space_.ends.patch == 0 && space_.task == Task::image_classification) return true;  // checked with the whole
    const block::Place place{.causal = space_.causal, .grid = space_.ends.patch > 0};
    const int depth = space_.depth(genome);
    const block::Program* checked = nullptr;  // of the layer before, with its binding
    block::Binding bound;
    for (int layer = 0; layer < depth; ++layer) {
      auto binding = bind_layer(space_, genome, layer);
      const block::Program& program = program_of(space_, genome, layer);
      if (&program == checked && binding == bound) continue;
      if (!block::check(program, binding, {width_of(binding), false}, place)) return false;
      checked = &program;
      bound = std::move(binding);
    }
    return true;
  }

  // One edit of the program in an open slot that leaves the genome whole.
  bool edit_program(Genome& genome, int gene, int layer) {
    const std::int32_t old = genome.codes[space_.slot(gene, layer)];
    const auto parent = genome.programs[static_cast<std::size_t>(old)];
    for (int attempt = 0; attempt < 20; ++attempt) {
      block::Program child = block::mutate(parent->program, random_, bound_);
      child.name = "mutation";
      auto text = make_text(std::move(child));
      if (text->id == parent->id || text->program.statements > space_.limits.statements) continue;
      genome.programs.push_back(std::move(text));
      genome.codes[space_.slot(gene, layer)] = static_cast<std::int32_t>(genome.programs.size()) - 1;
      if (programs_fit(genome)) return true;
      genome.programs.pop_back();
      genome.codes[space_.slot(gene, layer)] = old;
    }
    return false;
  }

  // Zero to eight edits of each open program: what a random program is.
  void edit_programs(Genome& genome) {
    for (int gene = 0; gene < count(); ++gene) {
      if (!space_.genes[static_cast<std::size_t>(gene)].open) continue;
      for (int layer = 0; layer < space_.copies(gene, genome); ++layer) {
        if (genome.codes[space_.slot(gene, layer)] == Genome::kInactive) continue;
        for (std::uint64_t edits = random_.below(9); edits > 0; --edits) edit_program(genome, gene, layer);
      }
    }
    genome = compact(std::move(genome));
  }

  bool fill_globals(Genome& genome) {
    for (int gene = 0; gene < count(); ++gene) {
      if (space_.genes[static_cast<std::size_t>(gene)].per_layer) continue;
      if (space_.active(gene, genome, 0)) draw(genome, gene, 0);
    }
    for (const Condition& condition : space_.require) {
      if (!layered(space_, condition) && !space_.holds(condition, genome, 0)) return false;
    }
    return true;
  }

  bool fill_layers(Genome& genome, int first, int last) {
    for (int layer = first; layer < last; ++layer) {
      if (!fill_layer(genome, layer)) return false;
    }
    return true;
  }

  bool fill_layer(Genome& genome, int layer) {
    for (int attempt = 0; attempt < kTries; ++attempt) {
      for (int gene = 0; gene < count(); ++gene) {
        if (!space_.genes[static_cast<std::size_t>(gene)].per_layer) continue;
        genome.codes[space_.slot(gene, layer)] = Genome::kInactive;
        if (space_.active(gene, genome, layer)) draw(genome, gene, layer);
      }
      bool good = true;
      for (const Condition& condition : space_.require) {
        good = good && (!layered(space_, condition) || space_.holds(condition, genome, layer));
      }
      if (good) return true;
    }
    return false;
  }

  bool change(Genome& child, int gene) {
    const Gene& row = space_.genes[static_cast<std::size_t>(gene)];
    std::vector<int> layers;
    for (int layer = 0; layer < space_.copies(gene, child); ++layer) {
      if (child.codes[space_.slot(gene, layer)] != Genome::kInactive) layers.push_back(layer);
    }
    const int layer = random_.pick(layers);
    if (row.open) return edit_program(child, gene, layer);
    std::int32_t& code = child.codes[space_.slot(gene, layer)];
    const auto other = static_cast<std::int32_t>(random_.below(row.values.size() - 1));
    code = other >= code ? other + 1 : other;
    return true;
  }

  // After a change: new layers are filled, lost ones emptied, and conditions looked at again.
  bool settle(Genome& genome, int old_depth, int depth) {
    for (int gene = 0; gene < count(); ++gene) {
      const bool per_layer = space_.genes[static_cast<std::size_t>(gene)].per_layer;
      for (int layer = 0; layer < (per_layer ? space_.max_depth : 1); ++layer) {
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
  void inherit(Genome& child, int gene, int layer, const Genome& a, const Genome& b) {
    const std::size_t slot = space_.slot(gene, layer);
    const std::int32_t from_a = a.codes[slot];
    std::int32_t from_b = b.codes[slot];
    if (from_b != Genome::kInactive && space_.genes[static_cast<std::size_t>(gene)].open)
      from_b += static_cast<std::int32_t>(a.programs.size());
    const bool either = from_a != Genome::kInactive && from_b != Genome::kInactive;
    const bool takes_a = either ? random_.chance(0.5) : from_a != Genome::kInactive;
    child.codes[slot] = takes_a ? from_a : from_b;
  }

  // Drops programs that no slot uses.
  Genome compact(Genome genome) const {
    if (genome.programs.empty()) return genome;
    std::vector<std::shared_ptr<const ProgramText>> used;
    for (int gene = 0; gene < count(); ++gene) {
      if (!space_.genes[static_cast<std::size_t>(gene)].open) continue;
      for (int layer = 0; layer < space_.copies(gene, genome); ++layer) {
        std::int32_t& code = genome.codes[space_.slot(gene, layer)];
        if (code == Genome::kInactive) continue;
        used.push_back(genome.programs[static_cast<std::size_t>(code)]);
        code = static_cast<std::int32_t>(used.size()) - 1;
      }
    }
    genome.programs = std::move(used);
    return genome;
  }

  const Space& space_;
  base::Random& random_;
  std::vector<std::string> bound_;
};

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
      if (!layered(space_, condition) && !space_.holds(condition, genome_, 0)) return true;
    }
    return layers(0, 0);
  }

  bool layers(int layer, std::size_t index) {
    if (layer == space_.depth(genome_)) return visit_(genome_);
    if (index < layered_.size()) return each(layered_[index], layer, [&] { return layers(layer, index + 1); });
    for (const Condition& condition : space_.require) {
      if (layered(space_, condition) && !space_.holds(condition, genome_, layer)) return true;
    }
    return layers(layer + 1, 0);
  }

  const Space& space_;
  const std::function<bool(const Genome&)>& visit_;
  std::vector<int> global_, layered_;
  Genome genome_;
};

}  // namespace

Genome sample(const Space& space, base::Random& random) {
  return Varier(space, random).sample();
}

std::optional<Genome> mutate(const Space& space, const Genome& parent, base::Random& random) {
  return Varier(space, random).mutate(parent);
}

std::optional<Genome> cross_over(const Space& space, const Genome& a, const Genome& b, base::Random& random) {
  return Varier(space, random).cross_over(a, b);
}

void enumerate(const Space& space, const std::function<bool(const Genome&)>& visit) {
  for (const Gene& gene : space.genes) {
    if (gene.open)
      throw base::Error("space '" + space.name + "' is open (gene '" + gene.name + "'): it cannot be enumerated");
  }
  Enumerator(space, visit).run();
}

bool allowed(const Space& space, const Genome& genome) {
  for (const Condition& condition : space.require) {
    if (!space.holds(condition, genome)) return false;
  }
  return true;
}

}  // namespace weft::space
