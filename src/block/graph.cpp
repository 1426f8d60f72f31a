#include "block/graph.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/text.hpp"

namespace weft::block {
namespace {

std::string domain_text(const Attribute& attribute) {
  switch (attribute.kind) {
    case Attribute::Kind::flag: return "true or false";
    case Attribute::Kind::whole:
      return fmt::format("a whole number from {} to {}", attribute.minimum, attribute.maximum);
    default: return fmt::format("a number from {} to {}", attribute.minimum, attribute.maximum);
  }
}

void read_input_types(const Graph& graph, const Node& node, std::vector<Type>& types) {
  types.clear();
  for (const Value& input : node.inputs) types.push_back(graph.type(input));
}

class Binder {
 public:
  Binder(const Program& program, const Binding& binding, bool causal)
      : program_(program), binding_(binding), causal_(causal) {}

  // Throws Diagnostic, caught in check().
  Graph run(std::int64_t width) {
    graph_.input = {width, false};
    graph_.nodes.reserve(program_.sites.size());
    for (const Site& site : program_.sites) graph_.nodes.push_back(node(site));
    graph_.result = program_.result;
    const Type out = graph_.type(graph_.result);
    if (out != graph_.input) {
      const Site* last =
          graph_.result.site < 0 ? nullptr : &program_.sites[static_cast<std::size_t>(graph_.result.site)];
      fail(last, fmt::format("the block must return {}, not {}", graph_.input.text(), out.text()));
    }
    return std::move(graph_);
  }

 private:
  [[noreturn]] void fail(const Site* site, const std::string& message) const { throw program_.error(site, message); }

  double attribute(const Site& site, std::size_t index) const {
    const Attribute& row = site.op->attributes[index];
    std::string unbound;
    const auto value = site.attributes[index].evaluate(binding_, unbound);
    if (!value) fail_unknown(site, index, unbound);
    const bool whole = row.kind != Attribute::Kind::real;
    if (!(*value >= row.minimum && *value <= row.maximum) || (whole && *value != std::floor(*value)))
      fail_domain(site, index, *value);
    return *value;
  }

  static std::string name(const Site& site, std::size_t index) {
    return fmt::format("{}: {}", site.op->name, site.op->attributes[index].name);
  }

  [[noreturn]] void fail_unknown(const Site& site, std::size_t index, const std::string& unbound) const {
    if (unbound.empty())
      fail(&site, fmt::format("{}: '{}' divides by zero", name(site, index), site.attributes[index].text()));
    std::vector<std::string> known;
    for (const auto& [gene, bound] : binding_) known.push_back(gene);
    fail(&site, fmt::format("{}: no gene '{}' here; there are {}{}", name(site, index), unbound,
                            base::join(known, ", "), base::did_you_mean(unbound, known)));
  }

  [[noreturn]] void fail_domain(const Site& site, std::size_t index, double value) const {
    const Expression& expression = site.attributes[index];
    const std::string how = expression.kind == Expression::Kind::number ? "" : fmt::format(" ({})", expression.text());
    fail(&site, fmt::format("{} must be {}, not {}{}", name(site, index), domain_text(site.op->attributes[index]),
                            base::number_text(value), how));
  }

  Node node(const Site& site) {
    Node node{site.op, site.inputs, {}, {}, {}};
    node.attributes.reserve(site.attributes.size());
    for (std::size_t i = 0; i < site.attributes.size(); ++i) node.attributes.push_back(attribute(site, i));
    read_input_types(graph_, node, inputs_);
    const Call call{inputs_, node.attributes, causal_};
    auto outputs = site.op->infer(call);
    if (!outputs) fail(&site, fmt::format("{}: {}", site.op->name, outputs.error()));
    node.outputs = std::move(*outputs);
    if (causal_ && site.op->mixes && site.op->mixes(call) == Mixing::all) {
      fail(&site,
           fmt::format("{}: lets a position see later ones, which a causal space does not allow", site.op->name));
    }
    if (site.op->parameters) node.parameters = site.op->parameters(call);
    return node;
  }

  const Program& program_;
  const Binding& binding_;
  const bool causal_;
  Graph graph_;
  std::vector<Type> inputs_;  // of the node at hand
};

}  // namespace

std::vector<Type> input_types(const Graph& graph, const Node& node) {
  std::vector<Type> types;
  read_input_types(graph, node, types);
  return types;
}

Checked<Graph> check(const Program& program, const Binding& binding, std::int64_t width, bool causal) {
  try {
    return Binder(program, binding, causal).run(width);
  } catch (const Diagnostic& error) {
    return tl::unexpected(error);
  }
}

Counts count(const Graph& graph, std::int64_t time, bool causal) {
  Counts counts;
  std::vector<Type> inputs;
  for (const Node& node : graph.nodes) {
    Counts one;
    read_input_types(graph, node, inputs);
    for (const Parameter& parameter : node.parameters) one.params += parameter.count();
    if (node.op->macs) one.macs = node.op->macs({inputs, node.attributes, causal}, time);
    for (const Type& output : node.outputs) one.activations += 4 * output.channels * (output.pooled ? 1 : time);
    counts += one;
  }
  return counts;
}

}  // namespace weft::block
