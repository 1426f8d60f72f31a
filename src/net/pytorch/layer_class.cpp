#include "net/pytorch/layer_class.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"

namespace weft::net::pytorch {
namespace {

using Values = std::vector<double>;  // of a number in each layer of the class

struct Argument {
  std::string name;
  Values values;
  bool stored = false;  // forward() needs it
  bool channels = false;
};

bool constant(const Values& values) {
  return std::all_of(values.begin(), values.end(), [&](double one) { return one == values.front(); });
}

// k where values = k times base in every layer, k a whole number of at least 2; or 0.
int multiple(const Values& values, const Values& base, int most) {
  const double k = base.front() == 0 ? 0 : values.front() / base.front();
  if (k < 2 || k > most || k != static_cast<int>(k)) return 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != k * base[i]) return 0;
  }
  return static_cast<int>(k);
}

// Decides which numbers are arguments, and writes each as its argument, a multiple of one, or itself.
class Numbers {
 public:
  explicit Numbers(const std::vector<const Layer*>& layers) : layers_(layers) {
    begin();
    each([&](const Number& number, const Values& values, bool call) {
      if (!number.channels && !constant(values)) argument(number, values).stored |= call;
    });
    each([&](const Number& number, const Values& values, bool) {
      if (!number.channels || constant(values) || !text(values).empty()) return;
      if (const std::string product = number.name == "inner" ? by_heads(values) : ""; !product.empty()) {
        products_[values] = product;
      } else {
        argument(number, values).channels = true;
      }
    });
  }

  std::string module(std::size_t step, std::size_t index) {
    const Number& number = layers_.front()->steps[step].applied.module.numbers[index];
    const Values values = of(step, index, false);
    if (!number.channels && constant(values)) return python_number(values.front());
    const std::string found = number.channels ? text(values) : argument(number, values).name;
    for (Argument& one : arguments_) used_[one.name] |= mentions(found, one.name);
    return found.empty() ? python_number(values.front()) : found;
  }

  std::string call(std::size_t step, std::size_t index) {
    const Number& number = layers_.front()->steps[step].applied.call.numbers[index];
    const Values values = of(step, index, true);
    if (constant(values)) return python_number(values.front());
    const std::string name = argument(number, values).name;
    used_[name] = true;
    return "self." + name;
  }

  // Those that module() and call() have named.
  std::vector<Argument> arguments() const {
    std::vector<Argument> list;
    for (const Argument& one : arguments_) {
      if (const auto found = used_.find(one.name); found != used_.end() && found->second) list.push_back(one);
    }
    return list;
  }

 private:
  // The width of the input; of a cell also that of its states, and the two side by side.
  void begin() {
    Values widths, states, both;
    for (const Layer* layer : layers_) {
      widths.push_back(static_cast<double>(layer->graph->input.channels));
      if (!layer->is_cell()) continue;
      states.push_back(static_cast<double>(layer->graph->states.front().channels));
      both.push_back(widths.back() + states.back());
    }
    const bool image = layers_.front()->graph->input.kind == block::Type::Kind::image;
    if (!states.empty()) {
      arguments_.push_back({"features", std::move(widths), false, true});
      arguments_.push_back({"width", std::move(states), false, true});
      products_[both] = "features + width";
    } else if (!image || !constant(widths)) {
      arguments_.push_back({image ? "channels" : "width", std::move(widths), false, true});
    }
  }

  static bool mentions(const std::string& expression, const std::string& name) {
    return (" " + expression + " ").find(" " + name + " ") != std::string::npos;
  }

  const Piece& piece(std::size_t layer, std::size_t step, bool call) const {
    const Applied& applied = layers_[layer]->steps[step].applied;
    return call ? applied.call : applied.module;
  }

  Values of(std::size_t step, std::size_t index, bool call) const {
    Values values;
    for (std::size_t i = 0; i < layers_.size(); ++i) values.push_back(piece(i, step, call).numbers[index].value);
    return values;
  }

  template <class Visit>
  void each(Visit visit) const {
    for (std::size_t step = 0; step < layers_.front()->steps.size(); ++step) {
      for (const bool call : {false, true}) {
        const auto& numbers = piece(0, step, call).numbers;
        for (std::size_t i = 0; i < numbers.size(); ++i) visit(numbers[i], of(step, i, call), call);
      }
    }
  }

  Argument& argument(const Number& number, const Values& values) {
    std::string name(number.name);
    int count = 1;
    for (Argument& one : arguments_) {
      if (one.values == values) return one;
      if (one.name == name) name = fmt::format("{}{}", number.name, ++count);
    }
    arguments_.push_back({name, values});
    return arguments_.back();
  }

  // The channels as an argument, a multiple or a part of one; empty where they are none.
  std::string text(const Values& values) const {
    for (const Argument& one : arguments_) {
      if (one.values == values) return one.name;
    }
    if (const auto found = products_.find(values); found != products_.end()) return found->second;
    for (const Argument& one : arguments_) {
      if (!one.channels || constant(one.values) != constant(values)) continue;
      if (const int k = multiple(values, one.values, 8); k > 0) return fmt::format("{} * {}", k, one.name);
      if (const int k = multiple(one.values, values, 8); k > 0) return fmt::format("{} // {}", one.name, k);
    }
    return "";
  }

  // The width of heads of one size, where their number is an argument: "64 * heads".
  std::string by_heads(const Values& values) const {
    for (const Argument& one : arguments_) {
      const int size = one.name.ends_with("heads") ? multiple(values, one.values, 1024) : 0;
      if (size > 0) return fmt::format("{} * {}", size, one.name);
    }
    return "";
  }

  const std::vector<const Layer*>& layers_;
  std::vector<Argument> arguments_;
  std::map<Values, std::string> products_;
  std::map<std::string, bool> used_;
};

std::string constructor(const std::vector<const Layer*>& layers, Numbers& numbers) {
  std::string text;
  const auto& steps = layers.front()->steps;
  std::vector<std::string> made;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    if (step.attribute.empty() || std::find(made.begin(), made.end(), step.attribute) != made.end()) continue;
    made.push_back(step.attribute);
    const std::string module =
        fill(step.applied.module.text, [&](char, std::size_t index) { return numbers.module(i, index); });
    text += fmt::format("        self.{} = {}{}\n", step.attribute, module,
                        step.used ? "" : "  # takes no part in the result");
  }
  return text;
}

}  // namespace

std::string python_number(double value) {
  std::string text = base::number_text(value);
  if (const std::size_t zero = text.find("e-0"); zero != std::string::npos) text.erase(zero + 2, 1);
  return text;
}

std::string structure(const Layer& layer) {
  std::string text = fmt::format("{}", static_cast<int>(layer.graph->input.kind));
  for (const Step& step : layer.steps) {
    text += fmt::format("\n{} {} {} {}", step.applied.call.text, step.applied.module.text, step.attribute, step.used);
    for (const block::Value& real : layer.inputs(step.node)) {
      text += fmt::format(" {}.{}", real.site < 0 ? real.site : layer.place[static_cast<std::size_t>(real.site)],
                          real.output);
    }
  }
  const block::Value result = layer.result();
  return text + fmt::format("\n{}.{}", result.site < 0 ? -1 : layer.place[static_cast<std::size_t>(result.site)],
                            result.output);
}

LayerClass write_class(const std::string& name, const std::string& about, const std::vector<const Layer*>& layers) {
  Numbers numbers(layers);
  const std::string modules = constructor(layers, numbers);
  const auto lines =
      statements(*layers.front(), [&](std::size_t step, std::size_t index) { return numbers.call(step, index); });
  LayerClass made;
  made.text = fmt::format("class {}(nn.Module):\n", name);
  if (!about.empty()) made.text += fmt::format("    \"\"\"{}\"\"\"\n\n", about);
  const std::vector<Argument> arguments = numbers.arguments();
  std::string parameters, stored;
  for (const Argument& one : arguments) {
    parameters += ", " + one.name;
    if (one.stored) stored += fmt::format("        self.{0} = {0}\n", one.name);
  }
  if (!modules.empty() || !stored.empty())
    made.text +=
        fmt::format("    def __init__(self{}):\n        super().__init__()\n{}{}\n", parameters, stored, modules);
  made.text += fmt::format("    def forward(self, {}):\n", base::join(layers.front()->parameters(), ", "));
  for (const std::string& line : lines) made.text += "        " + line + "\n";
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    Piece call{name + "("};
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const std::string& own = arguments[i].name;
      const bool first = own == "features" || (own == "width" && (i == 0 || layers[layer]->is_cell())) ||
                         (own == "channels" && i == 0);
      call.text += fmt::format("{}{}${}", i > 0 ? ", " : "", first ? "" : own + "=", i);
      call.numbers.push_back({arguments[i].values[layer], first ? "features" : "hidden", arguments[i].channels});
    }
    call.text += ")";
    made.calls.push_back(std::move(call));
  }
  return made;
}

}  // namespace weft::net::pytorch
