// Attribute arithmetic: + - * // on numbers and genes, kept in one canonical form.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft::block {

/// What the names in capitals are worth for one layer.
using Binding = std::map<std::string, double, std::less<>>;

struct Expression {
  enum class Kind { number, gene, add, subtract, multiply, floor_divide };
  struct Parts;  ///< of what is no number
  Kind kind = Kind::number;
  double number = 0;
  /// None of a number. Copies share them: expressions are copied often.
  std::shared_ptr<const Parts> parts = nullptr;

  static Expression of(double value) { return {Kind::number, value}; }
  static Expression of_gene(std::string name);
  /// Combines in canonical form: numbers are folded, sums of sums and products of products are one chain in sorted
  /// order.
  static Expression combine(Kind kind, Expression left, Expression right);

  bool is_number(double value) const { return kind == Kind::number && number == value; }
  bool operator==(const Expression& other) const;

  /// Text that parses back to the same expression.
  std::string text() const;
  /// Nothing where a gene is not bound or a division is by zero; `unbound` then names the gene, or is empty.
  std::optional<double> evaluate(const Binding& binding, std::string& unbound) const {
    return kind == Kind::number ? number : evaluate_parts(binding, unbound);
  }
  /// Numbers, genes and operators in it.
  std::size_t size() const;
  /// Whether every number in it is.
  bool finite() const;
  /// The genes named, added to `names`.
  void collect_genes(std::vector<std::string>& names) const;

 private:
  std::optional<double> evaluate_parts(const Binding& binding, std::string& unbound) const;
};

struct Expression::Parts {
  std::string gene;
  std::vector<Expression> operands;  ///< two, where the kind is an operator
  bool operator==(const Parts&) const = default;
};

}  // namespace weft::block
