#include "space/decode.hpp"

#include <fmt/format.h>

#include <cmath>

namespace weft::space {
namespace {

std::string beyond(const char* what, std::int64_t value, std::int64_t limit) {
  return fmt::format("{} {} are above the space's limit of {}", value, what, limit);
}

// What is wrong with the limits, or nothing.
std::string limits_broken(const Limits& limits, const Architecture& a) {
  if (limits.params > 0 && a.counts.params > limits.params) return beyond("parameters", a.counts.params, limits.params);
  if (limits.flops > 0 && a.flops() > limits.flops) return beyond("FLOPs", a.flops(), limits.flops);
  if (limits.activations > 0 && a.counts.activations > limits.activations)
    return beyond("bytes of activations", a.counts.activations, limits.activations);
  return "";
}

// Adds layers one by one; equal layers are checked once.
class Stacker {
 public:
  Stacker(const Space& space, const Genome& genome, Architecture& a) : space_(space), genome_(genome), a_(a) {}

  // Returns what is wrong, or nothing.
  std::string add(int layer) {
    auto binding = bind_layer(space_, genome_, layer);
    if (!binding) return "D, the model's width, is inactive";
    const block::Program& program = program_of(space_, genome_, layer);
    if (&program != program_ || *binding != binding_) {
      if (program.statements > space_.limits.statements)
        return fmt::format("the block has {} statements; the space allows {}", program.statements,
                           space_.limits.statements);
      const std::int64_t width = width_of(*binding);
      if (width == 0 || (layer > 0 && width != a_.width)) return "D must be one positive whole number for all layers";
      a_.width = width;
      auto graph = block::check(program, *binding, width, space_.causal);
      if (!graph) return graph.error().brief();
      a_.layers.push_back(std::move(*graph));
      counts_ = block::count(a_.layers.back(), a_.positions(), space_.causal);
      program_ = &program;
      binding_ = std::move(*binding);
    } else {
      a_.layers.push_back(a_.layers.back());
    }
    a_.counts += counts_;
    return "";
  }

 private:
  const Space& space_;
  const Genome& genome_;
  Architecture& a_;
  const block::Program* program_ = nullptr;  // of the layer before, with its binding and counts
  block::Binding binding_;
  block::Counts counts_;
};

}  // namespace

std::optional<block::Binding> bind_layer(const Space& space, const Genome& genome, int layer) {
  block::Binding binding;
  for (const auto& [name, value] : space.bind) {
    if (value.is_boolean()) {
      binding[name] = value.get<bool>() ? 1 : 0;
    } else if (value.is_number()) {
      binding[name] = value.get<double>();
    } else {
      const int gene = space.gene_index(value.get_ref<const std::string&>());
      if (const Scalar* found = space.scalar(genome, gene, layer)) binding[name] = std::get<double>(*found);
    }
  }
  if (!binding.contains("D")) return std::nullopt;
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
  a.layers.reserve(static_cast<std::size_t>(depth));
  Stacker stacker(space, genome, a);
  for (int layer = 0; layer < depth; ++layer) {
    if (const std::string wrong = stacker.add(layer); !wrong.empty())
      return base::failure(fmt::format("layer {}: {}", layer, wrong));
  }
  a.counts += count_ends(a);
  if (const std::string wrong = limits_broken(space.limits, a); !wrong.empty()) return base::failure(wrong);
  return a;
}

}  // namespace weft::space
