#include "net/superposition.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "block/ops/rows.hpp"

namespace weft::net {
namespace {

constexpr std::size_t kMostCombinations = 4096;

[[noreturn]] void refuse(const space::Space& space, const std::string& why) {
  throw base::Error(fmt::format("the space '{}' cannot be superposed: {}", space.name, why));
}

// Whether the attribute only says how large something is of which a smaller genome has the leading part, so that
// multiplying the rest with zeros comes to the same.
bool is_size(const block::Op& op, const block::Attribute& attribute) {
  namespace rows = block::rows;
  if (attribute.name == "heads" || attribute.name == "kv_heads" || attribute.name == "bias") return true;
  const bool product = &op == &rows::linear() || &op == &rows::conv() || &op == &rows::conv2d();
  return attribute.name == "width" && (product || &op == &rows::dwconv());
}

// What differs between two layers beyond sizes; empty where nothing does.
std::string other_program(const block::Graph& a, const block::Graph& b) {
  if (a.nodes.size() != b.nodes.size() || a.result != b.result) return "decides the program";
  for (std::size_t i = 0; i < a.nodes.size(); ++i) {
    const block::Node &x = a.nodes[i], &y = b.nodes[i];
    if (x.op != y.op || x.inputs != y.inputs) return "decides the program";
    for (std::size_t k = 0; k < x.attributes.size(); ++k) {
      const block::Attribute& attribute = x.op->attributes[k];
      if (x.attributes[k] == y.attributes[k] || is_size(*x.op, attribute)) continue;
      return fmt::format("decides {} of {}, which is no size that a mixture can have", attribute.name, x.op->name);
    }
  }
  return "";
}

std::vector<std::int64_t> slice_key(const Part* part) {
  std::vector<std::int64_t> key;
  if (part == nullptr) return key;
  for (const block::Run& run : part->memory) key.insert(key.end(), {run.start, run.length});
  return key;
}

std::int64_t numel(const std::vector<std::int64_t>& shape) {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) product *= size;
  return product;
}

}  // namespace

Superposition::Superposition(Supernet& supernet, const space::Genome& largest)
    : supernet_(supernet), space_(supernet.space()), largest_(largest) {
  find_places();
  all_ = combinations();
  bind();
}

void Superposition::find_places() {
  if (space_.depth(largest_) != space_.max_depth)
    refuse(space_, "its largest genome has fewer layers than others; raise its limits");
  std::size_t count = 1;
  for (int gene = 0; gene < static_cast<int>(space_.genes.size()); ++gene) {
    const space::Gene& row = space_.genes[static_cast<std::size_t>(gene)];
    if (row.open) refuse(space_, fmt::format("the gene '{}' is open: its programs have no probabilities", row.name));
    if (row.values.size() < 2) continue;
    if (row.when) refuse(space_, fmt::format("the gene '{}' is only there under a condition", row.name));
    const auto values = static_cast<std::int64_t>(row.values.size());
    for (int layer = 0; layer < (row.per_layer ? space_.max_depth : 1); ++layer)
      places_.push_back({gene, layer, values});
    if (gene == space_.depth_gene) {
      if (!space_.groups.back().counted) refuse(space_, "the layers that its depth counts are not the last ones");
      if (supernet_.options().depth != SupernetOptions::Depth::first)
        refuse(space_, "genomes of fewer layers must have the first ones; set subnets.depth to first");
      continue;
    }
    mixed_.push_back(gene);
    count *= row.values.size();
    if (count > kMostCombinations)
      refuse(space_, fmt::format("its genes have more than {} combinations of values, with '{}'", kMostCombinations,
                                 row.name));
  }
}

// Every layer of a combination has the same values: what a layer has of a weight follows from its own genes.
std::vector<space::Genome> Superposition::combinations() const {
  std::vector<space::Genome> list{largest_};
  for (const int gene : mixed_) {
    std::vector<space::Genome> more;
    for (const space::Genome& genome : list) {
      for (std::size_t code = 0; code < space_.genes[static_cast<std::size_t>(gene)].values.size(); ++code) {
        more.push_back(genome);
        for (int layer = 0; layer < space_.copies(gene, genome); ++layer)
          more.back().codes[space_.slot(gene, layer)] = static_cast<std::int32_t>(code);
      }
    }
    list = std::move(more);
  }
  return list;
}

std::string Superposition::genes_that_differ(const space::Genome& genome) const {
  std::vector<std::string> names;
  for (const int gene : mixed_) {
    const std::size_t slot = space_.slot(gene, 0);
    if (genome.codes[slot] != largest_.codes[slot])
      names.push_back(base::quote(space_.genes[static_cast<std::size_t>(gene)].name));
  }
  return base::join(names, ", ");
}

// Of several combinations that are wrong, the one that differs in the fewest genes says it best.
void Superposition::check_programs(const std::vector<SubNetwork>& networks) const {
  std::vector<const block::Graph*> graphs;
  network_.each_layer([&](const BoundParts& layer) { graphs.push_back(&layer.graph); });
  std::string genes, wrong;
  for (std::size_t c = 0; c < all_.size(); ++c) {
    std::size_t next = 0;
    networks[c].each_layer([&](const BoundParts& layer) {
      const std::string other = other_program(*graphs[next++], layer.graph);
      const std::string names = genes_that_differ(all_[c]);
      if (other.empty() || (!genes.empty() && genes.size() <= names.size())) return;
      genes = names;
      wrong = other;
    });
  }
  if (!wrong.empty()) refuse(space_, fmt::format("the gene {} {}", genes, wrong));
}

// The largest genome's parts are the shared weights, all of them and each as a whole.
void Superposition::check_whole(const std::vector<SubNetwork>& networks) const {
  const std::vector<SharedWeight>& weights = supernet_.weights();
  std::vector<bool> whole(weights.size(), false);
  network_.each_part([&](const Part& part) {
    whole[part.weight] = part.axes == weights[part.weight].axes;
    if (!weights[part.weight].spec.trained)
      refuse(space_,
             fmt::format("'{}' is a running statistic, which is of one network alone", weights[part.weight].name));
  });
  const auto found = std::find(whole.begin(), whole.end(), false);
  if (found == whole.end()) return;
  const auto index = static_cast<std::size_t>(found - whole.begin());
  const auto beyond = [&](const SubNetwork& network) {  // the largest genome's part
    bool any = false;
    network.each_part([&](const Part& part) {
      if (part.weight != index) return;
      bool inside = false;
      network_.each_part([&](const Part& own) {
        if (own.weight != index) return;
        inside = true;
        for (std::size_t i = 0; i < own.axes.size(); ++i) inside = inside && block::fits(part.axes[i], own.axes[i]);
      });
      any = any || !inside;
    });
    return any;
  };
  std::string genes;
  for (std::size_t c = 0; c < all_.size(); ++c) {
    const std::string names = genes_that_differ(all_[c]);
    if (beyond(networks[c]) && (genes.empty() || names.size() < genes.size())) genes = names;
  }
  refuse(space_, fmt::format("its largest genome does not have all of the weight '{}', of which other values of {} have "
                             "more; fix the size of heads, or let one program be",
                             weights[index].name, genes.empty() ? "its genes" : genes));
}

const SubNetwork& Superposition::network() {
  if (growths_ != supernet_.growths()) bind();
  return network_;
}

// The networks of all combinations, and of the largest genome first. They hold until the supernet grows.
std::vector<SubNetwork> Superposition::select_all() const {
  std::vector<space::Genome> genomes{largest_};
  genomes.insert(genomes.end(), all_.begin(), all_.end());
  for (const space::Genome& genome : genomes) {
    if (const auto network = supernet_.select(genome); !network)
      refuse(space_,
             fmt::format("its mixture has every value of {} at once, but {}", genes_that_differ(genome), network.error()));
  }
  return supernet_.select(genomes);
}

// Finds what each combination has of each weight.
void Superposition::bind() {
  const at::NoGradGuard no_grad;
  std::vector<SubNetwork> networks = select_all();
  network_ = std::move(networks.front());
  networks.erase(networks.begin());
  growths_ = supernet_.growths();
  check_programs(networks);
  check_whole(networks);
  std::vector<Slices> slices(supernet_.weights().size(), Slices(all_.size(), nullptr));
  for (std::size_t c = 0; c < all_.size(); ++c)
    networks[c].each_part([&](const Part& part) { slices[part.weight][c] = &part; });
  // Stem and head follow from global genes alone: the probabilities of any layer will do.
  std::vector<int> layers(stem_weights(network_.ends()).size(), 0);
  int layer = 0;
  network_.each_layer([&](const BoundParts& bound) { layers.insert(layers.end(), bound.parts.size(), layer++); });
  masks_.clear();
  part_mask_.clear();
  network_.each_part([&](const Part& part) {
    const std::size_t index = part_mask_.size();
    part_mask_.push_back(find_mask(part, index < layers.size() ? layers[index] : 0, slices[part.weight]));
  });
  for (Mask& mask : masks_) mask.slices = {};
}

// The mask of a part: one that another part of the layer has, or a new one.
std::size_t Superposition::find_mask(const Part& part, int layer, const Slices& slices) {
  Mask mask{.layer = layer, .shape = shape_of(part.axes), .slices = {}, .select = {}, .outer = {}, .inner = {}};
  for (const Part* slice : slices) mask.slices.push_back(slice_key(slice));
  const std::vector<std::int64_t> whole{0, numel(mask.shape)};
  if (std::all_of(mask.slices.begin(), mask.slices.end(), [&](const auto& key) { return key == whole; })) return kWhole;
  for (std::size_t i = 0; i < masks_.size(); ++i) {
    if (masks_[i].layer == layer && masks_[i].shape == mask.shape && masks_[i].slices == mask.slices) return i;
  }
  fill_mask(mask, part, slices);
  masks_.push_back(std::move(mask));
  return masks_.size() - 1;
}

void Superposition::fill_mask(Mask& mask, const Part& part, const Slices& slices) const {
  std::map<std::vector<std::int64_t>, std::int64_t> rows;  // of distinct slices
  std::vector<const Part*> distinct;
  for (std::size_t c = 0; c < slices.size(); ++c) {
    if (slices[c] != nullptr && rows.try_emplace(mask.slices[c], distinct.size()).second) distinct.push_back(slices[c]);
  }
  const auto count = static_cast<std::int64_t>(distinct.size());
  const auto options = at::TensorOptions().dtype(supernet_.options().type);
  mask.select = at::zeros({count, static_cast<std::int64_t>(slices.size())}, options);
  for (std::size_t c = 0; c < slices.size(); ++c) {
    if (slices[c] != nullptr) mask.select[rows.at(mask.slices[c])][static_cast<std::int64_t>(c)].fill_(1);
  }
  mask.outer = at::ones({count, 1}, options);
  mask.inner = at::ones({count, 1}, options);
  for (std::size_t axis = 0; axis < mask.shape.size(); ++axis) {
    at::Tensor has = at::zeros({count, mask.shape[axis]}, options);
    for (std::int64_t u = 0; u < count; ++u) {
      const Axes& own = distinct[static_cast<std::size_t>(u)]->axes;
      for (const block::Run& run : block::runs(own[axis], part.axes[axis]))
        has[u].narrow(0, run.start, run.length).fill_(1);
    }
    at::Tensor& product = axis == 0 ? mask.outer : mask.inner;
    product = (product.unsqueeze(2) * has.unsqueeze(1)).reshape({count, -1});
  }
  const at::Device device = supernet_.options().device;
  mask.select = mask.select.to(device);
  mask.outer = mask.outer.t().contiguous().to(device);
  mask.inner = mask.inner.to(device);
}

// The probability of each combination in a layer: the product of its values'.
at::Tensor Superposition::of_combinations(const std::vector<at::Tensor>& probabilities, int layer) const {
  at::Tensor all = at::ones({1}, supernet_.weights()[0].value.options());
  for (const int gene : mixed_) {
    const bool per_layer = space_.genes[static_cast<std::size_t>(gene)].per_layer;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_[i].gene != gene || places_[i].layer != (per_layer ? layer : 0)) continue;
      all = (all.unsqueeze(1) * probabilities[i].unsqueeze(0)).reshape({-1});
    }
  }
  return all;
}

std::vector<at::Tensor> Superposition::masks(const std::vector<at::Tensor>& probabilities) {
  network();
  std::vector<at::Tensor> layers, made;
  for (int layer = 0; layer < space_.max_depth; ++layer) layers.push_back(of_combinations(probabilities, layer));
  for (const Mask& mask : masks_) {
    const at::Tensor p = at::matmul(mask.select, layers[static_cast<std::size_t>(mask.layer)]);
    made.push_back(at::matmul(mask.outer, p.unsqueeze(1) * mask.inner).view(mask.shape));
  }
  std::vector<at::Tensor> list;
  for (const std::size_t index : part_mask_) list.push_back(index == kWhole ? at::Tensor() : made[index]);
  return list;
}

std::vector<Exit> Superposition::exits(const std::vector<at::Tensor>& probabilities) const {
  std::vector<Exit> list;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].gene != space_.depth_gene) continue;
    for (std::int64_t value = 0; value < places_[i].values; ++value) {
      const base::Json& depth =
          space_.genes[static_cast<std::size_t>(places_[i].gene)].values[static_cast<std::size_t>(value)];
      list.push_back({static_cast<std::size_t>(space_.fixed_depth + depth.get<int>() - 1), probabilities[i][value]});
    }
  }
  std::sort(list.begin(), list.end(), [](const Exit& a, const Exit& b) { return a.layer < b.layer; });
  return list;
}

Superposition::Mixed Superposition::mix(const std::vector<at::Tensor>& probabilities, bool learn) {
  const std::vector<at::Tensor> masks = this->masks(probabilities);
  Mixed mixed{.weights = {}, .exits = exits(probabilities)};
  network_.each_part([&](const Part& part) {
    const at::Tensor& mask = masks[mixed.weights.size()];
    const at::Tensor weight = learn ? part.tensor : part.tensor.detach();
    mixed.weights.push_back(mask.defined() ? weight * mask : weight);
  });
  return mixed;
}

at::Tensor Superposition::forward(const Mixed& mixed, const at::Tensor& input, bool training) const {
  const std::span<const at::Tensor> all = mixed.weights;
  std::size_t next = stem_weights(network_.ends()).size();
  Pass pass{.ends = &network_.ends(), .stem = all.first(next), .layers = {}, .head = {}};
  network_.each_layer([&](const BoundParts& layer) {
    pass.layers.push_back({&layer.graph, layer.kernels, all.subspan(next, layer.parts.size())});
    next += layer.parts.size();
  });
  pass.head = all.subspan(next);
  return net::forward(pass, mixed.exits, input, training);
}

}  // namespace weft::net
