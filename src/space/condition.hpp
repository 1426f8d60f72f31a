// Conditions and constraints of a space: "embed_dim % num_heads == 0", "mixer == 'attention' and depth > 2".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace weft::space {

/// A gene's value inside a condition. Booleans are 0 and 1.
using Scalar = std::variant<double, std::string>;

class Condition {
 public:
  /// `gene_index` gives a gene's index or -1. The error names what was not understood.
  static base::Result<Condition> parse(std::string_view text, const std::function<int(std::string_view)>& gene_index);

  /// Whether it holds; nothing where a gene it needs is inactive. `value` gives a gene's value, or null where inactive.
  std::optional<bool> holds(const std::function<const Scalar*(int gene)>& value) const;

  const std::string& text() const { return text_; }
  /// Indices of the genes it names, sorted.
  const std::vector<int>& genes() const { return genes_; }

 private:
  friend class ConditionParser;
  enum class Op {
    number,
    text,
    gene,
    negate,
    logical_not,
    add,
    subtract,
    multiply,
    divide,
    floor_divide,
    modulo,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    logical_and,
    logical_or
  };
  struct Step {
    Op op;
    double number = 0;
    std::string text;
    int gene = -1, left = -1, right = -1;
  };
  std::optional<Scalar> evaluate(int step, const std::function<const Scalar*(int)>& value) const;

  std::string text_;
  std::vector<Step> steps_;  // a tree; the last is the root
  std::vector<int> genes_;
};

}  // namespace weft::space
