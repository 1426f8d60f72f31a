#include "net/weights_file.hpp"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <iterator>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "net/safetensors.hpp"

namespace weft::net {
namespace {

std::string shape_text(at::IntArrayRef shape) {
  return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ", "));
}

void check_shape(const std::string& name, const at::Tensor& tensor, const WeightSpec& spec,
                 const base::fs::path& path) {
  if (tensor.sizes().vec() != spec.shape)
    throw base::Error(
        fmt::format("tensor '{}' is {}; {} is {}", name, shape_text(tensor.sizes()), spec.name, shape_text(spec.shape)),
        path.string());
}

// A weight's place: "layers.3.12.bias" is the bias of node 12 of layer 3.
struct Place {
  int layer = -1, node = -1;  ///< -1 outside the layers
  std::string name;
};

Place place_of(const std::string& name) {
  Place place{.name = name};
  int read = 0;
  if (std::sscanf(name.c_str(), "layers.%6d.%6d.%n", &place.layer, &place.node, &read) != 2 || read == 0)
    return {.name = name};
  place.name = name.substr(static_cast<std::size_t>(read));
  return place;
}

// A base's weights: those of a layer by its nodes in order, the others by name.
class Base {
 public:
  explicit Base(const base::fs::path& path) : path_(path) {
    for (auto& [name, tensor] : read_safetensors(path).tensors) {
      const Place place = place_of(name);
      nodes_[place.layer][place.node][place.name] = {name, tensor};
    }
  }

  // The weight for the network's next frozen one.
  at::Tensor take(const WeightSpec& spec) {
    const Place place = place_of(spec.name);
    auto& nodes = nodes_[place.layer];
    if (place.layer != layer_) at_ = 0;
    if (place.layer == layer_ && place.node != node_) ++at_;
    layer_ = place.layer;
    node_ = place.node;
    const auto node = at_ < nodes.size() ? std::next(nodes.begin(), static_cast<std::ptrdiff_t>(at_)) : nodes.end();
    if (node == nodes.end() || !node->second.contains(place.name))
      throw base::Error("has no weight for the frozen " + spec.name, path_.string());
    const auto entry = node->second.extract(place.name).mapped();
    check_shape(entry.first, entry.second, spec, path_);
    return entry.second;
  }

  void check_all_taken() const {
    for (const auto& [layer, nodes] : nodes_) {
      for (const auto& [node, entries] : nodes) {
        if (!entries.empty())
          throw base::Error("tensor " + base::quote(entries.begin()->second.first) + " has no frozen weight to go to",
                            path_.string());
      }
    }
  }

 private:
  using Entry = std::pair<std::string, at::Tensor>;  // with its name in the file
  base::fs::path path_;
  std::map<int, std::map<int, std::map<std::string, Entry>>> nodes_;
  int layer_ = -2, node_ = -2;
  std::size_t at_ = 0;
};

}  // namespace

Weights read_weights(const Network& network, const base::fs::path& path) {
  std::map<std::string, at::Tensor> found;
  for (auto& [name, tensor] : read_safetensors(path).tensors) found[name] = tensor;
  Weights weights;
  for (const WeightSpec& spec : network.weights) {
    const auto row = found.find(spec.name);
    if (row == found.end()) throw base::Error("has no tensor '" + spec.name + "'", path.string());
    check_shape(spec.name, row->second, spec, path);
    weights.push_back(row->second);
    found.erase(row);
  }
  if (!found.empty())
    throw base::Error("the network has no weight " + base::quote(found.begin()->first), path.string());
  return weights;
}

void take_base(const Network& network, Weights& weights, const base::fs::path& path) {
  const at::NoGradGuard no_grad;
  Base file(path);
  bool any = false;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!network.weights[i].frozen) continue;
    weights[i].copy_(file.take(network.weights[i]));
    any = true;
  }
  if (!any) throw base::Error("a base is given, and nothing of this network is frozen", path.string());
  file.check_all_taken();
}

}  // namespace weft::net
