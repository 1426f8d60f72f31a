#include "block/expression.hpp"

#include <algorithm>
#include <cmath>

#include "base/text.hpp"

namespace weft::block {
namespace {

using Kind = Expression::Kind;

std::optional<double> apply(Kind kind, double left, double right) {
  switch (kind) {
    case Kind::add: return left + right;
    case Kind::subtract: return left - right;
    case Kind::multiply: return left * right;
    case Kind::floor_divide:
      if (right == 0) return std::nullopt;
      return std::floor(left / right);
    default: return std::nullopt;
  }
}

int precedence(Kind kind) {
  if (kind == Kind::add || kind == Kind::subtract) return 1;
  return kind == Kind::multiply || kind == Kind::floor_divide ? 2 : 3;
}

const char* symbol(Kind kind) {
  switch (kind) {
    case Kind::add: return " + ";
    case Kind::subtract: return " - ";
    case Kind::multiply: return " * ";
    default: return " // ";
  }
}

std::string wrapped(const Expression& expression, bool parenthesise) {
  return parenthesise ? "(" + expression.text() + ")" : expression.text();
}

Expression binary(Kind kind, Expression left, Expression right) {
  return {kind, 0,
          std::make_shared<const Expression::Parts>(Expression::Parts{{}, {std::move(left), std::move(right)}})};
}

Expression append(Kind kind, Expression left, Expression right) {
  if (right.kind == Kind::number) return Expression::of(*apply(kind, left.number, right.number) + 0.0);
  return binary(kind, std::move(left), std::move(right));
}

// The operands of a sum or product, those of its own sums or products among them.
void flatten(Kind kind, const Expression& expression, std::vector<Expression>& chain) {
  if (expression.kind != kind) {
    chain.push_back(expression);
    return;
  }
  for (const Expression& operand : expression.parts->operands) flatten(kind, operand, chain);
}

}  // namespace

Expression Expression::of_gene(std::string name) {
  return {Kind::gene, 0, std::make_shared<const Parts>(Parts{std::move(name), {}})};
}

bool Expression::operator==(const Expression& other) const {
  if (kind != other.kind || number != other.number) return false;
  return parts == other.parts || (parts && other.parts && *parts == *other.parts);
}

Expression Expression::combine(Kind kind, Expression left, Expression right) {
  if (left.kind == Kind::number && right.kind == Kind::number) {
    if (const auto folded = apply(kind, left.number, right.number)) return of(*folded + 0.0);  // no negative zero
  }
  if (kind != Kind::add && kind != Kind::multiply) return binary(kind, std::move(left), std::move(right));
  std::vector<Expression> chain;
  flatten(kind, left, chain);
  flatten(kind, right, chain);
  std::stable_sort(chain.begin(), chain.end(), [](const Expression& a, const Expression& b) {
    const bool number_a = a.kind == Kind::number, number_b = b.kind == Kind::number;
    return number_a != number_b ? number_a : a.text() < b.text();
  });
  Expression all = std::move(chain[0]);
  for (std::size_t i = 1; i < chain.size(); ++i) {
    all = all.is_number(kind == Kind::add ? 0 : 1) ? std::move(chain[i])
                                                   : append(kind, std::move(all), std::move(chain[i]));
  }
  return all;
}

std::string Expression::text() const {
  if (kind == Kind::number) return base::number_text(number);
  if (kind == Kind::gene) return parts->gene;
  const int own = precedence(kind);
  const Expression &left = parts->operands[0], &right = parts->operands[1];
  return wrapped(left, precedence(left.kind) < own) + symbol(kind) + wrapped(right, precedence(right.kind) <= own);
}

std::optional<double> Expression::evaluate_parts(const Binding& binding, std::string& unbound) const {
  if (kind == Kind::gene) {
    const auto found = binding.find(parts->gene);
    if (found != binding.end()) return found->second;
    unbound = parts->gene;
    return std::nullopt;
  }
  const auto left = parts->operands[0].evaluate(binding, unbound);
  const auto right = left ? parts->operands[1].evaluate(binding, unbound) : std::nullopt;
  if (!right) return std::nullopt;
  return apply(kind, *left, *right);
}

std::size_t Expression::size() const {
  std::size_t total = 1;
  if (parts) {
    for (const Expression& operand : parts->operands) total += operand.size();
  }
  return total;
}

bool Expression::finite() const {
  return std::isfinite(number) && (!parts || std::all_of(parts->operands.begin(), parts->operands.end(),
                                                         [](const Expression& operand) { return operand.finite(); }));
}

void Expression::collect_genes(std::vector<std::string>& names) const {
  if (!parts) return;
  if (kind == Kind::gene) names.push_back(parts->gene);
  for (const Expression& operand : parts->operands) operand.collect_genes(names);
}

}  // namespace weft::block
