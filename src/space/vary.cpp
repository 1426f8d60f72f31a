#include "space/vary.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "space/decode.hpp"

namespace weft::space {
namespace {

constexpr int kDraws = 10'000;
constexpr int kTries = 100;

class Varier {
 public:
  Varier(const Space& space, base::Random& random, ProgramEdits edits = {})
      : space_(space), random_(random), edits_(std::move(edits)) {}

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
      if (!settle(child, depth, depth) || !allowed(space_, child)) continue;
      cross_programs(child, a, b);
      if (programs_fit(child)) return compact(std::move(child));
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

  // Calls `visit` with each layer's program and where it stands, until it gives nothing; else it gives what comes out.
  template <class Visit>
  bool walk(const Genome& genome, Visit visit) const {
    const Input& input = space_.input;
    block::Type type = block::Type::image(input.channels, input.height, input.width);
    for (int layer = 0, depth = space_.depth(genome); layer < depth; ++layer) {
      block::Layer where{bind_layer(space_, genome, layer), type};
      if (!space_.images()) where.input = {width_of(where.binding), false};
      const std::optional<block::Type> out = visit(layer, std::move(where));
      if (!out) return false;
      type = *out;
    }
    return true;
  }

  // Whether every layer's program has shapes that fit the layer's genes.
  bool programs_fit(const Genome& genome) const {
    const Group& group = space_.open_group();
    if (group.block_gene < 0 || !space_.genes[static_cast<std::size_t>(group.block_gene)].open) return true;
    const block::Program* checked = nullptr;  // of the layer before, with where it stood and what came out
    block::Layer before;
    std::optional<block::Type> out;
    return walk(genome, [&](int layer, block::Layer where) {
      const block::Program& program = program_of(space_, genome, layer);
      if (&program == checked && where == before) return out;
      const auto graph = block::check(program, where.binding, where.input, space_.place());
      out = graph ? std::optional(graph->type(graph->result)) : std::nullopt;
      checked = &program;
      before = std::move(where);
      return out;
    });
  }

  // Where the program of an open slot stands.
  block::Setting setting(const Genome& genome, int gene, int slot_layer) const {
    block::Setting setting{.layers = {},
                           .place = space_.place(),
                           .statements = space_.limits.statements,
                           .ops = space_.genes[static_cast<std::size_t>(gene)].ops};
    walk(genome, [&](int layer, block::Layer where) -> std::optional<block::Type> {
      const bool here = space_.group(genome, layer).block_gene == gene &&
                        (!space_.genes[static_cast<std::size_t>(gene)].per_layer || layer == slot_layer);
      block::Type out = where.input;
      if (out.kind == block::Type::Kind::image) {
        const auto graph = block::check(program_of(space_, genome, layer), where.binding, where.input, space_.place());
        if (!graph) return std::nullopt;
        out = graph->type(graph->result);
      }
      if (here && std::find(setting.layers.begin(), setting.layers.end(), where) == setting.layers.end())
        setting.layers.push_back(std::move(where));
      return out;
    });
    return setting;
  }

  std::shared_ptr<const ProgramText>& program_at(Genome& genome, int gene, int layer) const {
    return genome.programs[static_cast<std::size_t>(genome.codes[space_.slot(gene, layer)])];
  }

  // Puts a program into an open slot, where the genome stays whole.
  bool put_program(Genome& genome, int gene, int layer, std::optional<block::Program> program, const char* name) const {
    if (!program) return false;
    program->name = name;
    Genome changed = genome;
    changed.programs.push_back(make_text(std::move(*program)));
    changed.codes[space_.slot(gene, layer)] = static_cast<std::int32_t>(changed.programs.size()) - 1;
    if (!programs_fit(changed)) return false;
    genome = std::move(changed);
    return true;
  }

  // One edit of the program in an open slot that leaves the genome whole.
  bool edit_program(Genome& genome, int gene, int layer) {
    const block::Setting where = setting(genome, gene, layer);
    if (where.layers.empty()) return false;
    const auto parent = program_at(genome, gene, layer);
    auto child = block::mutate(parent->program, where, random_, edits_.kinds, edits_.preference);
    return put_program(genome, gene, layer, std::move(child), "mutation");
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
      if (!space_.layered(condition) && !space_.holds(condition, genome, 0)) return false;
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
        good = good && (!space_.layered(condition) || space_.holds(condition, genome, layer));
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

  // In each open slot the parent's program with a sub-graph of the other parent's, where one fits.
  void cross_programs(Genome& child, const Genome& a, const Genome& b) {
    for (int gene = 0; gene < count(); ++gene) {
      if (!space_.genes[static_cast<std::size_t>(gene)].open) continue;
      for (int layer = 0; layer < space_.copies(gene, child); ++layer) {
        const std::size_t slot = space_.slot(gene, layer);
        if (child.codes[slot] == Genome::kInactive) continue;
        if (a.codes[slot] == Genome::kInactive || b.codes[slot] == Genome::kInactive) continue;
        const auto& own = program_at(child, gene, layer);
        const auto &first = a.programs[static_cast<std::size_t>(a.codes[slot])],
                   &second = b.programs[static_cast<std::size_t>(b.codes[slot])];
        const auto& other = own == first ? second : first;
        const block::Setting where = setting(child, gene, layer);
        if (other->id == own->id || where.layers.empty()) continue;
        put_program(child, gene, layer, block::cross_over(own->program, other->program, where, random_), "crossover");
      }
    }
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
  ProgramEdits edits_;
};

}  // namespace

Genome sample(const Space& space, base::Random& random) {
  return Varier(space, random).sample();
}

std::optional<Genome> mutate(const Space& space, const Genome& parent, base::Random& random,
                             const ProgramEdits& edits) {
  return Varier(space, random, edits).mutate(parent);
}

std::optional<Genome> cross_over(const Space& space, const Genome& a, const Genome& b, base::Random& random) {
  return Varier(space, random).cross_over(a, b);
}

bool allowed(const Space& space, const Genome& genome) {
  for (const Condition& condition : space.require) {
    if (!space.holds(condition, genome)) return false;
  }
  return true;
}

}  // namespace weft::space
