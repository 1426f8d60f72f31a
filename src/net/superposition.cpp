#include "net/superposition.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace weft::net {
namespace {

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
      refuse(
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
