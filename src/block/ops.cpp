#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/text.hpp"
#include "block/op.hpp"
#include "block/ops/rows.hpp"

namespace weft::block {

bool Takes::accepts(const Type& type) const {
  switch (type.kind) {
    case Type::Kind::matrix: return matrix;
    case Type::Kind::image: return image;
    default: return type.pooled ? pooled : sequence;
  }
}

std::string Takes::text() const {
  std::vector<std::string> kinds;
  if (sequence) kinds.emplace_back("[batch, time, channels]");
  if (pooled) kinds.emplace_back("[batch, 1, channels]");
  if (matrix) kinds.emplace_back("[batch, heads, rows, columns]");
  if (image) kinds.emplace_back("[batch, channels, height, width]");
  return base::join(kinds, " or ");
}

bool Op::pure(std::span<const Expression> given) const {
  if (random) return false;
  if (!parameters) return true;
  bool weighs = false;
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if (!attributes[i].weighs) continue;
    weighs = true;
    if (!given[i].is_number(0)) return false;
  }
  return weighs;
}

std::span<const Op* const> ops() {
  static const std::array kOps{
      &rows::linear(),     &rows::attention(), &rows::linear_attention(),
      &rows::recurrence(), &rows::scan(),      &rows::experts(),
      &rows::dwconv(),     &rows::conv(),      &rows::lightconv(),
      &rows::shift(),      &rows::fourier(),   &rows::rotary(),
      &rows::repeat(),     &rows::widen(),     &rows::layernorm(),
      &rows::rmsnorm(),    &rows::batchnorm(), &rows::relu(),
      &rows::leaky_relu(), &rows::gelu(),      &rows::silu(),
      &rows::sigmoid(),    &rows::tanh(),      &rows::softplus(),
      &rows::logsigmoid(), &rows::softsign(),  &rows::cosine(),
      &rows::scale(),      &rows::dropout(),   &rows::concat(),
      &rows::split(),      &rows::take(),      &rows::mean(),
      &rows::zero(),       &rows::pick(),      &rows::maximum(),
      &rows::minimum(),    &rows::heads(),     &rows::merge(),
      &rows::matmul(),     &rows::transpose(), &rows::softmax(),
      &rows::conv2d(),     &rows::maxpool(),   &rows::avgpool(),
      &rows::add(),        &rows::subtract(),  &rows::multiply(),
      &rows::times(),      &rows::plus(),
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

std::vector<const Op*> callable_ops(const Place& place, bool images) {
  std::vector<const Op*> list;
  for (const Op* op : ops()) {
    const std::vector<Type> inputs(static_cast<std::size_t>(op->min_inputs), Type{64, false});
    const std::vector<double> attributes(op->attributes.size(), 2);
    const bool sees_all = place.causal && op->mixes && op->mixes({inputs, attributes, place}) == Mixing::all;
    const bool fits = images ? op->takes.image : op->takes.sequence || op->takes.matrix;
    if (op->symbol.empty() && fits && !sees_all) list.push_back(op);
  }
  return list;
}

std::string signature(const Op& op) {
  if (op.name == "times") return "number * x";
  if (op.name == "plus") return "x + number";
  if (!op.symbol.empty()) return fmt::format("x {} y", op.symbol);
  std::string text = fmt::format("{}(", op.name);
  if (!op.inputs.empty()) {
    text += fmt::format("{}", fmt::join(op.inputs, ", "));
  } else {
    text += op.max_inputs > 2 ? "x, y, ..." : op.max_inputs > 1 ? "x, y" : "x";
  }
  for (const Attribute& attribute : op.attributes) {
    if (attribute.tuning) continue;
    text += fmt::format(", {}", attribute.name);
    if (std::isnan(attribute.fallback)) continue;
    text += attribute.kind == Attribute::Kind::flag ? (attribute.fallback != 0 ? "=true" : "=false")
                                                    : "=" + base::number_text(attribute.fallback);
  }
  return text + ")";
}

}  // namespace weft::block
