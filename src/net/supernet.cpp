#include "net/supernet.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "space/extremes.hpp"

namespace weft::net {

// A layer or an end of a genome: what its weights are called, and what their axes are.
struct Supernet::Wanted {
  const block::Graph* graph = nullptr;  // of a layer
  std::vector<std::string> names;
  std::vector<WeightSpec> specs;
  std::vector<Axes> axes;
  block::Axis result = {};
  Key key = {};

  void add(const std::string& name, WeightSpec spec, Axes own) {
    names.push_back(name + "#" + forms_of(own));
    specs.push_back(std::move(spec));
    axes.push_back(std::move(own));
  }
};

namespace {

block::Axis plain(std::int64_t size) {
  return {block::Segment{{size}}};
}

// Stem and head: every axis is plain but for the channels that come out of the layers.
Axes end_axes(const WeightSpec& spec, const block::Axis& channels, std::size_t axis_of_channels) {
  Axes axes;
  for (const std::int64_t size : spec.shape) axes.push_back(plain(size));
  if (axis_of_channels < axes.size() && spec.shape[axis_of_channels] == block::length(channels))
    axes[axis_of_channels] = channels;
  return axes;
}

bool fits(const Axes& part, const Axes& whole) {
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (!block::fits(part[i], whole[i])) return false;
  }
  return true;
}

std::int64_t count(const Axes& axes) {
  std::int64_t product = 1;
  for (const block::Axis& axis : axes) product *= block::length(axis);
  return product;
}

void append(const block::Axis& axis, std::vector<std::int64_t>& key) {
  for (const block::Segment& segment : axis) key.insert(key.end(), segment.sizes.begin(), segment.sizes.end());
}

}  // namespace

Supernet::Supernet(const space::Space& space, const space::Input& input, const SupernetOptions& options)
    : space_(space), input_(input), options_(options), counter_(space, input), keys_(space) {
  const std::vector<space::Genome> outline = space::outline(space, input);
  const auto whole = space::decode(space, outline[0], input);
  for (const WeightSpec& spec : make_network(*whole).weights) writers_ += spec.residual ? 1 : 0;
  if (!options.outlined) return;
  for (const space::Genome& genome : outline) {
    if (const auto network = find(genome); !network)
      throw base::Error(fmt::format("no supernet of the space '{}': {}", space.name, network.error()));
  }
}

std::int64_t Supernet::values() const {
  std::int64_t sum = 0;
  for (const SharedWeight& weight : weights_) sum += weight.value.numel();
  return sum;
}

base::Result<SubNetwork> Supernet::find(const space::Genome& genome) {
  const auto counts = counter_.count(genome);
  if (!counts) return base::failure(counts.error());
  SubNetwork network;
  network.counts_ = *counts;
  if (find_layers(genome, network)) return network;
  return bind_genome(genome, *counts);
}

base::Result<SubNetwork> Supernet::select(const space::Genome& genome) {
  auto network = find(genome);
  if (network) network->fill();
  return network;
}

std::vector<SubNetwork> Supernet::select(const std::vector<space::Genome>& genomes) {
  while (true) {
    const int before = growths_;
    std::vector<SubNetwork> networks;
    for (const space::Genome& genome : genomes) {
      auto network = find(genome);
      if (!network) throw base::Error("a sub-network is refused: " + network.error());
      networks.push_back(std::move(*network));
    }
    if (growths_ != before) continue;
    for (const SubNetwork& network : networks) network.fill();
    return networks;
  }
}

// Which of the supernet's layers each of the genome's is, counted within its group.
std::vector<int> Supernet::places(const space::Genome& genome) const {
  const int depth = space_.depth(genome);
  std::vector<int> places;
  const space::Group* before = nullptr;
  for (int layer = 0; layer < depth; ++layer) {
    const space::Group* group = &space_.group(genome, layer);
    places.push_back(group == before ? places.back() + 1 : 0);
    before = group;
  }
  if (options_.depth == SupernetOptions::Depth::first) return places;
  const int most = space_.max_depth - space_.fixed_depth, own = depth - space_.fixed_depth;
  for (int layer = 0; layer < depth; ++layer) {
    int& place = places[static_cast<std::size_t>(layer)];
    if (space_.group(genome, layer).counted) place = place * most / own;
  }
  return places;
}

Supernet::Key Supernet::layer_key(const space::Genome& genome, int layer, int place, const block::Type& input,
                                  const block::Axis& axis) const {
  Key key{place};
  keys_.write(genome, layer, input, key);
  if (keys_.open(genome, layer)) {
    const auto slot = space_.slot(space_.group(genome, layer).block_gene, layer);
    const auto& program = genome.programs[static_cast<std::size_t>(genome.codes[slot])];
    key.push_back(static_cast<std::int64_t>(base::hash64(program->id)));
  }
  if (input.kind == block::Type::Kind::image) append(axis, key);
  return key;
}

// Puts a genome together from layers that were bound before. False where one was not.
bool Supernet::find_layers(const space::Genome& genome, SubNetwork& network) const {
  const std::vector<int> place = places(genome);
  block::Type type = block::Type::image(input_.channels, input_.height, input_.width);
  block::Axis axis = plain(input_.channels);
  if (!space_.images()) type = {};
  for (std::size_t layer = 0; layer < place.size(); ++layer) {
    const auto found = layers_.find(layer_key(genome, static_cast<int>(layer), place[layer], type, axis));
    if (found == layers_.end()) return false;
    const auto& bound = found->second;
    if (space_.images()) {
      type = bound->graph.type(bound->graph.result);
      axis = bound->result;
    }
    network.layers_.push_back(bound);
  }
  const auto& last = network.layers_.back();
  Key key{space_.images() ? 0 : network.layers_[0]->graph.input.channels,
          space_.position_gene >= 0 ? genome.codes[space_.slot(space_.position_gene, 0)] : 0};
  append(last->result, key);
  const auto ends = ends_.find(key);
  if (ends == ends_.end()) return false;
  network.ends_ = ends->second;
  return true;
}

// The layers and then stem and head. Programs that differ share by role: a node is numbered among those of its op whose
// weights have the same form. In a program that picks, every site keeps its own number, whatever else is picked.
std::vector<Supernet::Wanted> Supernet::wanted_layers(const space::Genome& genome, const space::Architecture& a) const {
  const std::vector<int> place = places(genome);
  std::vector<Wanted> list;
  block::Axis axis = plain(a.stem().channels);
  for (std::size_t layer = 0; layer < a.layers.size(); ++layer) {
    const block::Graph& graph = a.layers[layer];
    block::GraphAxes axes = block::find_axes(graph, a.place(), axis);
    Wanted wanted{.graph = &graph,
                  .names = {},
                  .specs = {},
                  .axes = {},
                  .result = axes.result,
                  .key = layer_key(genome, static_cast<int>(layer), place[layer], graph.input, axis)};
    std::vector<WeightSpec> specs = layer_weights(graph);
    std::map<std::string, int> seen;
    std::size_t next = 0;
    for (std::size_t node = 0; node < graph.nodes.size(); ++node) {
      const block::Node& one = graph.nodes[node];
      if (one.parameters.empty()) continue;
      const std::string role = forms_of(axes.parameters[node][0]);
      const int ordinal = graph.picked ? one.ordinal : seen[fmt::format("{}({})", one.op->name, role)]++;
      for (std::size_t k = 0; k < one.parameters.size(); ++k) {
        const std::string name = fmt::format("layers.{}.{}.{}({}).{}.{}", keys_.group(genome, static_cast<int>(layer)),
                                             place[layer], one.op->name, role, ordinal, one.parameters[k].name);
        wanted.add(name, std::move(specs[next++]), std::move(axes.parameters[node][k]));
      }
    }
    axis = wanted.result;
    list.push_back(std::move(wanted));
  }
  Wanted stem, head;
  for (WeightSpec& spec : stem_weights(a)) {
    Axes own = end_axes(spec, {}, spec.shape.size());
    const std::string name = spec.name;
    stem.add(name, std::move(spec), std::move(own));
  }
  for (WeightSpec& spec : head_weights(a, a.out_width())) {
    Axes own = end_axes(spec, axis, spec.name == "head.bias" ? 1 : spec.shape.size() - 1);
    const std::string name = spec.name;
    head.add(name, std::move(spec), std::move(own));
  }
  stem.key = {a.layers[0].input.kind == block::Type::Kind::image ? 0 : a.width, a.ends.learned_position ? 1 : 0};
  append(axis, stem.key);
  list.push_back(std::move(stem));
  list.push_back(std::move(head));
  return list;
}

// Grows the weights for what is wanted, or says why not; then nothing has changed.
std::string Supernet::make_room(const std::vector<Wanted>& wanted) {
  std::map<std::string, Axes> larger;
  for (const Wanted& one : wanted) {
    for (std::size_t i = 0; i < one.names.size(); ++i) {
      const auto known = by_name_.find(one.names[i]);
      auto row = larger.find(one.names[i]);
      if (row == larger.end()) {
        if (known != by_name_.end() && fits(one.axes[i], weights_[known->second].axes)) continue;
        row = larger.emplace(one.names[i], known == by_name_.end() ? one.axes[i] : weights_[known->second].axes).first;
      }
      for (std::size_t axis = 0; axis < row->second.size(); ++axis)
        row->second[axis] = block::join(row->second[axis], one.axes[i][axis]);
    }
  }
  std::int64_t most = values();
  for (const auto& [name, axes] : larger) {
    const auto known = by_name_.find(name);
    most += count(axes) - (known == by_name_.end() ? 0 : weights_[known->second].value.numel());
  }
  if (most > options_.most_values)
    return fmt::format("its weights do not fit into the supernet, which would have {} values with them; {} are allowed",
                       most, options_.most_values);
  if (larger.empty()) return "";
  layers_.clear();
  ends_.clear();
  ++growths_;
  for (const Wanted& one : wanted) {
    for (std::size_t i = 0; i < one.names.size(); ++i) {
      const auto row = larger.find(one.names[i]);
      if (row == larger.end()) continue;
      if (!by_name_.contains(row->first)) {
        add(row->first, one.specs[i], row->second);
      } else {
        grow(weights_[by_name_.at(row->first)], row->second);
      }
    }
  }
  return "";
}

namespace {

// The values that a weight starts with: from the seed, its name and its size alone.
at::Tensor fresh(const SharedWeight& weight, std::int64_t writers, bool causal, const SupernetOptions& options) {
  auto generator = at::detail::createCPUGenerator(base::mix64(options.seed, base::hash64(weight.name)));
  at::Tensor value = at::empty(shape_of(weight.axes), at::TensorOptions().dtype(at::kFloat));
  fill(value, weight.spec, writers, causal, generator);
  return value.to(options.device, options.type);
}

}  // namespace

void Supernet::add(const std::string& name, const WeightSpec& spec, const Axes& axes) {
  SharedWeight weight{.name = name,
                      .spec = spec,
                      .axes = axes,
                      .value = {},
                      .gradient = {},
                      .average = {},
                      .square = {},
                      .smoothed = {}};
  weight.spec.shape = shape_of(axes);
  weight.value = fresh(weight, writers_, space_.causal, options_);
  if (options_.trains && spec.learns()) weight.gradient = at::zeros_like(weight.value);
  by_name_[name] = weights_.size();
  weights_.push_back(std::move(weight));
}

// What was there stays: as values, and in the optimiser's state.
void Supernet::grow(SharedWeight& weight, const Axes& axes) {
  const at::NoGradGuard no_grad;
  const Axes before = std::exchange(weight.axes, axes);
  weight.spec.shape = shape_of(axes);
  const auto put = [&](at::Tensor& old, at::Tensor larger) {
    if (!old.defined()) return;
    copy_each(windows(larger, axes, before), windows(old, before, before));
    old = std::move(larger);
  };
  put(weight.value, fresh(weight, writers_, space_.causal, options_));
  put(weight.gradient, at::zeros_like(weight.value));
  put(weight.average, at::zeros_like(weight.value));
  put(weight.square, at::zeros_like(weight.value));
  put(weight.smoothed, weight.value.clone());
}

Part Supernet::bind_part(const std::string& name, const WeightSpec& spec, const Axes& axes) const {
  const at::NoGradGuard no_grad;
  const std::size_t index = by_name_.at(name);
  const SharedWeight& shared = weights_[index];
  Part part{.weight = index, .axes = axes, .tensor = view_of(shared.value, shared.axes, axes)};
  part.memory = memory_runs(shared.axes, axes);
  const bool learns = shared.gradient.defined() && spec.learns();
  const bool copied = !part.tensor.defined();
  if (copied) {
    part.tensor = at::empty(spec.shape, shared.value.options());
    part.own = windows(part.tensor, axes, axes);
    part.shared = windows(shared.value, shared.axes, axes);
  }
  part.tensor = part.tensor.detach();
  if (!learns) return part;
  part.tensor.set_requires_grad(true);
  if (copied) {
    part.gradient = windows(shared.gradient, shared.axes, axes);
  } else {
    part.gradient = {view_of(shared.gradient, shared.axes, axes)};
  }
  return part;
}

std::shared_ptr<const BoundParts> Supernet::bind(const Wanted& wanted) const {
  auto bound = std::make_shared<BoundParts>();
  if (wanted.graph != nullptr) {
    bound->graph = *wanted.graph;
    bound->kernels = find_kernels(bound->graph);
  }
  for (std::size_t i = 0; i < wanted.names.size(); ++i) {
    bound->parts.push_back(bind_part(wanted.names[i], wanted.specs[i], wanted.axes[i]));
    bound->tensors.push_back(bound->parts.back().tensor);
  }
  bound->result = wanted.result;
  return bound;
}

base::Result<SubNetwork> Supernet::bind_genome(const space::Genome& genome, const block::Counts& counts) {
  auto made = space::decode(space_, genome, input_);
  if (!made) return base::failure(made.error());
  const std::vector<Wanted> wanted = wanted_layers(genome, *made);
  if (std::string wrong = make_room(wanted); !wrong.empty()) return base::failure(std::move(wrong));
  SubNetwork network;
  network.counts_ = counts;
  const std::size_t depth = made->layers.size();
  for (std::size_t layer = 0; layer < depth; ++layer) {
    auto& bound = layers_[wanted[layer].key];
    if (bound == nullptr) bound = bind(wanted[layer]);
    network.layers_.push_back(bound);
  }
  auto& ends = ends_[wanted[depth].key];
  if (ends == nullptr) {
    space::Architecture frame = std::move(*made);
    frame.layers.clear();
    ends = std::make_shared<BoundEnds>(
        BoundEnds{.ends = std::move(frame), .stem = *bind(wanted[depth]), .head = *bind(wanted[depth + 1])});
  }
  network.ends_ = ends;
  return network;
}

void Supernet::restore(std::vector<SharedWeight> weights) {
  weights_ = std::move(weights);
  by_name_.clear();
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    SharedWeight& weight = weights_[i];
    by_name_[weight.name] = i;
    if (options_.trains && weight.spec.learns()) weight.gradient = at::zeros_like(weight.value);
  }
  layers_.clear();
  ends_.clear();
  ++growths_;
}

}  // namespace weft::net
