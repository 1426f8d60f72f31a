#include "block/prefix_search.hpp"

#include <algorithm>
#include <cmath>

#include "block/ops/rows.hpp"

namespace weft::block {
namespace {

constexpr int kSteps = 2000;              // continuations that are tried for one text
constexpr std::size_t kCompletion = 512;  // bytes
constexpr int kDepth = 20;                // of nesting

using Kind = PrefixItem::Kind;
using Form = PrefixItem::Form;

double arithmetic(std::string_view symbol, double left, double right) {
  if (symbol == "+") return left + right;
  if (symbol == "-") return left - right;
  if (symbol == "*") return left * right;
  return right == 0 ? std::nan("") : std::floor(left / right);
}

}  // namespace

PrefixItem number_item(const Prefix::Setting& setting, double value) {
  return {.kind = Kind::number, .types = {}, .values = std::vector<double>(setting.bindings.size(), value)};
}

std::optional<PrefixItem> apply(const Prefix::Setting& setting, const Op& op, const std::vector<PrefixItem>& inputs,
                                const std::vector<PrefixItem>& attributes) {
  if (!setting.has(op)) return std::nullopt;
  PrefixItem made{.kind = Kind::tensor, .types = {}, .values = {}};
  std::vector<Type> types(inputs.size());
  std::vector<double> values(attributes.size());
  for (std::size_t b = 0; b < setting.bindings.size(); ++b) {
    for (std::size_t i = 0; i < inputs.size(); ++i) types[i] = inputs[i].types[b];
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      values[i] = attributes[i].values[b];
      if (!in_domain(op.attributes[i], values[i])) return std::nullopt;
    }
    if (&op == &rows::pick()) {
      if (values[0] >= static_cast<double>(types.size())) return std::nullopt;
      made.types.push_back(types[static_cast<std::size_t>(values[0])]);
      continue;
    }
    const auto outputs = output_types(op, {types, values, setting.place});
    if (!outputs) return std::nullopt;
    made.types.push_back(outputs->front());
    made.parts = static_cast<int>(outputs->size());
  }
  if (&op == &rows::split()) made.kind = Kind::parts;
  return made;
}

namespace {

// Whether print() writes such arithmetic: numbers in digits it folds, but for a quotient that may leave a rest.
bool unfolded(std::string_view symbol, const PrefixItem& left, const PrefixItem& right) {
  if (left.form == Form::word || right.form == Form::word) return false;
  return left.form != Form::digits || right.form != Form::digits || symbol == "//";
}

}  // namespace

std::optional<PrefixItem> combine(const Prefix::Setting& setting, std::string_view symbol, const PrefixItem& left,
                                  const PrefixItem& right) {
  if (left.kind == Kind::parts || right.kind == Kind::parts) return std::nullopt;
  if (left.kind == Kind::number && right.kind == Kind::number) {
    PrefixItem made = left;
    made.terms += right.terms;
    if (right.form == Form::digits) made.form = Form::digits;
    if (made.terms > setting.bounds.terms || (setting.bounds.plain && !unfolded(symbol, left, right)))
      return std::nullopt;
    for (std::size_t b = 0; b < made.values.size(); ++b)
      made.values[b] = arithmetic(symbol, left.values[b], right.values[b]);
    return made;
  }
  if (symbol == "//") return std::nullopt;
  if (left.kind == Kind::tensor && right.kind == Kind::tensor) {
    const Op& op = symbol == "+" ? rows::add() : symbol == "-" ? rows::subtract() : rows::multiply();
    return apply(setting, op, {left, right}, {});
  }
  const bool first = left.kind == Kind::tensor;
  if (const PrefixItem& number = first ? right : left;
      setting.bounds.plain && (number.terms > 1 || number.form != Form::digits))
    return std::nullopt;
  return apply(setting, symbol == "*" ? rows::times() : rows::plus(), {first ? left : right}, {first ? right : left});
}

bool PrefixSearch::emit(std::string_view text, Done then) {
  if (++steps_ > kSteps || out_.size() > kCompletion || !text.starts_with(open())) return false;
  const std::string_view more = text.substr(open().size());
  const bool same_line = plain() && out_.find('\n') == std::string::npos;
  const std::size_t bytes = line_.size - static_cast<std::size_t>(line_.indent) + out_.size() + more.size();
  if (same_line && bytes + static_cast<std::size_t>(parentheses_) > setting_.bounds.line + 1) return false;
  const int closed = parentheses_;
  for (const char c : more) {
    parentheses_ += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (parentheses_ > setting_.bounds.depth) {
      parentheses_ = closed;
      return false;
    }
  }
  const std::size_t size = out_.size();
  const bool was = opened_;
  out_ += more;
  opened_ = true;
  if (then()) return true;
  out_.resize(size);
  opened_ = was;
  parentheses_ = closed;
  return false;
}

bool PrefixSearch::symbol(std::string_view text, Done then) {
  if (const Token* token = peek()) {
    if (!token->is(text)) return false;
    ++at_;
    return then();
  }
  return emit(text, then);
}

std::string PrefixSearch::text_from(const Mark& mark) const {
  std::string text;
  for (std::size_t i = mark.token; i < at_; ++i) text += line_.tokens[i].text;
  if (opened_ && !mark.opened) text += line_.open;
  return text + out_.substr(mark.out);
}

bool PrefixSearch::expression(Want want, Next then) {
  if (depth_ == kDepth) return false;
  ++depth_;
  want.given = peek() != nullptr || !open().empty();
  Once once(checked_, then);
  const auto use = [&](const PrefixItem& item) {
    --depth_;
    const bool used = peek() == nullptr ? once(item) : then(item);
    ++depth_;
    return used;
  };
  const bool made = term(want, [&](const PrefixItem& left) { return sum(want, left, use); });
  --depth_;
  return made;
}

bool PrefixSearch::sum(const Want& want, const PrefixItem& left, Next then) {
  const auto next = [&](const PrefixItem& item) { return sum(want, item, then); };
  if (const Token* token = peek()) {
    if (!token->is("+") && !token->is("-")) return then(left);
    ++at_;
    const Want right{
        .kind = want.kind, .left = left.kind == Kind::number ? &left : nullptr, .sign = token->text, .atom = true};
    return beside(left, [&] {
      return term(right, [&](const PrefixItem& item) {
        const auto both = combine(setting_, token->text, left, item);
        return both && next(*both);
      });
    });
  }
  return go_on(want, left, "-", false, next) || go_on(want, left, "+", false, next) || then(left);
}

bool PrefixSearch::term(const Want& want, Next then) {
  return factor(want, [&](const PrefixItem& left) { return product(want, left, then); });
}

bool PrefixSearch::product(const Want& want, const PrefixItem& left, Next then) {
  const auto next = [&](const PrefixItem& item) { return product(want, item, then); };
  if (const Token* token = peek()) {
    if (!token->is("*") && !token->is("//")) return then(left);
    ++at_;
    const Want right{
        .kind = want.kind, .left = left.kind == Kind::number ? &left : nullptr, .sign = token->text, .atom = true};
    return beside(left, [&] {
      return factor(right, [&](const PrefixItem& item) {
        const auto both = combine(setting_, token->text, left, item);
        return both && next(*both);
      });
    });
  }
  return go_on(want, left, "*", true, next) || go_on(want, left, "//", true, next) || then(left);
}

// Keeps in mind what the tensors to come have to fit.
bool PrefixSearch::beside(const PrefixItem& left, Done then) {
  near_.push_back(&left);
  const bool made = then();
  near_.pop_back();
  return made;
}

// Adds an operator to what the text has of an expression, where it makes something else of it.
bool PrefixSearch::go_on(const Want& want, const PrefixItem& left, std::string_view sign, bool product, Next then) {
  if (!want.given || liberties_ == 0 || left.kind == Kind::parts) return false;
  --liberties_;
  const bool begun = !open().empty();
  const auto other = [&](const PrefixItem& item) { return (begun || item != left) && then(item); };
  Once once(checked_, other);
  const auto use = [&](const PrefixItem& item) {
    const auto both = combine(setting_, sign, left, item);
    return both && once(*both);
  };
  Want right{.kind = want.kind, .sign = sign, .atom = true};
  if (left.kind == Kind::number) right.left = &left;
  const bool apart = !begun && !(out_.empty() && line_.blank);
  const std::string written = (apart ? " " : "") + std::string(sign) + " ";
  const bool made = emit(written, [&] { return product ? factor(right, use) : term(right, use); });
  ++liberties_;
  return made;
}

bool PrefixSearch::factor(const Want& want, Next then) {
  const Token* token = peek();
  if (token == nullptr) return offer(want, then);
  ++at_;
  if (token->is("-")) {
    Want negated = want;
    negated.attribute = nullptr;
    negated.atom = true;
    if (plain()) negated.kind = Want::Kind::number;
    return factor(negated, [&](const PrefixItem& item) {
      if (!plain()) {
        const auto made = combine(setting_, "*", number_item(setting_, -1), item);
        return made && then(*made);
      }
      return item.kind == Kind::number && item.terms == 1 && item.form == Form::digits && item.values[0] > 0 &&
             then(number_item(setting_, -item.values[0]));
    });
  }
  if (token->is("(")) {
    Want inner = want;
    inner.attribute = nullptr;
    inner.atom = false;
    return expression(inner, [&](const PrefixItem& item) {
      if (plain() && item.kind == Kind::number && item.terms == 1) return false;
      return symbol(")", [&] { return then(item); });
    });
  }
  if (token->kind == Token::Kind::number) return then(number_item(setting_, token->number));
  return token->kind == Token::Kind::name && word(*token, want, then);
}

bool PrefixSearch::word(const Token& name, const Want& want, Next then) {
  const Token* next = peek();
  const auto called = [&] { return call(name.text, want, then); };
  if (next != nullptr && next->is("(")) {
    ++at_;
    return called();
  }
  const PrefixItem* known = scope_->find(name.text);
  if (known != nullptr) {
    if (then(*known)) return true;
  } else if (const auto number = evaluate_word(name.text); number && then(*number)) {
    return true;
  }
  return next == nullptr && find_op(name.text) != nullptr && emit("(", called);
}

std::optional<PrefixItem> PrefixSearch::evaluate_word(const std::string& name) const {
  const bool yes = name == "true" || (name == "True" && !plain());
  if (yes || name == "false" || (name == "False" && !plain())) {
    PrefixItem word = number_item(setting_, yes ? 1 : 0);
    if (plain()) word.form = Form::word;
    return word;
  }
  PrefixItem gene = number_item(setting_, std::nan(""));
  gene.form = Form::gene;
  bool known = false;
  for (std::size_t b = 0; b < setting_.bindings.size(); ++b) {
    const auto found = setting_.bindings[b].find(name);
    if (found == setting_.bindings[b].end()) continue;
    gene.values[b] = found->second;
    known = true;
  }
  if (!known) return std::nullopt;
  return gene;
}

}  // namespace weft::block
