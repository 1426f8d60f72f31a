#include "block/dot.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "base/error.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

namespace weft::block {
namespace {

// Fill and border by what an op does.
struct Style {
  const char *fill, *border;
};

Style style_of(const Node& node) {
  if (node.op->name == "attention") return {"#fde7c8", "#d98a1f"};
  if (node.op->name == "dwconv") return {"#fbdcd8", "#c9503f"};
  if (!node.parameters.empty() && node.op->name == "linear") return {"#d6e6fb", "#2f6db5"};
  if (!node.parameters.empty()) return {"#e4dcf5", "#7355b5"};
  if (!node.op->symbol.empty()) return {"#ffffff", "#7a7f87"};
  return {"#ddf0de", "#3f8f4a"};
}

std::string label_of(const Node& node) {
  if (node.op->name == "times") return "× " + base::number_text(node.attributes[0]);
  if (node.op->name == "plus") return "+ " + base::number_text(node.attributes[0]);
  if (node.op->name == "multiply") return "×";
  if (!node.op->symbol.empty()) return std::string(node.op->symbol);
  std::string text(node.op->name);
  for (std::size_t i = 0; i < node.attributes.size(); ++i) {
    const Attribute& attribute = node.op->attributes[i];
    if (node.attributes[i] == attribute.fallback || attribute.name == "width" || attribute.name == "parts") continue;
    const std::string value = attribute.kind == Attribute::Kind::flag ? (node.flag(i) ? "" : "no ")
                                                                      : base::number_text(node.attributes[i]) + " ";
    text += fmt::format("\\n{}{}", value, attribute.name);
  }
  if (node.body != nullptr) text += fmt::format("\\n{} ops a position", node.body->nodes.size() - 1);
  if (node.op->name == "dwconv") text += fmt::format("\\nwidth {}", node.whole(0));
  std::int64_t params = 0;
  for (const Parameter& parameter : node.parameters) params += parameter.count();
  if (params > 0) text += fmt::format("\\n{} parameters", base::short_count(static_cast<double>(params)));
  return text;
}

// The size of a tensor, as an edge's label.
std::string size_of(const Type& type) {
  const auto axis = [](std::int64_t size) { return size == kTime ? std::string("time") : std::to_string(size); };
  switch (type.kind) {
    case Type::Kind::matrix: return fmt::format("{} × {} × {}", type.heads, axis(type.rows), axis(type.columns));
    case Type::Kind::image: return fmt::format("{} × {} × {}", type.channels, type.height, type.width);
    default: return std::to_string(type.channels) + (type.pooled ? " (mean)" : "");
  }
}

}  // namespace

std::string to_dot(const Graph& graph) {
  std::string text =
      "digraph block {\n  rankdir=TB; bgcolor=transparent; nodesep=0.25; ranksep=0.3;\n"
      "  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=11, margin=\"0.12,0.06\"];\n"
      "  edge [fontname=\"Helvetica\", fontsize=9, color=\"#7a7f87\", fontcolor=\"#7a7f87\", arrowsize=0.6];\n"
      "  x [label=\"x\", shape=circle, fillcolor=\"#ffffff\"]; out [label=\"out\", shape=circle, "
      "fillcolor=\"#ffffff\"];\n";
  const auto source = [](const Value& value) {
    return value.site < 0 ? std::string("x") : fmt::format("n{}", value.site);
  };
  const auto edge = [&](const Value& from, const std::string& to) {
    text += fmt::format("  {} -> {} [label=\" {}\"];\n", source(from), to, size_of(graph.type(from)));
  };
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const auto [fill, border] = style_of(node);
    text += fmt::format("  n{} [label=\"{}\", fillcolor=\"{}\", color=\"{}\"];\n", i, label_of(node), fill, border);
    for (const Value& input : node.inputs) edge(input, fmt::format("n{}", i));
  }
  edge(graph.result, "out");
  return text + "}\n";
}

std::string to_svg(const std::string& dot) {
  base::Finished drawn;
  try {
    drawn = base::run({.argv = {"dot", "-Tsvg"}, .environment = {"PATH=/usr/local/bin:/usr/bin:/bin"}}, dot,
                      std::chrono::seconds(20));
  } catch (const base::Error&) {
    throw base::Error("the program 'dot' is missing; install the package graphviz");
  }
  const std::size_t start = drawn.output.find("<svg");
  if (drawn.status != 0 || start == std::string::npos)
    throw base::Error("the program 'dot' could not draw the graph (" + base::exit_text(drawn.status) + ")");
  return drawn.output.substr(start);
}

}  // namespace weft::block
