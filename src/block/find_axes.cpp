#include <algorithm>
#include <numeric>
#include <optional>

#include "block/axes.hpp"
#include "block/ops/rows.hpp"

namespace weft::block {
namespace {

Axis plain(std::int64_t size) {
  return {Segment{{size}}};
}

// An axis of whole heads: {heads, size}, or {groups, members, size}.
Axis nested(std::vector<std::int64_t> sizes) {
  return {Segment{std::move(sizes)}};
}

// Whether `fine` has every border that `coarse` has: {12, 16} and {4, 3, 16}.
bool refines(const Segment& fine, const Segment& coarse) {
  std::int64_t inner = 1;
  std::size_t at = coarse.sizes.size();
  std::int64_t border = at > 0 ? coarse.sizes[--at] : 1;
  for (std::size_t i = fine.sizes.size(); i-- > 0;) {
    inner *= fine.sizes[i];
    if (inner == border && at > 0) border *= coarse.sizes[--at];
  }
  return at == 0 && inner == border;
}

// Walks a graph once for what its ops ask of the channels of their inputs and outputs.
class Finder {
 public:
  Finder(const Graph& graph, const Place& place, const Axis& input) : graph_(graph), place_(place) {
    first_.push_back(0);
    std::size_t count = 1 + graph.states.size();
    for (const Node& node : graph.nodes) {
      first_.push_back(count);
      count += node.outputs.size();
    }
    parent_.resize(count);
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
    asked_.resize(count);
    pinned_.assign(count, false);
    fixed_.assign(count, false);
    const bool stream = graph.input.kind == Type::Kind::sequence && graph.states.empty();
    asked_[0] = input.empty() || stream ? plain(graph.input.channels) : input;
    if (stream) asked_[0][0].stream = true;
    pinned_[0] = true;
  }

  GraphAxes run() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) unite_node(i);
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) ask_node(i);
    for (std::size_t pass = 0; pass < 3; ++pass) {  // parts of parts of parts
      for (std::size_t i = graph_.nodes.size(); i-- > 0;) ask_split(i);
      for (std::size_t i = 0; i < graph_.nodes.size(); ++i) ask_concat(i);
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) fix_order(i);
    GraphAxes axes;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      axes.parameters.push_back(parameters(i));
      axes.channels.push_back(channels(i));
      if (graph_.nodes[i].op == &rows::attention()) axes.heads.push_back(heads(i));
    }
    axes.result = of(graph_.result);
    return axes;
  }

 private:
  std::size_t id(const Value& value) const {
    return first_[static_cast<std::size_t>(value.site + 1)] + static_cast<std::size_t>(value.output);
  }
  std::size_t in(std::size_t node, std::size_t input) const { return id(graph_.nodes[node].inputs[input]); }
  std::size_t out(std::size_t node, std::size_t output = 0) const { return first_[node + 1] + output; }

  std::size_t root(std::size_t value) {
    while (parent_[value] != value) value = parent_[value] = parent_[parent_[value]];
    return value;
  }

  void unite(std::size_t a, std::size_t b) {
    a = root(a);
    b = root(b);
    if (a == b) return;
    if (pinned_[b]) std::swap(a, b);
    parent_[b] = a;
    if (!pinned_[a] && !asked_[b].empty()) asked_[a] = asked_[b];
  }

  // What is asked twice is the finer of the two, or plain where neither is.
  void ask(std::size_t value, Axis axis) {
    value = root(value);
    Axis& known = asked_[value];
    if (pinned_[value] || known == axis) return;
    if (known.empty()) {
      known = std::move(axis);
      return;
    }
    if (known.size() == 1 && axis.size() == 1) {
      if (refines(known[0], axis[0])) return;
      if (refines(axis[0], known[0])) {
        known = std::move(axis);
        return;
      }
    }
    if (known.size() == 1 && known[0].sizes.size() == 1) {
      known = std::move(axis);
    } else if (axis.size() > 1 || axis[0].sizes.size() > 1) {
      known = plain(block::length(known));
    }
  }

  Axis known(std::size_t value, std::int64_t channels) {
    const Axis& axis = asked_[root(value)];
    return axis.empty() || block::length(axis) != channels ? plain(channels) : axis;
  }
  Axis of(const Value& value) { return known(id(value), channels(graph_.type(value))); }
  Axis of_input(const Node& node, std::size_t input) { return of(node.inputs[input]); }

  static std::int64_t channels(const Type& type) {
    return type.kind == Type::Kind::matrix ? type.heads * type.columns : type.channels;
  }

  // Whether the op gives each channel of its inputs to the same channel of its output.
  static bool by_channel(const Op* op) {
    static const std::vector<const Op*> others{
        &rows::linear(),     &rows::conv(),   &rows::conv2d(),  &rows::attention(), &rows::linear_attention(),
        &rows::recurrence(), &rows::scan(),   &rows::experts(), &rows::concat(),    &rows::split(),
        &rows::take(),       &rows::widen(),  &rows::repeat(),  &rows::matmul(),    &rows::transpose(),
        &rows::softmax(),    &rows::states(), &rows::merge(),   &rows::heads(),     &rows::fourier()};
    return std::find(others.begin(), others.end(), op) == others.end();
  }

  void unite_node(std::size_t i) {
    const Node& node = graph_.nodes[i];
    if (node.op == &rows::states()) {
      for (std::size_t k = 0; k < node.inputs.size(); ++k) {
        unite(in(i, k), out(i, k));
        unite(out(i, k), 1 + k);
      }
    }
    if (!by_channel(node.op)) return;
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      if (channels(graph_.type(node.inputs[k])) == channels(node.outputs[0])) unite(in(i, k), out(i));
    }
  }

  // Equal parts of a value's channels that the node treats alike, such as the heads of a norm.
  void ask_parts(std::size_t value, std::int64_t count, std::int64_t all) {
    if (count > 1) ask(value, nested({count, all / count}));
  }

  void ask_node(std::size_t i) {
    const Node& node = graph_.nodes[i];
    const auto width = [&](std::size_t input) { return graph_.type(node.inputs[input]).channels; };
    if (node.op == &rows::attention()) {
      ask_attention(i);
    } else if (node.op == &rows::linear_attention() || node.op == &rows::recurrence()) {
      const std::int64_t heads = node.whole(0);
      for (std::size_t k = 0; k < node.inputs.size(); ++k) ask(in(i, k), nested({heads, width(k) / heads}));
      ask(out(i), nested({heads, node.outputs[0].channels / heads}));
    } else if (node.op == &rows::heads()) {
      ask(in(i, 0), nested({node.whole(0), width(0) / node.whole(0)}));
    } else if (node.op == &rows::merge()) {
      const Type& type = graph_.type(node.inputs[0]);
      ask(out(i), nested({type.heads, type.columns}));
    } else if (node.op == &rows::layernorm()) {
      ask_parts(in(i, 0), node.whole(2), width(0));
    } else if (node.op == &rows::rmsnorm() || node.op == &rows::lightconv()) {
      ask_parts(in(i, 0), node.whole(1), width(0));
    } else if (node.op == &rows::rotary()) {
      ask_parts(in(i, 0), node.whole(0), width(0));
    } else if (node.op == &rows::repeat()) {
      const std::int64_t times = node.whole(0), parts = node.whole(1), size = width(0) / parts;
      ask(in(i, 0), nested({parts, size}));
      ask(out(i), nested({parts, times, size}));
    } else if (node.op == &rows::conv() || node.op == &rows::conv2d()) {
      const std::int64_t groups = node.whole(3);
      ask_parts(in(i, 0), groups, width(0));
      ask_parts(out(i), groups, node.outputs[0].channels);
    }
  }

  // Whole heads, which stay in their group.
  void ask_attention(std::size_t i) {
    const Node& node = graph_.nodes[i];
    const std::int64_t heads = node.whole(0), groups = node.whole(1) == 0 ? heads : node.whole(1);
    const std::int64_t members = heads / groups, size = graph_.type(node.inputs[0]).channels / heads;
    const std::int64_t value = graph_.type(node.inputs[2]).channels / groups;
    // A value that is two of them, such as shared keys and values, has to be one thing.
    ask(in(i, 1), nested({groups, size}));
    ask(in(i, 2), nested({groups, value}));
    ask(in(i, 0), nested({groups, members, size}));
    ask(out(i), nested({groups, members, value}));
  }

  Axis side_by_side(const std::vector<Value>& values) {
    Axis all;
    for (const Value& value : values) {
      const Axis one = of(value);
      all.insert(all.end(), one.begin(), one.end());
    }
    return all;
  }

  void ask_split(std::size_t i) {
    const Node& node = graph_.nodes[i];
    if (node.op != &rows::split()) return;
    std::vector<Value> parts;
    for (std::size_t k = 0; k < node.outputs.size(); ++k) parts.push_back({static_cast<int>(i), static_cast<int>(k)});
    ask_list(in(i, 0), side_by_side(parts));
  }

  void ask_concat(std::size_t i) {
    const Node& node = graph_.nodes[i];
    if (node.op == &rows::concat()) ask_list(out(i), side_by_side(node.inputs));
  }

  // Parts that were found before may have become finer.
  void ask_list(std::size_t value, Axis list) {
    value = root(value);
    if (pinned_[value]) return;
    if (asked_[value].size() == list.size()) {
      asked_[value] = std::move(list);
    } else {
      ask(value, std::move(list));
    }
  }

  Axis taps(std::int64_t count) const {
    return {Segment{{count}, place_.causal ? Segment::Keeps::last : Segment::Keeps::middle}};
  }

  std::vector<std::vector<Axis>> parameters(std::size_t i) {
    const Node& node = graph_.nodes[i];
    if (node.op == &rows::scan()) return cell(node);
    std::vector<std::vector<Axis>> list;
    for (const Parameter& parameter : node.parameters) list.push_back(axes_of(node, i, parameter));
    return list;
  }

  std::vector<std::vector<Axis>> cell(const Node& node) {
    std::vector<std::vector<Axis>> list;
    for (const auto& one : find_axes(*node.body, place_, of_input(node, 0)).parameters)
      list.insert(list.end(), one.begin(), one.end());
    return list;
  }

  std::vector<Axis> axes_of(const Node& node, std::size_t i, const Parameter& parameter) {
    std::vector<Axis> axes;
    for (const std::int64_t size : parameter.shape) axes.push_back(plain(size));
    const bool products = node.op == &rows::linear() || node.op == &rows::conv() || node.op == &rows::conv2d();
    if (products) axes[0] = known(out(i), parameter.shape[0]);
    if (node.op == &rows::linear() && parameter.shape.size() == 2) axes[1] = of_input(node, 0);
    if ((node.op == &rows::conv() || node.op == &rows::conv2d()) && parameter.shape.size() > 1) {
      if (node.whole(3) == 1) axes[1] = of_input(node, 0);
      for (std::size_t k = 2; k < axes.size(); ++k) axes[k] = window(node, parameter.shape[k]);
    }
    if (node.op == &rows::dwconv() || node.op == &rows::lightconv()) {
      if (node.op == &rows::dwconv()) axes[0] = of_input(node, 0);
      if (parameter.shape.size() == 3) axes[2] = taps(parameter.shape[2]);
    }
    if (by_channel(node.op) && parameter.shape.size() == 1) axes[0] = of_input(node, 0);
    if (node.op == &rows::attention() && parameter.shape.size() == 2) axes[0] = distances(parameter.shape[0]);
    return axes;
  }

  // The number of a value's channels, where nothing but weights and ops by channel see them.
  int number(std::size_t value) {
    value = root(value);
    return pinned_[value] || fixed_[value] ? -1 : static_cast<int>(value);
  }

  std::vector<std::vector<int>> channels(std::size_t i) {
    const Node& node = graph_.nodes[i];
    std::vector<std::vector<int>> list;
    for (const Parameter& parameter : node.parameters) {
      std::vector<int>& axes = list.emplace_back(parameter.shape.size(), -1);
      if (node.op == &rows::scan()) continue;
      if (node.op == &rows::linear()) {
        axes[0] = number(out(i));
        if (axes.size() > 1) axes[1] = number(in(i, 0));
      } else if (by_channel(node.op) && node.op != &rows::lightconv()) {
        axes[0] = number(in(i, 0));
      }
    }
    return list;
  }

  std::vector<int> heads(std::size_t i) {
    return {number(in(i, 0)), number(in(i, 1)), number(in(i, 2)), number(out(i))};
  }

  // Channels whose order means something to an op: permuting them would change scores.
  void fix_order(std::size_t i) {
    const Node& node = graph_.nodes[i];
    const bool free = by_channel(node.op) || node.op == &rows::linear() || node.op == &rows::attention();
    const bool in_parts = node.op == &rows::rotary() || node.op == &rows::lightconv() ||
                          (node.op == &rows::layernorm() && node.whole(2) > 1) ||
                          (node.op == &rows::rmsnorm() && node.whole(1) > 1);
    const bool relative = node.op == &rows::attention() && node.whole(6) + node.whole(7) > 0;
    const bool sloped = node.op == &rows::attention() && node.flag(3);
    if (free && !in_parts && !relative && !sloped) return;
    for (std::size_t k = 0; k < node.inputs.size(); ++k) fixed_[root(in(i, k))] = true;
    for (std::size_t k = 0; k < node.outputs.size(); ++k) fixed_[root(out(i, k))] = true;
  }

  Axis window(const Node& node, std::int64_t size) const {
    return node.op == &rows::conv2d() ? Axis{Segment{{size}, Segment::Keeps::middle}} : taps(size);
  }

  // Rows of a table of relative positions: the class token's, then the distances around 0.
  static Axis distances(std::int64_t count) { return {Segment{{1}}, Segment{{count - 1}, Segment::Keeps::middle}}; }

  const Graph& graph_;
  const Place place_;
  std::vector<std::size_t> first_;  // of the input and of each node: where its outputs stand
  std::vector<std::size_t> parent_;
  std::vector<Axis> asked_;   // of each root; empty where nothing is
  std::vector<bool> pinned_;  // the residual stream's
  std::vector<bool> fixed_;   // of each root: whether the order of its channels matters to an op
};

}  // namespace

GraphAxes find_axes(const Graph& graph, const Place& place, const Axis& input) {
  return Finder(graph, place, input).run();
}

}  // namespace weft::block
