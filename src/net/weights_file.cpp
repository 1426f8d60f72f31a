#include "net/weights_file.hpp"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

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

// "layers.3" of "layers.3.0.weight", "stem" of "stem.embedding".
std::string part_of(const std::string& name) {
  const std::size_t dot = name.find('.');
  return name.starts_with("layers.") ? name.substr(0, name.find('.', dot + 1)) : name.substr(0, dot);
}

// Tensors of a part of the base in the order of its nodes: by their number, then as they stand in the file.
using Part = std::vector<std::pair<std::string, at::Tensor>>;

std::map<std::string, Part> parts_of(const TensorFile& file, const base::fs::path& path) {
  std::map<std::string, Part> parts;
  for (const auto& entry : file.tensors) {
    if (!entry.first.starts_with("layers.") && !entry.first.starts_with("stem.") && !entry.first.starts_with("head."))
      throw base::Error("tensor " + base::quote(entry.first) + " is not named as weft names weights", path.string());
    parts[part_of(entry.first)].push_back(entry);
  }
  return parts;
}

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
  std::map<std::string, Part> parts = parts_of(read_safetensors(path), path);
  std::map<std::string, std::size_t> taken;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const WeightSpec& spec = network.weights[i];
    if (!spec.frozen) continue;
    const std::string name = part_of(spec.name);
    const Part& part = parts[name];
    const std::size_t next = taken[name]++;
    if (next >= part.size())
      throw base::Error(fmt::format("has {} tensors of {}; the network has more that are frozen", part.size(), name),
                        path.string());
    check_shape(part[next].first, part[next].second, spec, path);
    weights[i].copy_(part[next].second);
  }
  if (taken.empty()) throw base::Error("a base is given, and nothing of this network is frozen", path.string());
  for (const auto& [name, part] : parts) {
    if (const std::size_t used = taken[name]; used != part.size())
      throw base::Error(fmt::format("has {} tensors of {}; {} of the network's are frozen", part.size(), name, used),
                        path.string());
  }
}

}  // namespace weft::net
