#include "net/network.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/rms_norm.h>
#include <fmt/format.h>

#include "block/ops/rows.hpp"
#include "net/exits.hpp"

namespace weft::net {
namespace {

using space::Task;

// Whether a node's output reaches the block's result through nothing but sums and scalings.
std::vector<bool> residual_writers(const block::Graph& graph) {
  namespace rows = block::rows;
  std::vector<bool> reached(graph.nodes.size(), false);
  if (graph.result.site >= 0) reached[static_cast<std::size_t>(graph.result.site)] = true;
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const block::Op* op = graph.nodes[i].op;
    const bool passes = op == &rows::add() || op == &rows::subtract() || op == &rows::times() ||
                        op == &rows::dropout() || op == &rows::scale();
    if (!reached[i] || !passes) continue;
    for (const block::Value& input : graph.nodes[i].inputs) {
      if (input.site >= 0) reached[static_cast<std::size_t>(input.site)] = true;
    }
  }
  for (std::size_t i = 0; i < reached.size(); ++i) reached[i] = reached[i] && graph.nodes[i].op == &rows::linear();
  return reached;
}

bool has_norm_bias(const space::Architecture& a) {
  return a.ends.norm == space::Norm::layernorm && a.ends.norm_bias;
}

}  // namespace

std::vector<WeightSpec> stem_weights(const space::Architecture& a) {
  std::vector<WeightSpec> list;
  if (a.input.task == Task::language_model) {
    list.push_back({.name = "stem.embedding", .shape = {a.input.vocabulary, a.width}, .decay = true});
  } else if (a.ends.patch > 0) {
    const std::int64_t p = a.ends.patch;
    list.push_back({.name = "stem.weight", .shape = {a.width, a.input.channels * p * p}, .decay = true});
    list.push_back({.name = "stem.bias", .shape = {a.width}, .init = block::Init::constant});
  }
  if (a.ends.class_token) list.push_back({.name = "stem.class_token", .shape = {a.width}});
  if (a.ends.learned_position)
    list.push_back({.name = "stem.position", .shape = {a.positions(), a.width}, .decay = true});
  for (WeightSpec& spec : list) spec.frozen = a.ends.frozen_stem;
  return list;
}

std::vector<WeightSpec> head_weights(const space::Architecture& a, std::int64_t width) {
  std::vector<WeightSpec> list;
  if (a.ends.norm != space::Norm::none) {
    list.push_back({.name = "head.norm.weight", .shape = {width}, .init = block::Init::constant, .value = 1});
    if (has_norm_bias(a)) list.push_back({.name = "head.norm.bias", .shape = {width}, .init = block::Init::constant});
  }
  if (a.input.task == Task::image_classification) {
    list.push_back({.name = "head.weight", .shape = {a.input.classes, width}, .decay = true});
    list.push_back({.name = "head.bias", .shape = {a.input.classes}, .init = block::Init::constant});
  } else if (!a.ends.tied) {
    list.push_back({.name = "head.weight", .shape = {a.input.vocabulary, width}, .decay = true});
  }
  for (WeightSpec& spec : list) spec.frozen = a.ends.frozen_head;
  return list;
}

std::vector<WeightSpec> layer_weights(const block::Graph& graph) {
  const std::vector<bool> residual = residual_writers(graph);
  std::vector<WeightSpec> list;
  for (std::size_t node = 0; node < graph.nodes.size(); ++node) {
    for (const block::Parameter& parameter : graph.nodes[node].parameters) {
      const bool matrix = parameter.shape.size() > 1;
      list.push_back({fmt::format("{}.{}", node, parameter.name), parameter.shape, parameter.init, parameter.value,
                      matrix && residual[node], matrix, parameter.trained, parameter.frozen});
    }
  }
  return list;
}

namespace {

// Takes weights in the order in which make_network() listed them.
class Forward {
 public:
  Forward(const Pass& pass, std::span<const Exit> exits, bool training, Observer* observer)
      : pass_(pass),
        exits_(exits),
        a_(*pass.ends),
        context_{a_.place(), training, a_.ends.patch > 0 ? a_.input.width / a_.ends.patch : 0, a_.ends.class_token,
                 observer} {}

  at::Tensor run(const at::Tensor& input) {
    left_ = pass_.stem;
    at::Tensor x = stem(input);
    at::Tensor mixed;
    for (std::size_t layer = 0; layer < pass_.layers.size(); ++layer) {
      x = block(pass_.layers[layer], x);
      if (exits_.empty() || exits_.front().layer != layer) continue;
      const at::Tensor share = x * exits_.front().share;
      mixed = mixed.defined() ? mixed + share : share;
      exits_ = exits_.subspan(1);
    }
    left_ = pass_.head;
    return head(mixed.defined() ? mixed : x);
  }

 private:
  const at::Tensor& take() {
    const at::Tensor& weight = left_.front();
    left_ = left_.subspan(1);
    return weight;
  }

  // [B, channels, height, width] → [B, patches, channels·patch²].
  at::Tensor patches(const at::Tensor& x) const {
    const std::int64_t p = a_.ends.patch, rows = x.size(2) / p, columns = x.size(3) / p;
    return x.view({x.size(0), x.size(1), rows, p, columns, p})
        .permute({0, 2, 4, 1, 3, 5})
        .reshape({x.size(0), rows * columns, -1});
  }

  at::Tensor stem(const at::Tensor& input) {
    at::Tensor x = input;
    if (a_.input.task == Task::language_model) {
      const at::Tensor& table = take();
      if (!input.is_floating_point()) x = at::embedding(table, input);
    } else if (a_.ends.patch > 0) {
      const at::Tensor &weight = take(), &bias = take();
      x = at::linear(patches(input), weight, bias);
    }
    if (a_.ends.class_token) x = at::cat({take().expand({x.size(0), 1, -1}), x}, 1);
    return a_.ends.learned_position ? x + take().narrow(0, 0, x.size(1)) : x;
  }

  at::Tensor block(const LayerPass& layer, const at::Tensor& x) const {
    const block::Graph& graph = *layer.graph;
    std::vector<std::vector<at::Tensor>> made(graph.nodes.size());
    walk(graph, layer.kernels, {&x, 1}, layer.weights, context_, made);
    const block::Value result = graph.result;
    return result.site < 0 ? x : made[static_cast<std::size_t>(result.site)][static_cast<std::size_t>(result.output)];
  }

  // What the head looks at: [B, channels].
  at::Tensor pooled(const at::Tensor& x) const {
    if (x.dim() == 4) return x.mean({2, 3});
    const std::int64_t first = a_.ends.class_token && a_.ends.pool == space::Ends::Pool::patches ? 1 : 0;
    return a_.ends.pool == space::Ends::Pool::class_token ? x.select(1, 0)
                                                          : x.narrow(1, first, x.size(1) - first).mean(1);
  }

  at::Tensor normed(const at::Tensor& x) {
    if (a_.ends.norm == space::Norm::none) return x;
    const at::Tensor& weight = take();
    if (a_.ends.norm == space::Norm::rmsnorm) return at::rms_norm(x, weight.sizes(), weight, a_.ends.epsilon);
    return at::layer_norm(x, weight.sizes(), weight, has_norm_bias(a_) ? std::optional(take()) : std::nullopt,
                          a_.ends.epsilon);
  }

  at::Tensor head(const at::Tensor& x) {
    if (a_.input.task == Task::image_classification) {
      const bool image = x.dim() == 4;
      const at::Tensor y = image ? normed(pooled(x)) : pooled(normed(x));
      const at::Tensor &weight = take(), &bias = take();
      return at::linear(y, weight, bias);
    }
    const at::Tensor y = normed(x);
    return at::linear(y, a_.ends.tied ? pass_.stem[0] : take());
  }

  const Pass& pass_;
  std::span<const Exit> exits_;  // that were not passed yet
  const space::Architecture& a_;
  KernelContext context_;
  std::span<const at::Tensor> left_;  // weights of the stem or the head that were not taken yet
};

}  // namespace

Network make_network(space::Architecture architecture) {
  Network network;
  network.weights = stem_weights(architecture);
  for (std::size_t layer = 0; layer < architecture.layers.size(); ++layer) {
    network.first.push_back(network.weights.size());
    network.kernels.push_back(find_kernels(architecture.layers[layer]));
    for (WeightSpec& spec : layer_weights(architecture.layers[layer])) {
      spec.name = fmt::format("layers.{}.{}", layer, spec.name);
      network.weights.push_back(std::move(spec));
    }
  }
  network.first.push_back(network.weights.size());
  for (WeightSpec& spec : head_weights(architecture, architecture.out_width()))
    network.weights.push_back(std::move(spec));
  network.architecture = std::move(architecture);
  return network;
}

at::Tensor forward(const Pass& pass, const at::Tensor& input, bool training, Observer* observer) {
  return Forward(pass, {}, training, observer).run(input);
}

at::Tensor forward(const Pass& pass, std::span<const Exit> exits, const at::Tensor& input, bool training) {
  return Forward(pass, exits, training, nullptr).run(input);
}

at::Tensor forward(const Network& network, const Weights& weights, const at::Tensor& input, bool training,
                   Observer* observer) {
  const std::span<const at::Tensor> all = weights;
  Pass pass{.ends = &network.architecture, .stem = all.first(network.first[0]), .layers = {}, .head = {}};
  for (std::size_t layer = 0; layer + 1 < network.first.size(); ++layer) {
    const std::size_t begin = network.first[layer];
    pass.layers.push_back({&network.architecture.layers[layer], network.kernels[layer],
                           all.subspan(begin, network.first[layer + 1] - begin)});
  }
  pass.head = all.subspan(network.first.back());
  return forward(pass, input, training, observer);
}

std::int64_t count_parameters(const Network& network, const Weights& weights) {
  std::int64_t total = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) total += network.weights[i].trained ? weights[i].numel() : 0;
  return total;
}

}  // namespace weft::net
