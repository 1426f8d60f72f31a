#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/text.hpp"
#include "block/op.hpp"
#include "block/ops/rows.hpp"

namespace weft::block {

std::span<const Op* const> ops() {
  static const std::array kOps{
      &rows::linear(),   &rows::attention(), &rows::dwconv(),  &rows::layernorm(), &rows::rmsnorm(),  &rows::relu(),
      &rows::gelu(),     &rows::silu(),      &rows::sigmoid(), &rows::tanh(),      &rows::softplus(), &rows::scale(),
      &rows::dropout(),  &rows::concat(),    &rows::split(),   &rows::mean(),      &rows::add(),      &rows::subtract(),
      &rows::multiply(), &rows::times(),     &rows::plus(),
  };
  return kOps;
}

const Op* find_op(std::string_view name) {
  for (const Op* op : ops()) {
    if (op->name == name) return op;
  }
  return nullptr;
}

std::vector<std::string> op_names() {
  std::vector<std::string> names;
  for (const Op* op : ops()) {
    if (op->symbol.empty()) names.emplace_back(op->name);
  }
  return names;
}

std::vector<const Op*> callable_ops(bool causal) {
  std::vector<const Op*> list;
  for (const Op* op : ops()) {
    const std::vector<Type> inputs(static_cast<std::size_t>(op->min_inputs), Type{64, false});
    const std::vector<double> attributes(op->attributes.size(), 2);
    const bool sees_all = causal && op->mixes && op->mixes({inputs, attributes, causal}) == Mixing::all;
    if (op->symbol.empty() && !sees_all) list.push_back(op);
  }
  return list;
}

std::string signature(const Op& op) {
  if (op.name == "times") return "number * x";
  if (op.name == "plus") return "x + number";
  if (!op.symbol.empty()) return fmt::format("x {} y", op.symbol);
  std::string text = fmt::format("{}(", op.name);
  if (op.name == "attention") {
    text += "q, k, v";
  } else {
    text += op.max_inputs > 1 ? "x, y, ..." : "x";
  }
  for (const Attribute& attribute : op.attributes) {
    text += fmt::format(", {}", attribute.name);
    if (std::isnan(attribute.fallback)) continue;
    text += attribute.kind == Attribute::Kind::flag ? (attribute.fallback != 0 ? "=true" : "=false")
                                                    : "=" + base::number_text(attribute.fallback);
  }
  return text + ")";
}

}  // namespace weft::block
