#include "net/slice.hpp"

#include <ATen/ops/cat.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "base/error.hpp"
#include "block/ops/rows.hpp"

namespace weft::net {
namespace {

namespace rows = block::rows;

class Slicer {
 public:
  Slicer(const Network& super, const Weights& weights, const Network& sub) : sub_(sub) {
    for (std::size_t i = 0; i < weights.size(); ++i) full_[super.weights[i].name] = weights[i];
  }

  Weights run() {
    for (const block::Graph& layer : sub_.architecture.layers) check(layer);
    if (sub_.architecture.autoformer_bias) {
      for (std::size_t layer = 0; layer < sub_.architecture.layers.size(); ++layer) shift_biases(layer);
    }
    Weights list;
    for (const WeightSpec& spec : sub_.weights) list.push_back(leading(spec));
    return list;
  }

 private:
  static void check(const block::Graph& layer) {
    for (const block::Node& node : layer.nodes) {
      if (node.op == &rows::split() || node.op == &rows::concat() || node.op == &rows::repeat())
        throw base::Error(
            fmt::format("a layer has {}; its weights are no leading parts of larger ones", node.op->name));
    }
  }

  at::Tensor leading(const WeightSpec& spec) const {
    const auto found = full_.find(spec.name);
    if (found == full_.end()) throw base::Error("the larger network has no weight " + spec.name);
    at::Tensor part = found->second;
    const auto fail = [&] {
      throw base::Error(fmt::format("{} is [{}] in the larger network, too small for [{}]", spec.name,
                                    fmt::join(found->second.sizes(), ", "), fmt::join(spec.shape, ", ")));
    };
    if (part.dim() != static_cast<std::int64_t>(spec.shape.size())) fail();
    for (std::size_t axis = 0; axis < spec.shape.size(); ++axis) {
      if (part.size(static_cast<std::int64_t>(axis)) < spec.shape[axis]) fail();
      part = part.narrow(static_cast<std::int64_t>(axis), 0, spec.shape[axis]);
    }
    return part;
  }

  // The larger network's biases of an attention's queries, keys and values, side by side; each of the smaller one's
  // begins where the one before it ends.
  void shift_biases(std::size_t layer) {
    const std::vector<block::Node>& nodes = sub_.architecture.layers[layer].nodes;
    for (const block::Node& node : nodes) {
      if (node.op != &rows::attention()) continue;
      std::vector<std::string> names;
      std::vector<at::Tensor> biases;
      for (const block::Value& input : node.inputs) {
        names.push_back(fmt::format("layers.{}.{}.bias", layer, input.site));
        const auto found = full_.find(names.back());
        if (found == full_.end()) throw base::Error("autoformer_bias needs products with a bias before attention");
        biases.push_back(found->second);
      }
      const at::Tensor fused = at::cat(biases);
      std::int64_t at = 0;
      for (std::size_t i = 0; i < names.size(); ++i) {
        const std::int64_t width = nodes[static_cast<std::size_t>(node.inputs[i].site)].outputs[0].channels;
        full_[names[i]] = fused.narrow(0, at, width);
        at += width;
      }
    }
  }

  const Network& sub_;
  std::map<std::string, at::Tensor> full_;
};

}  // namespace

Weights slice(const Network& super, const Weights& weights, const Network& sub) {
  return Slicer(super, weights, sub).run();
}

}  // namespace weft::net
