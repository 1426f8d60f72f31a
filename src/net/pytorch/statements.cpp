// forward() of a layer: expressions as long as a line, and variables that are used again as soon as they are free.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "block/ops/rows.hpp"
#include "net/pytorch/layer.hpp"

namespace weft::net::pytorch {
namespace {

namespace rows = block::rows;

constexpr std::size_t kLine = 78;  // of an expression
constexpr int kDepth = 4;          // of its parentheses
constexpr std::size_t kName = 2;   // of a variable, before it has one

class Writer {
 public:
  Writer(const Layer& layer, const NumberText& number)
      : layer_(layer),
        number_(number),
        parameters_(layer.parameters()),
        uses_(layer.steps.size()),
        own_(layer.steps.size()),
        names_(layer.steps.size()) {
    for (const Step& step : layer.steps) {
      if (!step.used) continue;
      for (const block::Value& input : layer.inputs(step.node)) count(input);
    }
    count(layer.result());
    choose();
  }

  std::vector<std::string> run() {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < own_.size(); ++i) {
      if (own_[i]) order.push_back(i);
    }
    std::map<int, std::size_t> last;  // the statement that uses a variable for the last time
    for (std::size_t at = 0; at < order.size(); ++at) {
      for (const int used : variables(order[at])) last[used] = at;
    }
    for (const int used : variables_of(layer_.result())) last[used] = order.size();
    std::map<std::string, int> holds;
    for (std::size_t i = 0; i < parameters_.size(); ++i) holds[parameters_[i]] = -1 - static_cast<int>(i);
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < order.size(); ++at) {
      const std::string value = text(order[at]);
      for (auto one = holds.begin(); one != holds.end();)
        one = last.contains(one->second) && last[one->second] > at ? std::next(one) : holds.erase(one);
      std::string left;
      for (std::string& name : names_of(order[at], holds)) {
        left += fmt::format("{}{}", left.empty() ? "" : ", ", name);
        names_[order[at]].push_back(std::move(name));
      }
      lines.push_back(fmt::format("{} = {}", left, value));
    }
    lines.push_back(fmt::format("return {}", operand(layer_.result(), Binding::sum)));
    return lines;
  }

 private:
  const block::Node& node(const Step& step) const { return layer_.graph->nodes[step.node]; }
  std::size_t step_of(const block::Value& value) const {
    return static_cast<std::size_t>(layer_.place[static_cast<std::size_t>(value.site)]);
  }
  void count(const block::Value& value) {
    const block::Value real = layer_.resolve(value);
    if (real.site >= 0) ++uses_[step_of(real)];
  }

  // Which steps become statements: what is used again, what has several outputs, mixers and sums on the way; and of
  // what makes a line too long the longest part.
  void choose() {
    for (std::size_t i = 0; i < layer_.steps.size(); ++i) {
      if (!layer_.steps[i].used) continue;
      const block::Op* op = node(layer_.steps[i]).op;
      const bool last = layer_.result() == block::Value{static_cast<int>(layer_.steps[i].node), 0};
      own_[i] = (uses_[i] > 1 || node(layer_.steps[i]).outputs.size() > 1 || is_mixer(op)) && !(last && uses_[i] == 1);
      shorten(i);
    }
  }

  static bool too_long(const std::string& text) {
    int depth = 0, deepest = 0;
    for (const char c : text) {
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      deepest = std::max(deepest, depth);
    }
    return text.size() > kLine || deepest > kDepth;
  }

  void shorten(std::size_t step) {
    while (too_long(text(step))) {
      if (is_mixer(node(layer_.steps[step]).op)) return name_inputs(step);
      std::size_t longest = 0;
      int found = -1;
      for (const block::Value& real : layer_.inputs(layer_.steps[step].node)) {
        if (real.site < 0 || own_[step_of(real)]) continue;
        if (const std::size_t size = text(step_of(real)).size(); size > longest) {
          longest = size;
          found = static_cast<int>(step_of(real));
        }
      }
      if (found < 0) return;
      own_[static_cast<std::size_t>(found)] = true;
    }
  }

  // q, k and v as variables of their own.
  void name_inputs(std::size_t step) {
    for (const block::Value& input : node(layer_.steps[step]).inputs) {
      const block::Value real = layer_.resolve(input);
      if (real.site >= 0) own_[step_of(real)] = true;
    }
  }

  std::string operand(const block::Value& value, Binding least) const {
    const block::Value real = layer_.resolve(value);
    if (real.site < 0) return parameters_[static_cast<std::size_t>(real.output)];
    const std::size_t step = step_of(real);
    if (own_[step]) {
      const auto& names = names_[step];
      return names.empty() ? std::string(kName, 'v') : names[static_cast<std::size_t>(real.output)];
    }
    const std::string inner = text(step);
    return layer_.steps[step].applied.binding < least ? fmt::format("({})", inner) : inner;
  }

  // How tightly the input must bind that stands at `hole` of this text.
  static Binding needed(const Applied& applied, std::size_t hole) {
    const std::string& call = applied.call.text;
    const std::string mark = fmt::format("@{}", hole);
    const std::size_t at = call.find(mark);
    if (call.compare(at + 2, 1, ".") == 0 || call.compare(at + 2, 1, "[") == 0) return Binding::atom;
    if (applied.binding == Binding::atom) return Binding::sum;
    if (applied.binding == Binding::unary) return Binding::unary;
    const bool first = at == 0, product = applied.binding == Binding::product;
    if (product) return first ? Binding::product : Binding::unary;
    return first ? Binding::sum : Binding::product;
  }

  std::string text(std::size_t step) const {
    const Applied& applied = layer_.steps[step].applied;
    return fill(applied.call.text, [&](char kind, std::size_t index) {
      if (kind == '#') return fmt::format("self.{}", layer_.steps[step].attribute);
      if (kind == '$') return number_(step, index);
      return operand(node(layer_.steps[step]).inputs[index], needed(applied, index));
    });
  }

  // The variables in a step's text: -1 for the block's input.
  std::set<int> variables(std::size_t step) const {
    std::set<int> all;
    for (const block::Value& input : layer_.inputs(layer_.steps[step].node)) all.merge(variables_of(input));
    return all;
  }
  std::set<int> variables_of(const block::Value& real) const {
    if (real.site < 0) return {-1 - real.output};
    const std::size_t step = step_of(real);
    if (own_[step]) return {static_cast<int>(step)};
    return variables(step);
  }

  // What a person would call it: x is the residual stream, h what a norm or an activation gives, a attention's output.
  const char* base_name(std::size_t step) const {
    const block::Op* op = node(layer_.steps[step]).op;
    if (layer_.is_cell()) return state_name(step);
    const bool image = node(layer_.steps[step]).outputs[0].kind == block::Type::Kind::image;
    if (op == &rows::add()) {
      for (const block::Value& input : node(layer_.steps[step]).inputs) {
        const block::Value real = layer_.resolve(input);
        if (real.site < 0 || (own_[step_of(real)] && names_[step_of(real)].front().front() == 'x'))
          return image ? "y" : "x";
      }
    }
    if (is_mixer(op)) return "a";
    for (const auto& [role, name] : {std::pair("query", "q"), std::pair("key", "k"), std::pair("value", "v")}) {
      if (layer_.steps[step].attribute.starts_with(role)) return name;
    }
    if (op == &rows::mean()) return "m";
    return image || op == &rows::add() ? "y" : "h";
  }

  // The state that this becomes.
  const char* state_name(std::size_t step) const {
    const std::vector<block::Value> states = layer_.inputs(layer_.graph->nodes.size() - 1);
    const auto found = std::find(states.begin(), states.end(), block::Value{static_cast<int>(layer_.steps[step].node)});
    return found == states.end() ? "y" : parameters_[static_cast<std::size_t>(found - states.begin()) + 1].c_str();
  }

  std::vector<std::string> names_of(std::size_t step, std::map<std::string, int>& holds) const {
    const std::size_t outputs = node(layer_.steps[step]).outputs.size();
    std::vector<std::string> names;
    for (std::size_t i = 0; i < outputs; ++i) {
      const std::string base = outputs > 1 ? "part" : base_name(step);
      std::string name = outputs > 1 ? base + "1" : base;
      for (int number = 2; holds.contains(name); ++number) name = fmt::format("{}{}", base, number);
      holds[name] = static_cast<int>(step);
      names.push_back(name);
    }
    return names;
  }

  const Layer& layer_;
  const NumberText& number_;
  const std::vector<std::string> parameters_;
  std::vector<int> uses_;
  std::vector<bool> own_;
  std::vector<std::vector<std::string>> names_;
};

}  // namespace

std::vector<std::string> statements(const Layer& layer, const NumberText& number) {
  return Writer(layer, number).run();
}

}  // namespace weft::net::pytorch
