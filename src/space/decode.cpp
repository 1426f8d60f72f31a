#include "space/decode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/hash.hpp"

namespace weft::space {
namespace {

std::string beyond(const char* what, std::int64_t value, std::int64_t limit) {
  return fmt::format("{} {} are above the space's limit of {}", value, what, limit);
}

// What is wrong with the limits, or nothing.
std::string limits_broken(const Limits& limits, const block::Counts& counts) {
  if (limits.params > 0 && counts.params > limits.params) return beyond("parameters", counts.params, limits.params);
  if (limits.flops > 0 && 2 * counts.macs > limits.flops) return beyond("FLOPs", 2 * counts.macs, limits.flops);
  if (limits.activations > 0 && counts.activations > limits.activations)
    return beyond("bytes of activations", counts.activations, limits.activations);
  return "";
}

constexpr const char* kWidthWrong = "D must be one positive whole number for all layers";

// What is wrong with a layer's width, or nothing. Sets the architecture's with the first.
std::string width_wrong(Architecture& a, const block::Binding& binding, int layer) {
  if (a.stem().kind != block::Type::Kind::sequence) return "";
  const std::int64_t width = width_of(binding);
  if (width == 0 || (layer > 0 && width != a.width)) return kWidthWrong;
  a.width = width;
  return "";
}

// What an architecture is before it has layers, or what is wrong.
base::Result<Architecture> without_layers(const Space& space, const Input& given) {
  Architecture a;
  a.input = input_for(space, given);
  a.causal = space.causal;
  a.ends = space.ends;
  a.autoformer_bias = space.autoformer_bias;
  if (const std::int64_t p = a.ends.patch; p > 0 && (a.input.height % p != 0 || a.input.width % p != 0))
    return base::failure(
        fmt::format("images of {}x{} do not divide into patches of {}", a.input.height, a.input.width, p));
  return a;
}

// What is wrong with the constraints, or nothing.
std::string constraint_broken(const Space& space, const Genome& genome) {
  for (const Condition& condition : space.require) {
    if (!space.holds(condition, genome)) return "violates the constraint " + condition.text();
  }
  return "";
}

// What is wrong with a layer's program before it is checked, or nothing: its statements, or an op that its gene does
// not list.
std::string program_wrong(const Space& space, const Genome& genome, int layer, const block::Program& program) {
  if (program.statements > space.limits.statements)
    return fmt::format("the block has {} statements; the space allows {}", program.statements, space.limits.statements);
  const int gene = space.group(genome, layer).block_gene;
  return gene < 0 ? "" : space.genes[static_cast<std::size_t>(gene)].foreign_op(program);
}

// A layer's program, checked, or what is wrong.
base::Result<block::Graph> checked_layer(const Space& space, const Genome& genome, int layer,
                                         const block::Binding& binding, const block::Type& input) {
  const block::Program& program = program_of(space, genome, layer);
  if (std::string wrong = program_wrong(space, genome, layer, program); !wrong.empty())
    return base::failure(std::move(wrong));
  auto graph = block::check(program, binding, input, space.place());
  if (!graph) return base::failure(graph.error().brief());
  return std::move(*graph);
}

// Whether a learned vector is added at each position, where a gene says so.
void set_position(const Space& space, const Genome& genome, Architecture& a) {
  if (space.position_gene >= 0) a.ends.learned_position = genome.codes[space.slot(space.position_gene, 0)] == 1;
}

// Adds layers one by one; equal layers are checked once.
class Stacker {
 public:
  Stacker(const Space& space, const Genome& genome, Architecture& a) : space_(space), genome_(genome), a_(a) {}

  // Returns what is wrong, or nothing.
  std::string add(int layer) {
    auto binding = bind_layer(space_, genome_, layer);
    if (std::string wrong = width_wrong(a_, binding, layer); !wrong.empty()) return wrong;
    const block::Type input = layer == 0 ? a_.stem() : a_.layers.back().type(a_.layers.back().result);
    const block::Program& program = program_of(space_, genome_, layer);
    if (&program != program_ || binding != binding_ || input != a_.layers.back().input) {
      auto graph = checked_layer(space_, genome_, layer, binding, input);
      if (!graph) return graph.error();
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
  input.vocabulary = std::max(input.vocabulary, space.vocabulary);
  return input;
}

base::Result<Architecture> decode(const Space& space, const Genome& genome, const Input& given) {
  if (std::string wrong = constraint_broken(space, genome); !wrong.empty()) return base::failure(std::move(wrong));
  auto made = without_layers(space, given);
  if (!made) return made;
  Architecture& a = *made;
  set_position(space, genome, a);
  const int depth = space.depth(genome);
  a.layers.reserve(static_cast<std::size_t>(depth));
  Stacker stacker(space, genome, a);
  for (int layer = 0; layer < depth; ++layer) {
    if (const std::string wrong = stacker.add(layer); !wrong.empty())
      return base::failure(fmt::format("layer {}: {}", layer, wrong));
  }
  a.counts += count_ends(a);
  if (const std::string wrong = limits_broken(space.limits, a.counts); !wrong.empty()) return base::failure(wrong);
  return made;
}

Counter::Counter(const Space& space, const Input& input)
    : space_(space), base_(without_layers(space, input)), keys_(space) {}

base::Result<block::Counts> Counter::count(const Genome& genome) {
  if (std::string wrong = constraint_broken(space_, genome); !wrong.empty()) return base::failure(std::move(wrong));
  if (!base_) return tl::unexpected(base_.error());
  open_key_.clear();
  block::Counts counts;
  base_->width = 0;
  set_position(space_, genome, *base_);
  block::Type type = base_->stem();
  for (int index = 0, depth = space_.depth(genome); index < depth; ++index) {
    const Layer& one = layer(genome, index, type);
    std::string wrong = one.wrong;
    if (type.kind == block::Type::Kind::sequence && wrong.empty()) {
      if (index > 0 && one.out != type) wrong = kWidthWrong;
      base_->width = one.out.channels;
    }
    if (!wrong.empty()) return base::failure(fmt::format("layer {}: {}", index, wrong));
    counts += one.counts;
    type = one.out;
  }
  counts += count_ends(*base_, type.channels);
  if (std::string wrong = limits_broken(space_.limits, counts); !wrong.empty()) return base::failure(std::move(wrong));
  return counts;
}

// The counts of a layer, looked up by its group, what its genes are, and an image that comes in.
const Counter::Layer& Counter::layer(const Genome& genome, int index, const block::Type& input) {
  key_.clear();
  keys_.write(genome, index, input, key_);
  if (keys_.open(genome, index)) {  // a code is of this genome's programs alone
    if (key_ != open_key_) open_ = count_layer(genome, index, input);
    open_key_ = key_;
    return open_;
  }
  const auto found = seen_.find(key_);
  return found != seen_.end() ? found->second : seen_.emplace(key_, count_layer(genome, index, input)).first->second;
}

Counter::Layer Counter::count_layer(const Genome& genome, int index, const block::Type& input) const {
  const block::Binding binding = bind_layer(space_, genome, index);
  Layer layer{.counts = {}, .out = input, .wrong = {}};
  if (input.kind == block::Type::Kind::sequence) {
    layer.out = {width_of(binding), false};
    if (layer.out.channels == 0) layer.wrong = kWidthWrong;
  }
  if (!layer.wrong.empty()) return layer;
  const auto graph = checked_layer(space_, genome, index, binding, layer.out);
  if (!graph) {
    layer.wrong = graph.error();
    return layer;
  }
  layer.counts = block::count(*graph, base_->positions(), base_->place());
  layer.out = graph->type(graph->result);
  return layer;
}

}  // namespace weft::space
