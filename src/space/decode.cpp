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
    if (a_.stem().kind == block::Type::Kind::sequence) {
      const std::int64_t width = width_of(binding);
      if (width == 0 || (layer > 0 && width != a_.width)) return "D must be one positive whole number for all layers";
      a_.width = width;
    }
    const block::Type input = layer == 0 ? a_.stem() : a_.layers.back().type(a_.layers.back().result);
    const block::Program& program = program_of(space_, genome_, layer);
    if (&program != program_ || binding != binding_ || input != a_.layers.back().input) {
      if (program.statements > space_.limits.statements)
        return fmt::format("the block has {} statements; the space allows {}", program.statements,
                           space_.limits.statements);
      auto graph = block::check(program, binding, input, a_.place());
      if (!graph) return graph.error().brief();
      a_.layers.push_back(std::move(*graph));
      counts_ = block::count(a_.layers.back(), a_.positions(), a_.place());
      program_ = &program;
      binding_ = std::move(binding);
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

// What follows from genes and bound names. A formula that comes to nothing leaves its name unbound.
void add_let(const Space& space, const Genome& genome, int layer, block::Binding& binding) {
  const Group& group = space.group(genome, layer);
  Scalar held;
  const auto value = [&](int index) -> const Scalar* {
    const auto count = static_cast<int>(space.genes.size());
    if (index < count) return space.scalar(genome, index, layer);
    const auto found = binding.find(group.let_names[static_cast<std::size_t>(index - count)]);
    if (found == binding.end()) return nullptr;
    held = found->second;
    return &held;
  };
  for (const auto& [name, formula] : group.let) {
    if (const auto number = formula.number(value)) binding[name] = *number;
  }
}

}  // namespace

block::Binding bind_layer(const Space& space, const Genome& genome, int layer) {
  block::Binding binding;
  const Group& group = space.group(genome, layer);
  for (const auto& [name, value] : group.bind) {
    if (value.is_boolean()) {
      binding[name] = value.get<bool>() ? 1 : 0;
    } else if (value.is_number()) {
      binding[name] = value.get<double>();
    } else {
      const int gene = space.gene_index(value.get_ref<const std::string&>());
      const Scalar* found = space.scalar(genome, gene, layer);
      if (found == nullptr) continue;
      const auto* number = std::get_if<double>(found);
      binding[name] = number != nullptr ? *number : static_cast<double>(genome.codes[space.slot(gene, layer)]);
    }
  }
  add_let(space, genome, layer, binding);
  return binding;
}

std::int64_t width_of(const block::Binding& binding) {
  const auto found = binding.find("D");
  const double width = found == binding.end() ? 0 : found->second;
  return width >= 1 && width <= block::kMaxWidth && width == std::floor(width) ? static_cast<std::int64_t>(width) : 0;
}

const block::Program& program_of(const Space& space, const Genome& genome, int layer) {
  const Group& group = space.group(genome, layer);
  if (group.block_gene < 0) return space.blocks.at(group.block);
  const auto code = static_cast<std::size_t>(genome.codes[space.slot(group.block_gene, layer)]);
  const Gene& gene = space.genes[static_cast<std::size_t>(group.block_gene)];
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
  a.ends = space.ends;
  if (const std::int64_t p = a.ends.patch; p > 0 && (a.input.height % p != 0 || a.input.width % p != 0))
    return base::failure(
        fmt::format("images of {}x{} do not divide into patches of {}", a.input.height, a.input.width, p));
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
