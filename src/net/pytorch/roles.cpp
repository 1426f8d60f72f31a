// What a module is called: by what it feeds and what it is fed by.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "block/ops/rows.hpp"
#include "net/pytorch/layer.hpp"

namespace weft::net::pytorch {
namespace {

namespace rows = block::rows;
using block::Op;

// Ops that leave a tensor what it is for: its role passes through them.
bool passes(const Op* op) {
  static const std::set<const Op*> kOps{&rows::relu(),     &rows::leaky_relu(), &rows::gelu(),     &rows::silu(),
                                        &rows::sigmoid(),  &rows::tanh(),       &rows::softplus(), &rows::logsigmoid(),
                                        &rows::softsign(), &rows::cosine(),     &rows::dwconv(),   &rows::dropout(),
                                        &rows::scale(),    &rows::times(),      &rows::plus(),     &rows::lightconv(),
                                        &rows::shift(),    &rows::rotary(),     &rows::repeat()};
  return kOps.contains(op);
}

class Namer {
 public:
  explicit Namer(Layer& layer) : layer_(layer), users_(layer.graph->nodes.size()) {
    for (const Step& step : layer.steps) {
      if (!step.used) continue;
      const auto& inputs = node(step.node).inputs;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        const block::Value from = layer.resolve(inputs[i]);
        if (from.site >= 0) users_[static_cast<std::size_t>(from.site)].push_back({step.node, i});
      }
    }
  }

  void run() {
    std::map<std::string, int> total, seen;
    std::map<std::string, std::string> shared;  // modules without weights: one for all equal ones
    for (Step& step : layer_.steps) {
      if (step.applied.module.text.empty()) continue;
      step.attribute = role(step);
      const std::string text = constructor(step.applied);
      const bool stateless = step.applied.weights.empty();
      if (stateless && shared.contains(text)) continue;
      if (stateless) shared[text] = "";
      ++total[step.attribute];
    }
    for (Step& step : layer_.steps) {
      if (step.applied.module.text.empty()) continue;
      const bool stateless = step.applied.weights.empty();
      std::string& known = shared[constructor(step.applied)];
      if (stateless && !known.empty()) {
        step.attribute = known;
        continue;
      }
      if (const std::string base = step.attribute; total[base] > 1) step.attribute += std::to_string(++seen[base]);
      if (stateless) known = step.attribute;
    }
    // Their width follows the heads, where these differ.
    for (Step& step : layer_.steps) {
      if (node(step.node).op == &rows::linear() && !mixer_input(step.node).empty())
        step.applied.module.numbers[1].name = "inner";
    }
  }

 private:
  struct Use {
    std::size_t node, input;
  };

  const block::Node& node(std::size_t index) const { return layer_.graph->nodes[index]; }

  static std::string constructor(const Applied& applied) {
    std::string text = applied.module.text;
    for (const Number& number : applied.module.numbers) text += fmt::format(" {}", number.value);
    return text;
  }

  std::string role(const Step& step) const {
    const Op* op = node(step.node).op;
    if (op == &rows::linear()) return linear_role(step.node);
    const std::string name(step.applied.name);
    if (op == &rows::layernorm() || op == &rows::rmsnorm()) return norm_role(step.node, name);
    if (op == &rows::dwconv() || op == &rows::conv() || op == &rows::lightconv()) {
      const std::string mixer = mixer_input(step.node);
      return mixer.empty() ? name : fmt::format("{}_{}", mixer, name);
    }
    return name;
  }

  // Whether it is a linear that begins as zeros: the end of a branch that fine-tuning adds.
  bool begins_as_zeros(const block::Value& value) const {
    constexpr std::size_t kZero = 3;
    if (value.site < 0) return false;
    const block::Node& from = node(static_cast<std::size_t>(value.site));
    return from.op == &rows::linear() && from.flag(kZero);
  }

  // The product that a low-rank branch is added to; nothing where the node is no such sum.
  std::optional<std::size_t> adapted(std::size_t index) const {
    if (node(index).op != &rows::add()) return std::nullopt;
    const auto inputs = layer_.inputs(index);
    for (const std::size_t side : {0, 1}) {
      const block::Value base = inputs[side];
      if (base.site >= 0 && node(static_cast<std::size_t>(base.site)).op == &rows::linear() && !begins_as_zeros(base) &&
          begins_as_zeros(inputs[1 - side]))
        return static_cast<std::size_t>(base.site);
    }
    return std::nullopt;
  }

  // The inputs of mixers that a node's output becomes.
  void collect(std::size_t index, std::set<std::size_t>& visited, std::set<std::size_t>& inputs) const {
    if (!visited.insert(index).second) return;
    for (const Use& use : users_[index]) {
      const Op* op = node(use.node).op;
      if (is_mixer(op)) {
        inputs.insert(use.input);
      } else if (passes(op) || op == &rows::multiply() || adapted(use.node)) {
        collect(use.node, visited, inputs);
      }
    }
  }

  // "query" where the output of this node becomes attention's queries; empty where it becomes none of its inputs.
  std::string mixer_input(std::size_t index) const {
    static constexpr std::array kNames{"query", "key", "value", "decay"};
    std::set<std::size_t> visited, inputs;
    collect(index, visited, inputs);
    std::string name;
    for (const std::size_t input : inputs) name += fmt::format("{}{}", name.empty() ? "" : "_", kNames[input]);
    return name;
  }

  // The op, a mixer or a linear, that the first input of this node comes from through activations, gates, norms and
  // parts; of a product or a sum a mixer on either side, before a linear on the first of a product.
  const Op* source(std::size_t index) const {
    std::set<std::size_t> visited;
    return source(layer_.inputs(index).front(), visited);
  }
  const Op* source(const block::Value& from, std::set<std::size_t>& visited) const {
    if (from.site < 0 || !visited.insert(static_cast<std::size_t>(from.site)).second) return nullptr;
    const auto at = static_cast<std::size_t>(from.site);
    const Op* op = node(at).op;
    if (is_mixer(op) || op == &rows::linear() || op == &rows::merge()) return op;
    if (adapted(at)) return &rows::linear();
    const bool pair = op == &rows::multiply() || op == &rows::add();
    const bool norm = op == &rows::layernorm() || op == &rows::rmsnorm();
    if (!pair && !norm && !passes(op) && op != &rows::split() && op != &rows::concat()) return nullptr;
    const auto inputs = layer_.inputs(at);
    const Op* first = source(inputs.front(), visited);
    if (!pair || is_mixer(first)) return first;
    const Op* second = source(inputs.back(), visited);
    return is_mixer(second) ? second : op == &rows::add() ? nullptr : first;
  }

  // How a linear's output goes on: "gate" through an activation into a product, "up" into another linear.
  std::string way(std::size_t index, bool activated) const {
    if (users_[index].empty()) return "";
    const Use use = users_[index].front();
    const Op* op = node(use.node).op;
    if (op == &rows::linear()) return "up";
    if (adapted(use.node)) return way(use.node, false);
    if (op == &rows::split()) return way(use.node, false) == "" ? "" : "gate_up";
    if (op == &rows::multiply()) return is_gate(use, activated) ? "gate" : way(use.node, false);
    if (passes(op)) return way(use.node, activated || is_activation(op));
    return "";
  }

  // Whether this side of a product goes through an activation and the other does not; of two that do, the sigmoid.
  bool is_gate(const Use& use, bool activated) const {
    const block::Value own = layer_.resolve(node(use.node).inputs[use.input]),
                       other = layer_.resolve(node(use.node).inputs[1 - use.input]);
    if (!activated || own == other || other.site < 0) return false;
    const Op* opposite = node(static_cast<std::size_t>(other.site)).op;
    return !is_activation(opposite) || node(static_cast<std::size_t>(own.site)).op == &rows::sigmoid();
  }

  // "query_lora_a" and "query_lora_b" beside query, "adapter_down" and "adapter_up" elsewhere; empty for what belongs
  // to no branch that fine-tuning adds.
  std::string branch_role(std::size_t index) const {
    const bool last = begins_as_zeros({static_cast<int>(index), 0});
    std::size_t end = index;
    while (!last && users_[end].size() == 1) {
      end = users_[end].front().node;
      if (!passes(node(end).op)) break;
    }
    if (!begins_as_zeros({static_cast<int>(end), 0}) || (!last && end == index)) return "";
    const auto base = users_[end].size() == 1 ? adapted(users_[end].front().node) : std::nullopt;
    if (base) return linear_role(*base) + (last ? "_lora_b" : "_lora_a");
    return last ? "adapter_up" : "adapter_down";
  }

  std::string linear_role(std::size_t index) const {
    if (const std::string branch = branch_role(index); !branch.empty()) return branch;
    if (const std::string mixer = mixer_input(index); !mixer.empty()) return mixer;
    const Op* from = source(index);
    if (is_mixer(from) || from == &rows::merge()) return "out";
    if (from == &rows::linear()) return "down";
    const std::string to = way(index, false);
    return to.empty() ? "project" : to;
  }

  std::string norm_role(std::size_t index, const std::string& name) const {
    std::set<std::string> names;
    for (const Use& use : users_[index]) {
      if (is_mixer(node(use.node).op)) names.insert("attention_");
      if (node(use.node).op != &rows::linear()) continue;
      const std::string role = linear_role(use.node);
      const bool feeds_mixer = !mixer_input(use.node).empty();
      names.insert(feeds_mixer ? "attention_" : role == "up" || role == "gate" || role == "gate_up" ? "ffn_" : "");
    }
    return fmt::format("{}{}", names.size() == 1 ? *names.begin() : "", name);
  }

  Layer& layer_;
  std::vector<std::vector<Use>> users_;
};

}  // namespace

void name_modules(Layer& layer) {
  Namer(layer).run();
}

}  // namespace weft::net::pytorch
