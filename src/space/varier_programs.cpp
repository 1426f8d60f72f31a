// Programs of open genes: whether they fit, and how they are edited and crossed.
#include <algorithm>

#include "space/decode.hpp"
#include "space/varier.hpp"

namespace weft::space {

namespace {

// Calls `visit` with each layer's program and where it stands, until it gives nothing; else it gives what comes out.
template <class Visit>
bool walk(const Space& space, const Genome& genome, Visit visit) {
  const bool images = space.images();
  const Input& input = space.input;
  block::Type type = block::Type::image(input.channels, input.height, input.width);
  for (int layer = 0, depth = space.depth(genome); layer < depth; ++layer) {
    block::Layer where{bind_layer(space, genome, layer), type};
    if (!images) where.input = {width_of(where.binding), false};
    const std::optional<block::Type> out = visit(layer, std::move(where));
    if (!out) return false;
    type = *out;
  }
  return true;
}

}  // namespace

// Whether every layer's program has shapes that fit the layer's genes.
bool Varier::programs_fit(const Genome& genome) const {
  const Group& group = space_.open_group();
  if (group.block_gene < 0 || !space_.genes[static_cast<std::size_t>(group.block_gene)].open) return true;
  const block::Program* checked = nullptr;  // of the layer before, with where it stood and what came out
  block::Layer before;
  std::optional<block::Type> out;
  return walk(space_, genome, [&](int layer, block::Layer where) {
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
block::Setting Varier::setting(const Genome& genome, int gene, int slot_layer) const {
  block::Setting setting{
      .layers = {}, .place = space_.place(), .statements = space_.limits.statements, .ops = row(gene).ops};
  walk(space_, genome, [&](int layer, block::Layer where) -> std::optional<block::Type> {
    const bool here = space_.group(genome, layer).block_gene == gene && (!row(gene).per_layer || layer == slot_layer);
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

std::shared_ptr<const ProgramText>& Varier::program_at(Genome& genome, int gene, int layer) const {
  return genome.programs[static_cast<std::size_t>(genome.codes[space_.slot(gene, layer)])];
}

// Puts a program into an open slot, where the genome stays whole.
bool Varier::put_program(Genome& genome, int gene, int layer, std::optional<block::Program> program,
                         const char* name) const {
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
bool Varier::edit_program(Genome& genome, int gene, int layer) {
  const block::Setting where = setting(genome, gene, layer);
  if (where.layers.empty()) return false;
  const auto parent = program_at(genome, gene, layer);
  auto child = block::mutate(parent->program, where, random_, edits_.kinds, edits_.preference);
  return put_program(genome, gene, layer, std::move(child), "mutation");
}

// Zero to eight edits of each open program: what a random program is.
void Varier::edit_programs(Genome& genome) {
  for (int gene = 0; gene < count(); ++gene) {
    if (!row(gene).open) continue;
    for (int layer = 0; layer < space_.copies(gene, genome); ++layer) {
      if (genome.codes[space_.slot(gene, layer)] == Genome::kInactive) continue;
      for (std::uint64_t edits = random_.below(9); edits > 0; --edits) edit_program(genome, gene, layer);
    }
  }
  genome = compact(std::move(genome));
}

// In each open slot the parent's program with a sub-graph of the other parent's, where one fits.
void Varier::cross_programs(Genome& child, const Genome& a, const Genome& b) {
  for (int gene = 0; gene < count(); ++gene) {
    if (!row(gene).open) continue;
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
Genome Varier::compact(Genome genome) const {
  if (genome.programs.empty()) return genome;
  std::vector<std::shared_ptr<const ProgramText>> used;
  for (int gene = 0; gene < count(); ++gene) {
    if (!row(gene).open) continue;
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

}  // namespace weft::space
