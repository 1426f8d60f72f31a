// New sites: typed in every layer before they are made.
#include <algorithm>

#include "block/operators/workpiece.hpp"
#include "block/ops/rows.hpp"

namespace weft::block::operators {
namespace {

constexpr int kOps = 8, kTries = 2;

// The attributes' numbers, where each is in its domain.
bool bind(const Op& op, std::span<const Expression> attributes, const Binding& binding, std::vector<double>& numbers) {
  numbers.clear();
  std::string unbound;
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    const Attribute& row = op.attributes[i];
    const auto value = attributes[i].evaluate(binding, unbound);
    if (!value || !in_domain(row, *value)) return false;
    numbers.push_back(*value);
  }
  return true;
}

// The attributes of an op that is given its first and has defaults for the others.
std::vector<Expression> with_defaults(const Op& op, Expression first) {
  std::vector<Expression> list{std::move(first)};
  for (std::size_t i = 1; i < op.attributes.size(); ++i) list.push_back(Expression::of(op.attributes[i].fallback));
  return list;
}

}  // namespace

std::optional<std::vector<Types>> Workpiece::infer(const Op& op, std::span<const Value> inputs,
                                                   std::span<const Expression> attributes) const {
  std::vector<std::vector<Type>> made;
  std::vector<Type> given;
  std::vector<double> numbers;
  for (std::size_t layer = 0; layer < setting.layers.size(); ++layer) {
    if (!bind(op, attributes, setting.layers[layer].binding, numbers)) return std::nullopt;
    given.clear();
    for (const Value& input : inputs) {
      const Types& known = types(input);
      if (known.empty()) return std::nullopt;
      given.push_back(known[layer]);
    }
    const auto outputs = output_types(op, {given, numbers, setting.place});
    if (!outputs) return std::nullopt;
    if (layer == 0) made.resize(outputs->size());
    if (outputs->size() != made.size()) return std::nullopt;
    for (std::size_t i = 0; i < made.size(); ++i) made[i].push_back((*outputs)[i]);
  }
  return std::vector<Types>(std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
}

std::optional<Value> Workpiece::apply(const Op& op, std::vector<Value> inputs, std::vector<Expression> attributes) {
  if (!setting.ops.empty() && std::find(setting.ops.begin(), setting.ops.end(), &op) == setting.ops.end())
    return std::nullopt;
  if (&op == &rows::split() && attributes[0].kind != Expression::Kind::number) return std::nullopt;
  auto made = infer(op, inputs, attributes);
  if (!made) return std::nullopt;
  const int outputs = static_cast<int>(made->size());
  return Value{copy({&op, std::move(inputs), std::move(attributes), outputs, 0, 0}, std::move(*made)), 0};
}

std::optional<Value> Workpiece::apply_projected(const Op& op, const std::vector<Value>& inputs,
                                                const std::vector<Expression>& attributes) {
  if (auto made = apply(op, inputs, attributes)) return made;
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    if (types(inputs[i]).front().kind != Type::Kind::sequence) continue;
    for (const Expression& width : widths()) {
      std::vector<Value> given = inputs;
      if (const auto part = apply(rows::linear(), {inputs[i]}, with_defaults(rows::linear(), width))) given[i] = *part;
      if (auto made = apply(op, std::move(given), attributes)) return made;
    }
  }
  return std::nullopt;
}

std::optional<Value> Workpiece::grow(const Value& from, const std::vector<Value>& partners, const Op* user) {
  const std::vector<const Op*> list = draw_ops(std::span(&from, 1), user);
  for (std::size_t i = 0; i < list.size() && i < kOps; ++i) {
    for (int attempt = 0; attempt < kTries; ++attempt) {
      const Op& op = *list[i];
      std::vector<Value> inputs = draw_inputs(op, from, partners);
      auto made = apply(op, std::move(inputs), draw_attributes(op, nullptr));
      if (!made) continue;
      made->output = static_cast<int>(random.below(static_cast<std::uint64_t>(site(made->site).outputs)));
      return made;
    }
  }
  return std::nullopt;
}

std::vector<Value> Workpiece::draw_inputs(const Op& op, const Value& from, const std::vector<Value>& partners) {
  int count = op.min_inputs;
  if (op.max_inputs > count && random.chance(0.25)) ++count;
  std::vector<Value> inputs;
  const auto own = random.below(static_cast<std::uint64_t>(count));
  for (int i = 0; i < count; ++i)
    inputs.push_back(static_cast<std::uint64_t>(i) == own ? from : partner(op, from, partners));
  return inputs;
}

// Another input beside `from`: a value of the same types, itself, any that the op takes; sometimes by way of a
// projection of its own, as the queries, keys and values of an attention, or transposed.
Value Workpiece::partner(const Op& op, const Value& from, const std::vector<Value>& partners) {
  const double kind = random.uniform();
  std::vector<Value> fit;
  for (const Value& value : partners) {
    if (kind < 0.6 ? types(value) == types(from) : op.takes.accepts(types(value).front())) fit.push_back(value);
  }
  const Value chosen = fit.empty() || (kind > 0.6 && kind < 0.75) ? from : random.pick(fit);
  if (!random.chance(op.min_inputs > 2 ? 0.7 : 0.3)) return chosen;
  if (types(chosen).front().kind == Type::Kind::matrix) return apply(rows::transpose(), {chosen}, {}).value_or(chosen);
  const auto width = width_of(types(from), &Type::channels);
  if (types(chosen).front().kind != Type::Kind::sequence || !width) return chosen;
  return apply(rows::linear(), {chosen}, with_defaults(rows::linear(), *width)).value_or(chosen);
}

// An expression that is worth this size in every layer.
std::optional<Expression> Workpiece::width_of(const Types& wanted, std::int64_t Type::*size) {
  std::string unbound;
  const auto fits = [&](const Expression& one) {
    for (std::size_t layer = 0; layer < wanted.size(); ++layer) {
      const auto value = one.evaluate(setting.layers[layer].binding, unbound);
      if (!value || *value != static_cast<double>(wanted[layer].*size)) return false;
    }
    return true;
  };
  for (const Expression& one : size == &Type::heads ? heads() : widths()) {
    if (fits(one)) return one;
  }
  const Expression number = Expression::of(static_cast<double>(wanted.front().*size));
  return fits(number) ? std::optional(number) : std::nullopt;
}

std::optional<Value> Workpiece::adapt(const Value& value, const Types& wanted, const Value* companion) {
  if (types(value).empty()) return std::nullopt;
  if (types(value) == wanted) return value;
  const Type have = types(value).front(), want = wanted.front();
  std::optional<Value> made;
  if (have.kind == Type::Kind::image && want.kind == Type::Kind::image) {
    made = project(rows::conv2d(), value, wanted);
  } else if (have.kind == Type::Kind::matrix) {
    made = adapt_matrix(value, wanted, companion);
  } else if (have.kind == Type::Kind::sequence && want.kind == Type::Kind::matrix) {
    made = split_heads(value, wanted);
  } else if (have.kind == Type::Kind::sequence && want.kind == Type::Kind::sequence) {
    made = adapt_sequence(value, wanted, companion);
  }
  if (made && types(*made) != wanted) return std::nullopt;
  return made;
}

// By `linear`, or a `conv2d` of one pixel: other channels.
std::optional<Value> Workpiece::project(const Op& op, const Value& value, const Types& wanted) {
  const auto width = width_of(wanted, &Type::channels);
  if (!width) return std::nullopt;
  std::vector<Expression> attributes = with_defaults(op, *width);
  if (&op == &rows::conv2d()) attributes[1] = Expression::of(1);
  return apply(op, {value}, std::move(attributes));
}

std::optional<Value> Workpiece::adapt_sequence(const Value& value, const Types& wanted, const Value* companion) {
  const bool pooled = types(value).front().pooled;
  if (pooled == wanted.front().pooled) return project(rows::linear(), value, wanted);
  if (!pooled) {
    const auto mean = apply(rows::mean(), {value}, {});
    return mean ? adapt(*mean, wanted) : std::nullopt;
  }
  if (companion == nullptr) return std::nullopt;  // a sum or product repeats the mean over positions
  std::vector<Type> same(wanted.begin(), wanted.end());
  for (Type& type : same) type.pooled = true;
  const auto part = adapt(value, std::move(same));
  if (!part) return std::nullopt;
  return apply(random.chance(0.5) ? rows::add() : rows::multiply(), {*companion, *part}, {});
}

std::optional<Value> Workpiece::adapt_matrix(const Value& value, const Types& wanted, const Value* companion) {
  if (wanted.front().kind == Type::Kind::matrix && companion != nullptr) {
    // A product with what is zero for later positions is so, too.
    if (const auto product = apply(rows::multiply(), {*companion, value}, {}); product && types(*product) == wanted)
      return product;
  }
  const auto heads_of_values = with_positions(value, companion == nullptr ? Value{} : *companion);
  const auto merged = heads_of_values ? apply(rows::merge(), {*heads_of_values}, {}) : std::nullopt;
  return merged ? adapt(*merged, wanted, companion) : std::nullopt;
}

// [heads, time, channels] of any matrix: transposed, or by a product with the heads of a sequence, which scores
// [time, time] weigh and other matrices map.
std::optional<Value> Workpiece::with_positions(const Value& value, const Value& sequence) {
  const Type have = types(value).front();
  if (have.rows == kTime && have.columns != kTime) return value;
  if (have.columns == kTime && have.rows != kTime) return apply(rows::transpose(), {value}, {});
  if (types(sequence).front().kind != Type::Kind::sequence) return std::nullopt;
  const bool scores = have.rows == kTime;
  std::vector<Type> wanted;
  for (std::size_t layer = 0; layer < types(value).size(); ++layer) {
    const Type& own = types(value)[layer];
    const std::int64_t channels = scores ? types(sequence)[layer].channels / own.heads : own.rows;
    wanted.push_back(Type::matrix(own.heads, kTime, channels));
  }
  const auto values = split_heads(sequence, std::move(wanted));
  if (!values || !scores) return values ? apply(rows::matmul(), {*values, value}, {}) : std::nullopt;
  const bool weighs = have.past || !setting.place.causal;
  const auto weights = weighs && random.chance(0.5) ? std::optional(value) : apply(rows::softmax(), {value}, {});
  return weights ? apply(rows::matmul(), {*weights, *values}, {}) : std::nullopt;
}

std::optional<Value> Workpiece::split_heads(const Value& value, const Types& wanted) {
  std::vector<Type> flat;
  for (const Type& type : wanted) {
    if (type.rows != kTime || type.columns == kTime) return std::nullopt;
    flat.push_back({type.heads * type.columns, false});
  }
  const auto joined = adapt(value, std::move(flat));
  const auto count = joined ? width_of(wanted, &Type::heads) : std::nullopt;
  return count ? apply(rows::heads(), {*joined}, {*count}) : std::nullopt;
}

}  // namespace weft::block::operators
