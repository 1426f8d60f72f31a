#include "net/checkpoint.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "net/pytorch.hpp"

namespace weft::net {
namespace {

const std::string kNames = "weft.weights";  // of the metadata: weft's names by the file's

// PyTorch's patch embedding is a convolution: [width, channels, patch, patch] instead of [width, channels·patch²].
std::vector<std::int64_t> python_shape(const Network& network, const WeightSpec& spec) {
  const space::Architecture& a = network.architecture;
  if (spec.name != "stem.weight") return spec.shape;
  return {spec.shape[0], a.input.channels, a.ends.patch, a.ends.patch};
}

std::vector<std::string> python_names(const Network& network) {
  std::vector<std::string> names = write_python(network.architecture, {}).weights;
  if (names.size() != network.weights.size())
    throw base::internal_error("the PyTorch file names other weights than the network has");
  return names;
}

// Batch norm's count of steps, which PyTorch keeps beside the statistics and weft does not.
constexpr std::string_view kCounter = ".num_batches_tracked";

std::string counter_of(const std::string& name) {
  constexpr std::string_view kVariance = ".running_var";
  return name.ends_with(kVariance) ? name.substr(0, name.size() - kVariance.size()) + std::string(kCounter) : "";
}

struct Entry {
  std::string name;  ///< in the file
  at::Tensor tensor;
};

// A file's tensors by weft's names; what has none keeps its own.
std::map<std::string, Entry> by_name(const TensorFile& file, const std::map<std::string, std::string>& known,
                                     const std::string& from) {
  std::map<std::string, Entry> entries;
  for (const auto& [name, tensor] : file.tensors) {
    const auto row = known.find(name);
    if (row == known.end() && !known.empty() && name.ends_with(kCounter)) continue;
    const std::string& own = row == known.end() ? name : row->second;
    if (const auto [before, added] = entries.try_emplace(own, Entry{name, tensor}); !added)
      throw base::Error(fmt::format("tensors '{}' and '{}' are one weight", before->second.name, name), from);
  }
  return entries;
}

at::Tensor fitting(const Entry& entry, const WeightSpec& spec, const std::string& from) {
  const bool patches = spec.name == "stem.weight" && entry.tensor.dim() == 4;
  at::Tensor tensor = patches ? entry.tensor.flatten(1) : entry.tensor;
  if (tensor.sizes() != at::IntArrayRef(spec.shape) || !tensor.is_floating_point()) {
    const std::string own = spec.name == entry.name ? "" : " (" + spec.name + ")";
    throw base::Error(
        fmt::format("tensor '{}'{} must be [{}] floating-point values, not [{}] of {}", entry.name, own,
                    fmt::join(spec.shape, ", "), fmt::join(tensor.sizes(), ", "), c10::toString(tensor.scalar_type())),
        from);
  }
  return tensor;
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
  explicit Base(const base::fs::path& path) : path_(path.string()) {
    const TensorFile file = read_safetensors(path);
    for (auto& [name, entry] : by_name(file, names_in(file), path_)) {
      const Place place = place_of(name);
      nodes_[place.layer][place.node][place.name] = entry;
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
      throw base::Error("has no weight for the frozen " + spec.name, path_);
    return fitting(node->second.extract(place.name).mapped(), spec, path_);
  }

  void check_all_taken() const {
    for (const auto& [layer, nodes] : nodes_) {
      for (const auto& [node, entries] : nodes) {
        if (!entries.empty())
          throw base::Error("tensor " + base::quote(entries.begin()->second.name) + " has no frozen weight to go to",
                            path_);
      }
    }
  }

 private:
  std::map<std::string, std::string> names_in(const TensorFile& file) const {
    std::map<std::string, std::string> names;
    const auto text = file.metadata.find(kNames);
    if (text == file.metadata.end()) return names;
    const auto list = base::parse_json(text->second, 2);
    const auto is_text = [](const base::Json& name) { return name.is_string(); };
    if (!list || !list->is_object() || !std::all_of(list->begin(), list->end(), is_text))
      throw base::Error("its metadata '" + kNames + "' is no JSON object of names", path_);
    for (const auto& [name, own] : list->items()) names[name] = own.get<std::string>();
    return names;
  }

  std::string path_;
  std::map<int, std::map<int, std::map<std::string, Entry>>> nodes_;
  int layer_ = -2, node_ = -2;
  std::size_t at_ = 0;
};

}  // namespace

TensorFile to_state_dict(const Network& network, const Weights& weights) {
  const std::vector<std::string> names = python_names(network);
  TensorFile file;
  base::Json own = base::Json::object();
  for (std::size_t i = 0; i < names.size(); ++i) {
    file.tensors.emplace_back(names[i], weights[i].detach().view(python_shape(network, network.weights[i])));
    own[names[i]] = network.weights[i].name;
    if (const std::string counter = counter_of(names[i]); !counter.empty())
      file.tensors.emplace_back(counter, at::zeros({}, at::kLong));
  }
  file.metadata[kNames] = own.dump();
  return file;
}

Weights read_weights(const Network& network, const TensorFile& file, const std::string& from) {
  const std::vector<std::string> names = python_names(network);
  std::map<std::string, std::string> own;
  for (std::size_t i = 0; i < names.size(); ++i) own[names[i]] = network.weights[i].name;
  auto entries = by_name(file, own, from);
  Weights weights;
  for (const WeightSpec& spec : network.weights) {
    auto entry = entries.extract(spec.name);
    if (entry.empty()) {
      const auto i = weights.size();
      throw base::Error(fmt::format("has no tensor '{}' ({} in a PyTorch file)", spec.name, names[i]), from);
    }
    weights.push_back(fitting(entry.mapped(), spec, from));
  }
  if (!entries.empty())
    throw base::Error("the network has no weight " + base::quote(entries.begin()->second.name), from);
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
