#include "space/recipe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"

namespace weft::space {
namespace {

using base::Json;

constexpr std::size_t kMaxNodes = 128;

// The number behind a prefix, as in h_new_0; -1 where there is none.
int numbered(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return -1;
  const std::string_view digits = name.substr(prefix.size());
  if (digits.empty() || digits.size() > 2 || digits.find_first_not_of("0123456789") != std::string_view::npos)
    return -1;
  return std::stoi(std::string(digits));
}

// Writes the cell as the text of a program. Errors are thrown as their text, caught in with_recipe().
class Writer {
 public:
  explicit Writer(const Json& recipe) : recipe_(recipe) {
    if (recipe.size() > kMaxNodes) throw fmt::format("{} nodes; a recipe has at most {}", recipe.size(), kMaxNodes);
    for (const auto& [name, node] : recipe.items()) states_ = std::max(states_, numbered(name, "h_new_") + 1);
    if (states_ == 0) throw std::string("no node is called h_new_0");
  }

  std::string run() {
    std::string header = "def cell(x", results;
    for (int i = 0; i < states_; ++i) {
      const std::string name = fmt::format("h_new_{}", i);
      if (!recipe_.contains(name)) throw fmt::format("there is no node {}, but a later state", name);
      header += fmt::format(", h_{}", i);
      results += (i > 0 ? ", " : "") + value(name, "the cell");
    }
    return header + "):\n" + statements_ + "    return " + results +
           "\n\ndef block(x):\n    return scan(cell, x, width=D)\n";
  }

 private:
  // What a node, an input or a state is called in the program; written before its use.
  std::string value(const std::string& name, const std::string& user) {
    if (name == "x") return name;
    if (const int state = numbered(name, "h_prev_"); state >= 0 && !recipe_.contains(name)) {
      if (state >= states_) throw fmt::format("{} takes {}, but there is no h_new_{}", user, name, state);
      return fmt::format("h_{}", state);
    }
    if (!recipe_.contains(name)) throw fmt::format("{} takes {}, which is no node", user, base::quote(name));
    const auto [found, is_new] = names_.emplace(name, "");
    if (is_new) {
      std::string made = expression(name, recipe_.at(name));
      names_[name] = fmt::format("v_{}", count_++);
      statements_ += fmt::format("    {} = {}\n", names_[name], made);
    } else if (found->second.empty()) {
      throw fmt::format("node {} needs itself", base::quote(name));
    }
    return names_.at(name);
  }

  std::string expression(const std::string& name, const Json& node) {
    const std::string user = fmt::format("node {}", base::quote(name));
    if (!node.contains("input") || !node.at("input").is_array() || node.at("input").empty())
      throw user + " needs a list of inputs";
    std::vector<std::string> inputs;
    for (const Json& input : node.at("input")) {
      if (!input.is_string())
        throw fmt::format("{}: an input is a name, not {}", user, base::shorten(input.dump(), 40));
      inputs.push_back(value(input, user));
    }
    const std::string op = node.at("op");
    const auto takes = [&](std::size_t least, std::size_t most) {
      if (inputs.size() < least || inputs.size() > most)
        throw fmt::format("{}: {} does not take {} inputs", user, op, inputs.size());
    };
    static const std::map<std::string, std::string> kActivations{
        {"activation_tanh", "tanh"}, {"activation_sigm", "sigmoid"}, {"activation_leaky_relu", "leaky_relu"}};
    if (const auto activation = kActivations.find(op); activation != kActivations.end()) {
      takes(1, 1);
      return fmt::format("{}({})", activation->second, inputs[0]);
    }
    takes(op == "blend" ? 3 : op == "linear" ? 1 : 2, op == "blend" ? 3 : 8);
    if (op == "linear" && inputs.size() == 1) return fmt::format("linear({}, width)", inputs[0]);
    if (op == "linear") return fmt::format("linear(concat({}), width)", base::join(inputs, ", "));
    if (op == "blend") return fmt::format("{0} * {1} + (1 - {0}) * {2}", inputs[0], inputs[1], inputs[2]);
    if (op == "elementwise_prod") return base::join(inputs, " * ");
    if (op == "elementwise_sum") return base::join(inputs, " + ");
    throw fmt::format(
        "{}: no op {}; there are linear, blend, elementwise_prod, elementwise_sum, activation_tanh, "
        "activation_sigm and activation_leaky_relu",
        user, base::quote(op));
  }

  const Json& recipe_;
  int states_ = 0, count_ = 0;
  std::map<std::string, std::string> names_;  // of nodes; empty while one is being written
  std::string statements_;
};

}  // namespace

bool is_recipe(const Json& value) {
  const auto is_node = [](const Json& node) {
    return node.is_object() && node.contains("op") && node["op"].is_string();
  };
  return value.is_object() && !value.empty() && std::all_of(value.begin(), value.end(), is_node);
}

base::Result<block::Program> with_recipe(const block::Program& around, const Json& recipe) {
  try {
    if (!is_recipe(recipe)) throw std::string("a recipe is an object of nodes, each with an op and its inputs");
    const auto cell = block::parse(Writer(recipe).run(), "recipe");
    if (!cell) throw cell.error().brief();
    block::Program program = around;
    program.source_lines.clear();
    block::Program body = *cell->sites[0].body;  // nobody wrote its lines
    for (block::Site& site : body.sites) site.line = site.column = 0;
    const auto shared = std::make_shared<const block::Program>(std::move(body));
    bool scans = false;
    for (block::Site& site : program.sites) {
      site.line = site.column = 0;
      if (site.body != nullptr) site.body = shared;
      scans = scans || site.body != nullptr;
    }
    if (!scans) throw fmt::format("the program {} scans no cell that a recipe could stand for", around.name);
    return canonical(std::move(program));
  } catch (const std::string& wrong) {
    return base::failure(wrong);
  }
}

}  // namespace weft::space
