#include "net/checkpoint.hpp"

#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <unordered_map>

#include "base/error.hpp"
#include "net/pytorch.hpp"

namespace weft::net {
namespace {

// PyTorch's patch embedding is a convolution: [width, channels, patch, patch] instead of [width, channels·patch²].
std::vector<std::int64_t> python_shape(const Network& network, const WeightSpec& spec) {
  const space::Architecture& a = network.architecture;
  if (spec.name != "stem.weight") return spec.shape;
  return {spec.shape[0], a.input.channels, a.ends.patch, a.ends.patch};
}

std::vector<std::string> names_of(const Network& network) {
  std::vector<std::string> names = write_python(network.architecture, {}).weights;
  if (names.size() != network.weights.size())
    throw base::internal_error("the PyTorch file names other weights than the network has");
  return names;
}

std::string text_of(at::IntArrayRef shape) {
  std::string text;
  for (const std::int64_t size : shape) text += fmt::format("{}{}", text.empty() ? "" : "x", size);
  return text.empty() ? "1" : text;
}

// Batch norm's count of steps, which PyTorch keeps beside the statistics.
std::string counter_of(const std::string& name) {
  constexpr std::string_view kVariance = ".running_var";
  return name.ends_with(kVariance) ? name.substr(0, name.size() - kVariance.size()) + ".num_batches_tracked" : "";
}

}  // namespace

TensorFile to_state_dict(const Network& network, const Weights& weights) {
  const std::vector<std::string> names = names_of(network);
  TensorFile file;
  for (std::size_t i = 0; i < names.size(); ++i) {
    file.tensors.emplace_back(names[i], weights[i].detach().view(python_shape(network, network.weights[i])));
    if (const std::string counter = counter_of(names[i]); !counter.empty())
      file.tensors.emplace_back(counter, at::zeros({}, at::kLong));
  }
  return file;
}

Weights from_state_dict(const Network& network, const TensorFile& file, const std::string& from) {
  std::unordered_map<std::string, at::Tensor> given(file.tensors.begin(), file.tensors.end());
  const auto take = [&](const std::string& name) {
    auto found = given.extract(name);
    if (found.empty()) throw base::Error("has no tensor '" + name + "' of this architecture", from);
    return found.mapped();
  };
  Weights weights;
  const std::vector<std::string> names = names_of(network);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const at::Tensor tensor = take(names[i]);
    const auto shape = python_shape(network, network.weights[i]);
    if (tensor.sizes() != at::IntArrayRef(shape) || !tensor.is_floating_point())
      throw base::Error(fmt::format("tensor '{}' must be {} floating-point values, not {} of {}", names[i],
                                    text_of(shape), text_of(tensor.sizes()), c10::toString(tensor.scalar_type())),
                        from);
    weights.push_back(tensor.view(network.weights[i].shape));
    if (const std::string counter = counter_of(names[i]); !counter.empty()) given.erase(counter);
  }
  if (!given.empty())
    throw base::Error("has a tensor '" + given.begin()->first + "' that this architecture lacks", from);
  return weights;
}

}  // namespace weft::net
