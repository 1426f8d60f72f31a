// Conditions and constraints of a space: "embed_dim % num_heads == 0", "mixer == 'attention' and depth > 2".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace weft::space {

/// A gene's value inside a condition. Booleans are 0 and 1.
using Scalar = std::variant<double, std::string>;

class Condition {
 public:
  /// `genes` are the names of genes by index; "" for one that may not stand here. The error names what was not
  /// understood.
  static base::Result<Condition> parse(std::string_view text, const std::vector<std::string>& genes);

  /// Whether it holds; nothing where a gene it needs is inactive. `value` gives a gene's value, or null where inactive.
  std::optional<bool> holds(const std::function<const Scalar*(int gene)>& value) const;

  /// What it comes to; nothing where it needs an inactive gene, or is no finite number.
  std::optional<double> number(const std::function<const Scalar*(int gene)>& value) const;

  const std::string& text() const { return text_; }
  /// Indices of the genes it names, sorted.
  const std::vector<int>& genes() const { return genes_; }
  /// Where it asks whether a gene equals a text: the gene and the text.
  const std::vector<std::pair<int, std::string>>& comparisons() const { return comparisons_; }

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
  std::vector<std::pair<int, std::string>> comparisons_;
};

}  // namespace weft::space
