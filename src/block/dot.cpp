#include "block/dot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "base/error.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

namespace weft::block {
namespace {

const Look kProduct{"#d6e6fb", "#2f6db5"}, kMixer{"#fde7c8", "#d98a1f"}, kWeights{"#e4dcf5", "#7355b5"},
    kPointwise{"#ddf0de", "#3f8f4a"};

Look look_of(const Op& op) {
  if (!op.symbol.empty()) return {.round = op.attributes.empty()};
  if (op.mixes) return kMixer;
  if (op.parameters) return op.macs ? kProduct : kWeights;
  return kPointwise;
}

// The same number of every graph once; of a few each; of many their range.
std::string in_words(const std::vector<std::string>& texts, const std::vector<double>& values) {
  if (std::all_of(texts.begin(), texts.end(), [&](const std::string& text) { return text == texts.front(); }))
    return texts.front();
  if (texts.size() <= 6) return base::join(texts, ", ");
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return texts[static_cast<std::size_t>(least - values.begin())] + " to " +
         texts[static_cast<std::size_t>(most - values.begin())];
}

// One drawing of graphs that differ in numbers alone.
class Artist {
 public:
  Artist(Sketch& sketch, std::span<const Graph> graphs, const std::string& name, const std::string& from)
      : sketch_(sketch), graphs_(graphs), first_(graphs.front()), name_(name), from_(from) {}

  std::string run() {
    for (std::size_t i = 0; i < first_.nodes.size(); ++i) {
      const Node& node = first_.nodes[i];
      sketch_.box(box(static_cast<int>(i)), title(i), lines(i), look_of(*node.op));
      for (std::size_t k = 0; k < node.inputs.size(); ++k) line(node, k, box(static_cast<int>(i)));
    }
    return box(first_.result.site);
  }

  std::string size_at(const Value& value) const {
    std::vector<std::string> texts;
    std::vector<double> values;
    for (const Graph& graph : graphs_) {
      texts.push_back(size_text(graph.type(value)));
      values.push_back(static_cast<double>(graph.type(value).values(1)));
    }
    return in_words(texts, values);
  }

  // Whether the op that gives the value changed the size of what it took.
  bool resized(const Value& value) const {
    if (value.site < 0) return false;
    const Node& node = first_.nodes[static_cast<std::size_t>(value.site)];
    return node.inputs.empty() || first_.type(node.inputs[0]) != first_.type(value);
  }

 private:
  std::string box(int site) const { return site < 0 ? from_ : fmt::format("{}{}", name_, site); }

  std::string numbers(std::size_t i, const std::function<double(const Node&)>& of, bool shortly = false) const {
    std::vector<std::string> texts;
    std::vector<double> values;
    for (const Graph& graph : graphs_) {
      values.push_back(of(graph.nodes[i]));
      texts.push_back(shortly ? base::short_count(values.back()) : base::number_text(values.back()));
    }
    return in_words(texts, values);
  }

  std::string title(std::size_t i) const {
    const Op& op = *first_.nodes[i].op;
    const auto first_attribute = [](const Node& node) { return node.attributes[0]; };
    if (op.name == "times") return "× " + numbers(i, first_attribute);
    if (op.name == "plus") return "+ " + numbers(i, first_attribute);
    if (op.name == "multiply") return "×";
    if (op.name == "subtract") return "−";
    return std::string(op.symbol.empty() ? op.name : op.symbol);
  }

  std::vector<std::string> lines(std::size_t i) const {
    const Node& node = first_.nodes[i];
    if (!node.op->symbol.empty()) return {};
    std::vector<std::string> list;
    for (std::size_t k = 0; k < node.attributes.size(); ++k) {
      const Attribute& attribute = node.op->attributes[k];
      const bool usual = std::all_of(graphs_.begin(), graphs_.end(), [&](const Graph& graph) {
        return graph.nodes[i].attributes[k] == attribute.fallback;
      });
      if (usual || attribute.name == "parts") continue;
      const std::string value = numbers(i, [k](const Node& one) { return one.attributes[k]; });
      const bool flag = attribute.kind == Attribute::Kind::flag;
      list.push_back(flag && value == "1"   ? std::string(attribute.name)
                     : flag && value == "0" ? fmt::format("no {}", attribute.name)
                                            : fmt::format("{} {}", attribute.name, value));
    }
    const auto parameters = [](const Node& one) {
      double sum = 0;
      for (const Parameter& parameter : one.parameters) sum += static_cast<double>(parameter.count());
      return sum;
    };
    if (node.body != nullptr) list.push_back(fmt::format("{} ops a position", node.body->nodes.size() - 1));
    if (parameters(node) > 0) list.push_back(numbers(i, parameters, true) + " parameters");
    return list;
  }

  // What an input is to its op, and its size where the op before changed it.
  void line(const Node& node, std::size_t k, const std::string& to) const {
    const Value& from = node.inputs[k];
    std::vector<std::string> words;
    if (node.inputs.size() > 1 && k < node.op->inputs.size()) words.emplace_back(node.op->inputs[k]);
    if (from.site >= 0 && first_.nodes[static_cast<std::size_t>(from.site)].outputs.size() > 1)
      words.push_back(fmt::format("part {}", from.output + 1));
    if (resized(from)) words.push_back(size_at(from));
    sketch_.line(box(from.site), to, base::join(words, " · "));
  }

  Sketch& sketch_;
  std::span<const Graph> graphs_;
  const Graph& first_;
  const std::string name_, from_;
};

}  // namespace

std::string size_text(const Type& type) {
  const auto axis = [](std::int64_t size) { return size == kTime ? std::string("time") : std::to_string(size); };
  switch (type.kind) {
    case Type::Kind::matrix: return fmt::format("{} × {} × {}", type.heads, axis(type.rows), axis(type.columns));
    case Type::Kind::image: return fmt::format("{} × {} × {}", type.channels, type.height, type.width);
    default: return std::to_string(type.channels) + (type.pooled ? ", one position" : "");
  }
}

std::string with_unit(const Type& type) {
  return size_text(type) + (type.kind == Type::Kind::sequence ? " channels" : "");
}

Look plain() {
  return {.fill = "#eef0f3", .border = "#8a909a"};
}

std::vector<std::pair<Look, std::string>> legend() {
  return {{kProduct, "products"}, {kMixer, "mixes positions"}, {kWeights, "other weights"}, {kPointwise, "no weights"}};
}

bool drawn_alike(const Graph& a, const Graph& b) {
  return a.result == b.result && a.nodes.size() == b.nodes.size() &&
         std::equal(a.nodes.begin(), a.nodes.end(), b.nodes.begin(), [](const Node& left, const Node& right) {
           return left.op == right.op && left.inputs == right.inputs;
         });
}

std::string draw(Sketch& sketch, std::span<const Graph> graphs, const std::string& name, const std::string& from) {
  return Artist(sketch, graphs, name, from).run();
}

std::string to_dot(const Graph& graph) {
  Sketch sketch;
  sketch.box("x", "input", {with_unit(graph.input)}, plain());
  const std::string last = draw(sketch, std::span(&graph, 1), "n", "x");
  sketch.box("out", "result", {with_unit(graph.type(graph.result))}, plain());
  sketch.line(last, "out", "");
  return sketch.text(legend());
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
  std::string svg = drawn.output.substr(start);
  // Graphviz names every box in a tooltip.
  for (std::size_t at = svg.find("<title>"); at != std::string::npos; at = svg.find("<title>", at)) {
    const std::size_t end = svg.find("</title>\n", at);
    if (end == std::string::npos) break;
    svg.erase(at, end + 9 - at);
  }
  return svg;
}

}  // namespace weft::block
