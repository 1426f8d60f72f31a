#include "net/pytorch/layer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "block/ops/rows.hpp"

namespace weft::net::pytorch {
namespace {

namespace rows = block::rows;

// Whether it is the block's input or a sum: the residual stream stands first in a sum.
bool is_stream(const block::Graph& graph, const block::Value& value) {
  return value.site < 0 || graph.nodes[static_cast<std::size_t>(value.site)].op == &rows::add();
}

}  // namespace

bool is_mixer(const block::Op* op) {
  return op == &rows::attention() || op == &rows::linear_attention() || op == &rows::recurrence();
}

bool is_activation(const block::Op* op) {
  static const std::set<const block::Op*> kOps{&rows::relu(),     &rows::leaky_relu(), &rows::gelu(),
                                               &rows::silu(),     &rows::sigmoid(),    &rows::tanh(),
                                               &rows::softplus(), &rows::softsign()};
  return kOps.contains(op);
}

namespace {

class Planner {
 public:
  Planner(const block::Graph& graph, const block::Place& where, std::int64_t columns, bool class_token)
      : graph_(graph), where_(where), columns_(columns), class_token_(class_token) {
    layer_.graph = &graph;
    layer_.place.assign(graph.nodes.size(), -1);
    find_idle();
  }

  Layer run() {
    visit(layer_.result());
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (layer_.place[i] < 0 && !graph_.nodes[i].parameters.empty()) add(i, false);
    }
    name_modules(layer_);
    return std::move(layer_);
  }

 private:
  // A sum with zeros of its own shape is its other side; what widens nothing is its input.
  void find_idle() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      layer_.alias.push_back({static_cast<int>(i), 0});
      const block::Node& node = graph_.nodes[i];
      if (node.op == &rows::widen() && graph_.type(node.inputs[0]) == node.outputs[0])
        layer_.alias.back() = layer_.resolve(node.inputs[0]);
      if (node.op != &rows::add()) continue;
      for (const std::size_t side : {0, 1}) {
        const block::Value other = layer_.resolve(node.inputs[1 - side]), zeros = layer_.resolve(node.inputs[side]);
        const bool idle = zeros.site >= 0 && graph_.nodes[static_cast<std::size_t>(zeros.site)].op == &rows::zero();
        if (idle && graph_.type(other) == node.outputs[0]) {
          layer_.alias.back() = other;
          break;
        }
      }
    }
  }

  void visit(const block::Value& value) {
    if (value.site < 0) return;
    const auto node = static_cast<std::size_t>(value.site);
    if (layer_.place[node] >= 0) return;
    std::vector<block::Value> inputs = layer_.inputs(node);
    if (inputs.size() == 2 && turned(node)) std::swap(inputs[0], inputs[1]);
    for (const block::Value& input : inputs) visit(input);
    add(node, true);
  }

  // Whether a commuting op reads better the other way round: the residual stream first in a sum, a gate in a product.
  bool turned(std::size_t node) const {
    const block::Value a = layer_.resolve(graph_.nodes[node].inputs[0]),
                       b = layer_.resolve(graph_.nodes[node].inputs[1]);
    const auto activated = [&](const block::Value& value) {
      return value.site >= 0 && is_activation(graph_.nodes[static_cast<std::size_t>(value.site)].op);
    };
    if (graph_.nodes[node].op == &rows::add()) return !is_stream(graph_, a) && is_stream(graph_, b);
    return graph_.nodes[node].op == &rows::multiply() && !(a == b) && !activated(a) && activated(b);
  }

  void add(std::size_t node, bool used) {
    std::vector<block::Type> types;
    for (const block::Value& input : graph_.nodes[node].inputs) types.push_back(graph_.type(input));
    Step step{node, apply({graph_.nodes[node], types, where_, columns_, class_token_}), "", used};
    if (types.size() == 2 && turned(node))
      step.applied.call.text = graph_.nodes[node].op == &rows::add() ? "@1 + @0" : "@1 * @0";
    layer_.place[node] = static_cast<int>(layer_.steps.size());
    layer_.steps.push_back(std::move(step));
  }

  const block::Graph& graph_;
  block::Place where_;
  std::int64_t columns_;
  bool class_token_;
  Layer layer_;
};

}  // namespace

block::Value Layer::resolve(block::Value value) const {
  while (value.site >= 0 && static_cast<std::size_t>(value.site) < alias.size()) {
    const block::Value next = alias[static_cast<std::size_t>(value.site)];
    if (next.site == value.site) break;
    value = next;
  }
  return value;
}

std::vector<block::Value> Layer::inputs(std::size_t node) const {
  std::vector<block::Value> list;
  for (const block::Value& input : graph->nodes[node].inputs) list.push_back(resolve(input));
  if (graph->nodes[node].op == &rows::widen()) list.pop_back();  // only its width counts
  return list;
}

block::Value Layer::result() const {
  return is_cell() ? block::Value{static_cast<int>(graph->nodes.size()) - 1, 0} : resolve(graph->result);
}

std::vector<std::string> Layer::parameters() const {
  const std::size_t states = graph->states.size();
  std::vector<std::string> names{"x"};
  if (states > 0) names.emplace_back("h");
  if (states > 1) names.emplace_back("c");
  for (std::size_t i = 2; i < states; ++i) names.push_back(fmt::format("s{}", i + 1));
  return names;
}

std::vector<std::string> weight_names(const Layer& layer) {
  std::vector<std::string> names;
  for (const int place : layer.place) {
    if (place < 0) continue;
    const Step& step = layer.steps[static_cast<std::size_t>(place)];
    for (const std::string& weight : step.applied.weights) names.push_back(step.attribute + weight);
  }
  return names;
}

Layer plan_layer(const block::Graph& graph, const block::Place& where, std::int64_t columns, bool class_token) {
  return Planner(graph, where, columns, class_token).run();
}

std::string fill(const std::string& text, const std::function<std::string(char, std::size_t)>& hole) {
  std::string filled;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '#') {
      filled += hole('#', 0);
    } else if (text[i] == '@' && i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9') {
      filled += hole('@', static_cast<std::size_t>(text[++i] - '0'));
    } else if (text[i] == '$') {
      std::size_t index = 0;
      for (; i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9'; ++i)
        index = 10 * index + static_cast<std::size_t>(text[i + 1] - '0');
      filled += hole('$', index);
    } else {
      filled += text[i];
    }
  }
  return filled;
}

}  // namespace weft::net::pytorch
