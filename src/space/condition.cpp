#include "space/condition.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/text.hpp"

namespace weft::space {

// Precedence climbing over the text itself; the first mistake is thrown as a string and caught in Condition::parse.
class ConditionParser {
 public:
  ConditionParser(std::string_view text, const std::vector<std::string>& genes) : text_(text), genes_(genes) {}

  Condition run() {
    condition_.text_ = std::string(base::trim(text_));
    if (text_.size() > 1000) throw std::string("is longer than 1000 characters");
    binary(0);
    skip();
    if (at_ < text_.size()) throw "has an unexpected " + base::quote(text_.substr(at_), 20);
    auto& genes = condition_.genes_;
    std::sort(genes.begin(), genes.end());
    genes.erase(std::unique(genes.begin(), genes.end()), genes.end());
    return std::move(condition_);
  }

 private:
  using Op = Condition::Op;
  struct Symbol {
    std::string_view text;
    Op op;
    int level;
  };
  static constexpr int kComparison = 2;  // their level
  // Longer symbols first, so that "<=" is not read as "<".
  static constexpr std::array<Symbol, 14> kSymbols{{{"or", Op::logical_or, 0},
                                                    {"and", Op::logical_and, 1},
                                                    {"==", Op::equal, 2},
                                                    {"!=", Op::not_equal, 2},
                                                    {"<=", Op::less_equal, 2},
                                                    {">=", Op::greater_equal, 2},
                                                    {"<", Op::less, 2},
                                                    {">", Op::greater, 2},
                                                    {"+", Op::add, 3},
                                                    {"-", Op::subtract, 3},
                                                    {"//", Op::floor_divide, 4},
                                                    {"*", Op::multiply, 4},
                                                    {"/", Op::divide, 4},
                                                    {"%", Op::modulo, 4}}};

  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }
  static bool word_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

  const Symbol* symbol(int level) {
    skip();
    for (const Symbol& known : kSymbols) {
      if (text_.substr(at_, known.text.size()) != known.text) continue;
      const std::size_t end = at_ + known.text.size();
      if (word_char(known.text[0]) && end < text_.size() && word_char(text_[end])) continue;
      return known.level >= level ? &known : nullptr;
    }
    return nullptr;
  }

  int add(Condition::Step step) {
    condition_.steps_.push_back(std::move(step));
    return static_cast<int>(condition_.steps_.size()) - 1;
  }

  int binary(int level) {
    if (++depth_ > 40) throw std::string("is nested more than 40 deep");
    int left = unary();
    while (const Symbol* found = symbol(level)) {
      at_ += found->text.size();
      const int right = binary(found->level + 1);
      if (found->op == Op::equal || found->op == Op::not_equal) note_comparison(left, right);
      left = add({found->op, 0, {}, -1, left, right});
      if (found->level == kComparison && symbol(kComparison) != nullptr && symbol(kComparison)->level == kComparison)
        throw std::string("has comparisons in a row; join them by 'and'");
    }
    --depth_;
    return left;
  }

  void note_comparison(int left, int right) {
    const Condition::Step *a = &condition_.steps_[static_cast<std::size_t>(left)],
                          *b = &condition_.steps_[static_cast<std::size_t>(right)];
    if (a->op == Op::text) std::swap(a, b);
    if (a->op == Op::gene && b->op == Op::text) condition_.comparisons_.emplace_back(a->gene, b->text);
  }

  int unary() {
    skip();
    if (at_ == text_.size()) throw std::string("ends too early");
    if (text_[at_] == '-') {
      ++at_;
      if (++depth_ > 40) throw std::string("is nested more than 40 deep");
      const int inner = unary();
      --depth_;
      return add({Op::negate, 0, {}, -1, inner, -1});
    }
    if (text_.substr(at_, 3) == "not" && (at_ + 3 == text_.size() || !word_char(text_[at_ + 3]))) {
      at_ += 3;
      return add({Op::logical_not, 0, {}, -1, binary(2), -1});
    }
    if (text_[at_] == '(') {
      ++at_;
      const int inner = binary(0);
      skip();
      if (at_ == text_.size() || text_[at_] != ')') throw std::string("misses a ')'");
      ++at_;
      return inner;
    }
    return leaf();
  }

  int leaf() {
    const char c = text_[at_];
    if (c == '\'' || c == '"') {
      const std::size_t end = text_.find(c, at_ + 1);
      if (end == std::string_view::npos) throw std::string("has text without a closing quote");
      std::string text(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
      return add({Op::text, 0, std::move(text), -1, -1, -1});
    }
    if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.') return number();
    std::size_t end = at_;
    while (end < text_.size() && word_char(text_[end])) ++end;
    const std::string_view name = text_.substr(at_, end - at_);
    if (name.empty()) throw "has an unexpected " + base::quote(text_.substr(at_), 20);
    at_ = end;
    if (name == "true" || name == "false") return add({Op::number, name == "true" ? 1.0 : 0.0, {}, -1, -1, -1});
    const auto found = std::find(genes_.begin(), genes_.end(), name);
    if (found == genes_.end()) throw "names no gene that may stand here: " + base::quote(name) + known(name);
    const int gene = static_cast<int>(found - genes_.begin());
    condition_.genes_.push_back(gene);
    return add({Op::gene, 0, {}, gene, -1, -1});
  }

  std::string known(std::string_view name) const {
    std::vector<std::string> names = genes_;
    std::erase(names, "");
    return (names.empty() ? "; no gene may"
                          : "; genes are " + base::shorten(base::join(names, ", "), base::kShownNames)) +
           base::did_you_mean(name, names);
  }

  int number() {
    double value = 0;
    const auto [end, code] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (code != std::errc()) throw "has no number that can be used at " + base::quote(text_.substr(at_), 20);
    at_ = static_cast<std::size_t>(end - text_.data());
    return add({Op::number, value, {}, -1, -1, -1});
  }

  std::string_view text_;
  const std::vector<std::string>& genes_;
  std::size_t at_ = 0;
  int depth_ = 0;
  Condition condition_;
};

base::Result<Condition> Condition::parse(std::string_view text, const std::vector<std::string>& genes) {
  try {
    return ConditionParser(text, genes).run();
  } catch (const std::string& error) {
    return base::failure("the condition " + base::quote(text) + " " + error);
  }
}

std::optional<Scalar> Condition::evaluate(int index, const std::function<const Scalar*(int)>& value) const {
  const Step& step = steps_[static_cast<std::size_t>(index)];
  if (step.op == Op::number) return step.number;
  if (step.op == Op::text) return step.text;
  if (step.op == Op::gene) {
    const Scalar* found = value(step.gene);
    return found == nullptr ? std::nullopt : std::optional<Scalar>(*found);
  }
  const auto left = evaluate(step.left, value);
  if (!left) return std::nullopt;
  const auto truth = [](const Scalar& s) {
    return std::holds_alternative<double>(s) ? std::get<double>(s) != 0 : !std::get<std::string>(s).empty();
  };
  const auto number = [](const Scalar& s) {
    return std::holds_alternative<double>(s) ? std::get<double>(s) : std::nan("");
  };
  if (step.op == Op::negate) return -number(*left);
  if (step.op == Op::logical_not) return truth(*left) ? 0.0 : 1.0;
  if (step.op == Op::logical_and && !truth(*left)) return 0.0;
  if (step.op == Op::logical_or && truth(*left)) return 1.0;
  const auto right = evaluate(step.right, value);
  if (!right) return std::nullopt;
  const double a = number(*left), b = number(*right);
  switch (step.op) {
    case Op::logical_and:
    case Op::logical_or: return truth(*right) ? 1.0 : 0.0;
    case Op::equal: return *left == *right ? 1.0 : 0.0;
    case Op::not_equal: return *left != *right ? 1.0 : 0.0;
    case Op::less: return a < b ? 1.0 : 0.0;
    case Op::less_equal: return a <= b ? 1.0 : 0.0;
    case Op::greater: return a > b ? 1.0 : 0.0;
    case Op::greater_equal: return a >= b ? 1.0 : 0.0;
    case Op::add: return a + b;
    case Op::subtract: return a - b;
    case Op::multiply: return a * b;
    case Op::divide: return a / b;
    case Op::floor_divide: return std::floor(a / b);
    default: return a - b * std::floor(a / b);  // Python's %
  }
}

std::optional<double> Condition::number(const std::function<const Scalar*(int gene)>& value) const {
  const auto result = evaluate(static_cast<int>(steps_.size()) - 1, value);
  const auto* number = result ? std::get_if<double>(&*result) : nullptr;
  return number != nullptr && std::isfinite(*number) ? std::optional(*number) : std::nullopt;
}

std::optional<bool> Condition::holds(const std::function<const Scalar*(int gene)>& value) const {
  const auto result = evaluate(static_cast<int>(steps_.size()) - 1, value);
  if (!result) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&*result)) return !text->empty();
  const double number = std::get<double>(*result);
  return number != 0 && !std::isnan(number);
}

}  // namespace weft::space
