#include "block/prefix_search.hpp"

#include <algorithm>
#include <cmath>

#include "block/ops/rows.hpp"

namespace weft::block {
namespace {

constexpr int kSteps = 1000;              // continuations that are tried for one text
constexpr std::size_t kCompletion = 512;  // bytes
constexpr int kDepth = 20;                // of nesting

using Kind = PrefixItem::Kind;

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

std::optional<PrefixItem> combine(const Prefix::Setting& setting, std::string_view symbol, const PrefixItem& left,
                                  const PrefixItem& right) {
  if (left.kind == Kind::parts || right.kind == Kind::parts) return std::nullopt;
  if (left.kind == Kind::number && right.kind == Kind::number) {
    PrefixItem made = left;
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
  return apply(setting, symbol == "*" ? rows::times() : rows::plus(), {first ? left : right}, {first ? right : left});
}

bool PrefixSearch::emit(std::string_view text, Done then) {
  if (++steps_ > kSteps || out_.size() > kCompletion || !text.starts_with(open())) return false;
  const std::size_t size = out_.size();
  const bool was = opened_;
  out_ += text.substr(open().size());
  opened_ = true;
  if (then()) return true;
  out_.resize(size);
  opened_ = was;
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
  const std::string written = (begun ? "" : " ") + std::string(sign) + " ";
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
    return factor(negated, [&](const PrefixItem& item) {
      const auto made = combine(setting_, "*", number_item(setting_, -1), item);
      return made && then(*made);
    });
  }
  if (token->is("(")) {
    Want inner = want;
    inner.attribute = nullptr;
    inner.atom = false;
    return expression(inner, [&](const PrefixItem& item) { return symbol(")", [&] { return then(item); }); });
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
  if (name == "true" || name == "True") return number_item(setting_, 1);
  if (name == "false" || name == "False") return number_item(setting_, 0);
  PrefixItem gene = number_item(setting_, std::nan(""));
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

bool PrefixSearch::call(std::string_view name, const Want& want, Next then) {
  const Op* op = find_op(name);
  if (op == nullptr || !op->symbol.empty()) return false;
  Arguments none{.op = op, .inputs = {}, .attributes = {}, .parts = want.parts, .last = {}};
  none.attributes.resize(op->attributes.size());
  return arguments(none, then);
}

bool PrefixSearch::arguments(const Arguments& arguments, Next then) {
  const Token* token = peek();
  if (token == nullptr) return offer_arguments(arguments, then);
  if (token->is(")")) {
    ++at_;
    return finish(arguments, then);
  }
  const bool last = at_ + 1 == line_.tokens.size();
  if (token->kind == Token::Kind::name && (last || line_.tokens[at_ + 1].is("="))) {
    for (std::size_t i = 0; i < arguments.attributes.size(); ++i) {
      if (arguments.op->attributes[i].name != token->text || (last && scope_->find(token->text) != nullptr)) continue;
      ++at_;
      return symbol("=", [&] { return keyword(arguments, i, then); });
    }
    if (!last) return false;
  }
  return argument(arguments, then);
}

bool PrefixSearch::argument(const Arguments& arguments, Next then) {
  const auto most = static_cast<std::size_t>(arguments.op->max_inputs);
  const bool full = arguments.positional > 0 || arguments.inputs.size() == most;
  const bool needs = arguments.inputs.size() < static_cast<std::size_t>(arguments.op->min_inputs);
  Want want{.kind = full ? Want::Kind::number : Want::Kind::any,
            .channels = arguments.parts > 1 ? arguments.parts : 0,
            .before = arguments.last};
  if (needs && peek() == nullptr && open().empty()) want.kind = Want::Kind::tensor;
  if (full && arguments.positional < arguments.attributes.size())
    want.attribute = &arguments.op->attributes[arguments.positional];
  const Mark begin = mark();
  const auto read = [&] {
    return expression(want, [&](const PrefixItem& item) { return add(arguments, item, text_from(begin), then); });
  };
  return arguments.inputs.empty() ? read() : beside(arguments.inputs.back(), read);
}

bool PrefixSearch::keyword(const Arguments& arguments, std::size_t index, Next then) {
  if (arguments.attributes[index]) return false;
  const Want want{.kind = Want::Kind::number, .attribute = &arguments.op->attributes[index]};
  return expression(want, [&](const PrefixItem& item) {
    if (item.kind != Kind::number) return false;
    Arguments more = arguments;
    more.attributes[index] = item;
    return after(more, then);
  });
}

bool PrefixSearch::add(Arguments arguments, const PrefixItem& item, std::string text, Next then) {
  if (item.kind == Kind::parts) return false;
  if (item.kind == Kind::number) {
    const std::size_t index = arguments.positional++;
    if (index >= arguments.attributes.size() || arguments.attributes[index]) return false;
    arguments.attributes[index] = item;
    return after(arguments, then);
  }
  const bool taken = std::all_of(item.types.begin(), item.types.end(),
                                 [&](const Type& type) { return arguments.op->takes.accepts(type); });
  if (!taken || arguments.positional > 0 ||
      arguments.inputs.size() == static_cast<std::size_t>(arguments.op->max_inputs))
    return false;
  arguments.inputs.push_back(item);
  arguments.last = std::move(text);
  return after(arguments, then);
}

bool PrefixSearch::after(const Arguments& given, Next then) {
  if (const Token* token = peek()) {
    ++at_;
    if (token->is(",")) return arguments(given, then);
    return token->is(")") && finish(given, then);
  }
  Once once(checked_, then);
  bool applies = false;  // then another attribute makes no other shape
  const auto use = [&](const PrefixItem& item) {
    applies = true;
    return once(item);
  };
  return emit(")", [&] { return finish(given, use); }) ||
         (!applies && emit(", ", [&] { return offer_arguments(given, once); }));
}

bool PrefixSearch::finish(const Arguments& arguments, Next then) {
  const Op& op = *arguments.op;
  const auto inputs = static_cast<int>(arguments.inputs.size());
  if (inputs < op.min_inputs || inputs > op.max_inputs) return false;
  std::vector<PrefixItem> attributes;
  for (std::size_t i = 0; i < op.attributes.size(); ++i) {
    const double fallback = &op == &rows::split() ? arguments.parts : op.attributes[i].fallback;
    if (!arguments.attributes[i] && std::isnan(fallback)) return false;
    attributes.push_back(arguments.attributes[i] ? *arguments.attributes[i] : number_item(setting_, fallback));
  }
  const auto made = apply(setting_, op, arguments.inputs, attributes);
  return made && then(*made);
}

}  // namespace weft::block
