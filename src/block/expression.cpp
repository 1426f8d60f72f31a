#include "block/expression.hpp"

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

}  // namespace

Expression Expression::combine(Kind kind, Expression left, Expression right) {
  if (left.kind == Kind::number && right.kind == Kind::number) {
    if (const auto folded = apply(kind, left.number, right.number)) return of(*folded);
  }
  if ((kind == Kind::add || kind == Kind::multiply) && right.text() < left.text()) std::swap(left, right);
  Expression combined{.kind = kind, .number = 0, .gene = {}, .operands = {}};
  combined.operands.push_back(std::move(left));
  combined.operands.push_back(std::move(right));
  return combined;
}

std::string Expression::text() const {
  if (kind == Kind::number) return base::number_text(number);
  if (kind == Kind::gene) return gene;
  const int own = precedence(kind);
  return wrapped(operands[0], precedence(operands[0].kind) < own) + symbol(kind) +
         wrapped(operands[1], precedence(operands[1].kind) <= own);
}

std::optional<double> Expression::evaluate(const Binding& binding, std::string& unbound) const {
  if (kind == Kind::number) return number;
  if (kind == Kind::gene) {
    const auto found = binding.find(gene);
    if (found != binding.end()) return found->second;
    unbound = gene;
    return std::nullopt;
  }
  const auto left = operands[0].evaluate(binding, unbound);
  const auto right = left ? operands[1].evaluate(binding, unbound) : std::nullopt;
  if (!right) return std::nullopt;
  return apply(kind, *left, *right);
}

std::size_t Expression::size() const {
  std::size_t total = 1;
  for (const Expression& operand : operands) total += operand.size();
  return total;
}

void Expression::collect_genes(std::vector<std::string>& names) const {
  if (kind == Kind::gene) names.push_back(gene);
  for (const Expression& operand : operands) operand.collect_genes(names);
}

}  // namespace weft::block
