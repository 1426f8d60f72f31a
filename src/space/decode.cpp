#include "space/decode.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/text.hpp"

namespace weft::space {
namespace {

tl::unexpected<std::string> beyond(const char* what, std::int64_t value, std::int64_t limit) {
  return base::failure(fmt::format("{} {} is above the space's limit of {}",
                                   base::short_count(static_cast<double>(value)), what,
                                   base::short_count(static_cast<double>(limit))));
}

}  // namespace

std::optional<block::Binding> bind_layer(const Space& space, const Genome& genome, int layer) {
  block::Binding binding;
  for (const auto& [name, value] : space.bind) {
    if (value.is_boolean()) {
      binding[name] = value.get<bool>() ? 1 : 0;
    } else if (value.is_number()) {
      binding[name] = value.get<double>();
    } else {
      const int gene = space.gene_index(value.get<std::string>());
      const Scalar* found = space.scalar(genome, gene, layer);
      if (found == nullptr || !std::holds_alternative<double>(*found)) return std::nullopt;
      binding[name] = std::get<double>(*found);
    }
  }
  return binding;
}

std::int64_t width_of(const block::Binding& binding) {
  const double width = binding.at("D");
  return width >= 1 && width <= block::kMaxWidth && width == std::floor(width) ? static_cast<std::int64_t>(width) : 0;
}

const block::Program& program_of(const Space& space, const Genome& genome, int layer) {
  if (space.block_gene < 0) return space.blocks.at(space.fixed_block);
  const auto code = static_cast<std::size_t>(genome.codes[space.slot(space.block_gene, layer)]);
  const Gene& gene = space.genes[static_cast<std::size_t>(space.block_gene)];
  if (gene.open) return genome.programs[code]->program;
  return space.blocks.at(gene.values[code].get<std::string>());
}

Input input_for(const Space& space, Input input) {
  if (space.vocabulary > 0) input.vocabulary = space.vocabulary;
  return input;
}

base::Result<Architecture> decode(const Space& space, const Genome& genome, const Input& given) {
  for (const Condition& condition : space.require) {
    if (!space.holds(condition, genome)) return base::failure("violates the constraint " + condition.text());
  }
  Architecture a;
  a.input = input_for(space, given);
  a.causal = space.causal;
  a.patch = space.patch;
  a.learned_position = space.learned_position;
  a.norm = space.norm;
  a.norm_bias = space.norm_bias;
  a.tied = space.tied;
  if (a.patch > 0 && (a.input.height % a.patch != 0 || a.input.width % a.patch != 0)) {
    return base::failure(
        fmt::format("images of {}x{} do not divide into patches of {}", a.input.height, a.input.width, a.patch));
  }
  const int depth = space.depth(genome);
  for (int layer = 0; layer < depth; ++layer) {
    const auto binding = bind_layer(space, genome, layer);
    if (!binding) return base::failure(fmt::format("layer {}: a gene that the block needs is inactive", layer));
    const std::int64_t width = width_of(*binding);
    if (width == 0 || (layer > 0 && width != a.width))
      return base::failure("D must be one positive whole number for all layers");
    a.width = width;
    const block::Program& program = program_of(space, genome, layer);
    if (program.statements > space.limits.statements) {
      return base::failure(
          fmt::format("the block has {} statements; the space allows {}", program.statements, space.limits.statements));
    }
    auto graph = block::check(program, *binding, width, space.causal);
    if (!graph) return base::failure(graph.error().line > 0 ? graph.error().brief() : graph.error().message);
    a.counts += block::count(*graph, a.positions(), space.causal);
    a.layers.push_back(std::move(*graph));
  }
  a.counts += count_ends(a);
  if (space.limits.params > 0 && a.counts.params > space.limits.params)
    return beyond("parameters", a.counts.params, space.limits.params);
  if (space.limits.flops > 0 && a.flops() > space.limits.flops) return beyond("FLOPs", a.flops(), space.limits.flops);
  if (space.limits.activations > 0 && a.counts.activations > space.limits.activations) {
    return beyond("bytes of activations", a.counts.activations, space.limits.activations);
  }
  return a;
}

}  // namespace weft::space
