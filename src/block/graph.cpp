#include "block/graph.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "block/ops/rows.hpp"

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
  // With a graph its nodes are made, else the types alone.
  Binder(const Program& program, const Binding& binding, const Type& input, const Place& place, Graph* graph)
      : Binder(program, program, binding, input, {}, place, graph) {}

  // Throws Diagnostic, caught in check() and infer_types().
  Typing run() {
    bind_sites();
    const bool images = input_.kind == Type::Kind::image && typing_.result.kind == Type::Kind::image;
    if (typing_.result != input_ && !images)
      fail(last_, fmt::format("the block must return {}, not {}", input_.text(), typing_.result.text()));
    return std::move(typing_);
  }

 private:
  Binder(const Program& program, const Program& source, const Binding& binding, const Type& input,
         std::vector<Type> states, const Place& place, Graph* graph)
      : program_(program),
        source_(source),
        binding_(binding),
        input_(input),
        states_(std::move(states)),
        place_(place),
        graph_(graph) {}

  void bind_sites() {
    const Value result = picked(program_.result);
    const std::vector<bool> needed = reached_from(result);
    typing_.first.assign(program_.sites.size(), -1);
    typing_.types.reserve(program_.sites.size());
    if (graph_ != nullptr) start_graph();
    for (std::size_t i = 0; i < program_.sites.size(); ++i) {
      if (needed[i]) bind_site(i);
    }
    typing_.result = type(result);
    last_ = result.site < 0 ? nullptr : &program_.sites[static_cast<std::size_t>(result.site)];
    if (graph_ != nullptr) graph_->result = node_value(result);
  }

  void start_graph() {
    graph_->input = input_;
    graph_->states = states_;
    graph_->picked =
        std::any_of(program_.sites.begin(), program_.sites.end(), [&](const Site& site) { return site.op == pick_; });
    graph_->nodes.reserve(program_.sites.size());
    node_of_.assign(program_.sites.size(), -1);
  }

  void bind_site(std::size_t index) {
    const Site& site = program_.sites[index];
    inputs_.clear();
    for (const Value& input : site.inputs) inputs_.push_back(type(picked(input)));
    numbers_.clear();
    for (std::size_t i = 0; i < site.attributes.size(); ++i) numbers_.push_back(attribute(site, i));
    std::shared_ptr<const Graph> body;
    if (site.body != nullptr && site.op->takes.accepts(inputs_[0]))
      body = cell(site, static_cast<std::int64_t>(numbers_[0]));
    const Call call{inputs_, numbers_, place_, body.get()};
    auto outputs = output_types(*site.op, call);
    if (!outputs) fail(&site, outputs.error());
    typing_.first[index] = static_cast<int>(typing_.types.size());
    typing_.types.insert(typing_.types.end(), outputs->begin(), outputs->end());
    if (graph_ == nullptr) return;
    Node node{.op = site.op, .attributes = numbers_, .outputs = std::move(*outputs), .site = static_cast<int>(index)};
    node.ordinal = static_cast<int>(std::count_if(program_.sites.begin(), program_.sites.begin() + index,
                                                  [&](const Site& before) { return before.op == site.op; }));
    node.inputs.reserve(site.inputs.size());
    for (const Value& input : site.inputs) node.inputs.push_back(node_value(picked(input)));
    if (site.op->parameters) node.parameters = site.op->parameters(call);
    node.body = std::move(body);
    node_of_[index] = static_cast<int>(graph_->nodes.size());
    graph_->nodes.push_back(std::move(node));
  }

  [[noreturn]] void fail(const Site* site, const std::string& message) const { throw source_.error(site, message); }

  // What a value is once every pick has picked.
  Value picked(Value value) const {
    while (value.site >= 0 && program_.sites[static_cast<std::size_t>(value.site)].op == pick_) {
      const Site& site = program_.sites[static_cast<std::size_t>(value.site)];
      const auto index = static_cast<std::size_t>(attribute(site, 0));
      if (index >= site.inputs.size())
        fail(&site, fmt::format("pick: index must be a whole number below {}, not {}", site.inputs.size(), index));
      value = site.inputs[index];
    }
    return value;
  }

  std::vector<bool> reached_from(const Value& result) const {
    std::vector<bool> needed(program_.sites.size(), false);
    if (result.site >= 0) needed[static_cast<std::size_t>(result.site)] = true;
    for (std::size_t i = needed.size(); i-- > 0;) {
      if (!needed[i]) continue;
      for (const Value& input : program_.sites[i].inputs) {
        if (const Value value = picked(input); value.site >= 0) needed[static_cast<std::size_t>(value.site)] = true;
      }
    }
    return needed;
  }

  const Type& type(const Value& value) const {
    const auto output = static_cast<std::size_t>(value.output);
    if (value.site < 0) return output == 0 ? input_ : states_[output - 1];
    return typing_.types[static_cast<std::size_t>(typing_.first[static_cast<std::size_t>(value.site)]) + output];
  }

  Value node_value(Value value) const {
    if (value.site >= 0) value.site = node_of_[static_cast<std::size_t>(value.site)];
    return value;
  }

  double attribute(const Site& site, std::size_t index) const {
    const Attribute& row = site.op->attributes[index];
    std::string unbound;
    const auto value = site.attributes[index].evaluate(binding_, unbound);
    if (!value) fail_unknown(site, index, unbound);
    if (!in_domain(row, *value)) fail_domain(site, index, *value);
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

  // The cell that a scan applies, on one position of the scan's input and states of `width` channels. Mistakes in it
  // stand in the text of the program around it.
  std::shared_ptr<const Graph> cell(const Site& scan, std::int64_t width) const {
    Binding binding = binding_;
    binding.insert_or_assign(std::string(kCellWidth), static_cast<double>(width));
    const Type state{width, true};
    Graph graph;
    Binder binder(*scan.body, source_, binding, {inputs_[0].channels, true},
                  std::vector<Type>(scan.body->sites.back().inputs.size(), state), place_, &graph);
    binder.bind_sites();
    for (const Type& made : graph.nodes.back().outputs) {
      if (made != state)
        fail(binder.last_,
             fmt::format("the cell must return {} for each of its states, not {}", state.text(), made.text()));
    }
    return std::make_shared<const Graph>(std::move(graph));
  }

  const Program& program_;
  const Program& source_;  // whose text messages quote
  const Binding& binding_;
  const Type input_;
  const std::vector<Type> states_;
  const Place place_;
  Graph* const graph_;
  const Op* const pick_ = &rows::pick();
  const Site* last_ = nullptr;  // whose value is returned
  Typing typing_;
  std::vector<int> node_of_;     // of each site, in the graph
  std::vector<Type> inputs_;     // of the site at hand
  std::vector<double> numbers_;  // what its attributes are worth
};

bool too_large(const Type& type) {
  return static_cast<double>(std::max(type.channels, type.heads * std::max(type.rows, type.columns))) > kMaxWidth;
}

}  // namespace

bool in_domain(const Attribute& attribute, double value) {
  if (!(value >= attribute.minimum && value <= attribute.maximum)) return false;
  return attribute.kind == Attribute::Kind::real || value == static_cast<double>(static_cast<std::int64_t>(value));
}

base::Result<std::vector<Type>> output_types(const Op& op, const Call& call) {
  for (const Type& type : call.inputs) {
    if (!op.takes.accepts(type))
      return base::failure(fmt::format("{}: takes {}, not {}", op.name, op.takes.text(), type.text()));
  }
  auto outputs = op.infer(call);
  if (!outputs) return base::failure(fmt::format("{}: {}", op.name, outputs.error()));
  for (const Type& type : *outputs) {
    if (too_large(type))
      return base::failure(fmt::format("{}: makes {}; an axis has at most {}", op.name, type.text(),
                                       static_cast<std::int64_t>(kMaxWidth)));
  }
  if (call.place.causal && op.mixes && op.mixes(call) == Mixing::all)
    return base::failure(
        fmt::format("{}: lets a position see later ones, which a causal space does not allow", op.name));
  return outputs;
}

std::vector<Type> input_types(const Graph& graph, const Node& node) {
  std::vector<Type> types;
  read_input_types(graph, node, types);
  return types;
}

Checked<Graph> check(const Program& program, const Binding& binding, const Type& input, const Place& place) {
  try {
    Graph graph;
    Binder(program, binding, input, place, &graph).run();
    return graph;
  } catch (const Diagnostic& error) {
    return tl::unexpected(error);
  }
}

Checked<Typing> infer_types(const Program& program, const Binding& binding, const Type& input, const Place& place) {
  try {
    return Binder(program, binding, input, place, nullptr).run();
  } catch (const Diagnostic& error) {
    return tl::unexpected(error);
  }
}

Counts count(const Graph& graph, std::int64_t time, const Place& place) {
  Counts counts;
  std::vector<Type> inputs;
  for (const Node& node : graph.nodes) {
    Counts one;
    read_input_types(graph, node, inputs);
    for (const Parameter& parameter : node.parameters) {
      one.params += parameter.count();
      one.trainable += parameter.frozen ? 0 : parameter.count();
    }
    if (node.op->macs) one.macs = node.op->macs({inputs, node.attributes, place, node.body.get()}, time);
    for (const Type& output : node.outputs) one.activations += 4 * output.values(time);
    if (node.body != nullptr) one.activations += rows::product({time, count(*node.body, 1, place).activations});
    counts += one;
  }
  return counts;
}

}  // namespace weft::block
