#include "block/expression_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.hpp"
#include "block/ops/rows.hpp"

namespace weft::block {
namespace {

constexpr int kMaxNesting = 50;
constexpr std::size_t kMaxArithmetic = 64;     // numbers, genes and operators in one attribute
constexpr std::size_t kMaxWritten = 12 << 10;  // bytes of all attributes: the canonical text, too, stays below 64 KiB

}  // namespace

ExpressionParser::ExpressionParser(std::vector<Token> tokens, std::string_view text, const std::string& name)
    : tokens_(std::move(tokens)) {
  program_.name = name;
  program_.source_lines = base::split_lines(text);
}

Token ExpressionParser::take() {
  Token token = tokens_[at_];
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

Token ExpressionParser::expect(std::string_view symbol) {
  if (!now().is(symbol)) fail(fmt::format("expected '{}', found {}", symbol, shown(now())));
  return take();
}

void ExpressionParser::fail(const std::string& message, const Token& at) const {
  const auto index = static_cast<std::size_t>(at.line - 1);
  throw Diagnostic{message, program_.name, at.line, at.column,
                   index < program_.source_lines.size() ? program_.source_lines[index] : ""};
}

std::string ExpressionParser::shown(const Token& token) {
  switch (token.kind) {
    case Token::Kind::newline: return "the end of the line";
    case Token::Kind::indent: return "an indented line";
    case Token::Kind::dedent: return "the end of the block";
    case Token::Kind::end: return "the end of the text";
    default: return base::quote(token.text);
  }
}

bool ExpressionParser::is_variable(const std::string& name) {
  return name.front() == '_' || (name.front() >= 'a' && name.front() <= 'z');
}

Meaning ExpressionParser::expression() {
  if (++depth_ > kMaxNesting) fail("nested more than 50 deep");
  Meaning left = term();
  while (now().is("+") || now().is("-")) {
    const Token symbol = take();
    left = combine(symbol, left, term());
  }
  --depth_;
  return left;
}

void ExpressionParser::refuse_foreign_symbol() const {
  if (now().is("/"))
    fail("the language has no '/'; widths divide by '//' and tensors multiply by a number such as 0.5");
  for (const char* foreign : {"**", "@", "%", "==", "[", "."}) {
    if (now().is(foreign))
      fail(fmt::format("the language has no '{}'; it has + - * and the ops {}", foreign, base::join(op_names(), ", ")));
  }
}

Meaning ExpressionParser::term() {
  Meaning left = factor();
  while (true) {
    refuse_foreign_symbol();
    if (!now().is("*") && !now().is("//")) return left;
    const Token symbol = take();
    left = combine(symbol, left, factor());
  }
}

Meaning ExpressionParser::negated() {
  const Token symbol = take();
  if (++depth_ > kMaxNesting) fail("nested more than 50 deep");
  const Meaning value = factor();
  --depth_;
  return combine(Token{Token::Kind::symbol, "*", 0, symbol.line, symbol.column}, Expression::of(-1), value);
}

Meaning ExpressionParser::factor() {
  if (now().is("-")) return negated();
  if (now().is("(")) {
    take();
    Meaning inner = expression();
    expect(")");
    return inner;
  }
  const Token token = take();
  if (token.kind == Token::Kind::number) return Expression::of(token.number);
  if (token.kind != Token::Kind::name) fail(fmt::format("expected a value, found {}", shown(token)), token);
  return now().is("(") ? call(token) : named(token);
}

Meaning ExpressionParser::named(const Token& name) {
  if (name.text == "true" || name.text == "True") return Expression::of(1);
  if (name.text == "false" || name.text == "False") return Expression::of(0);
  if (const auto found = names_.find(name.text); found != names_.end()) {
    return std::visit([](const auto& value) { return Meaning(value); }, found->second);
  }
  if (!is_variable(name.text)) return Expression::of_gene(name.text);
  std::vector<std::string> known;
  for (const auto& [variable, value] : names_) known.push_back(variable);
  fail(fmt::format("'{}' is not defined{}", name.text, base::did_you_mean(name.text, known)), name);
}

void ExpressionParser::refuse_parts(const Meaning& meaning, const Token& at) const {
  if (std::holds_alternative<std::vector<Value>>(meaning))
    fail("the parts of a split must be given names first: a, b = split(...)", at);
}

Meaning ExpressionParser::combine(const Token& symbol, const Meaning& left, const Meaning& right) {
  refuse_parts(left, symbol);
  refuse_parts(right, symbol);
  const auto *number_left = std::get_if<Expression>(&left), *number_right = std::get_if<Expression>(&right);
  if (number_left != nullptr && number_right != nullptr) return combine_numbers(symbol, *number_left, *number_right);
  if (symbol.is("//")) fail("'//' divides numbers and genes, not tensors", symbol);
  if (number_left != nullptr) return combine_with_number(symbol, std::get<Value>(right), *number_left, true);
  if (number_right != nullptr) return combine_with_number(symbol, std::get<Value>(left), *number_right, false);
  const Op& row = symbol.is("+") ? rows::add() : symbol.is("-") ? rows::subtract() : rows::multiply();
  return add_site(row, {std::get<Value>(left), std::get<Value>(right)}, {}, symbol).front();
}

Expression ExpressionParser::combine_numbers(const Token& symbol, const Expression& left,
                                             const Expression& right) const {
  using Kind = Expression::Kind;
  // w = w + w, line after line, would double without end.
  if (left.size() + right.size() > kMaxArithmetic) fail("too much arithmetic in one attribute", symbol);
  const Kind kind = symbol.is("+")   ? Kind::add
                    : symbol.is("-") ? Kind::subtract
                    : symbol.is("*") ? Kind::multiply
                                     : Kind::floor_divide;
  Expression combined = Expression::combine(kind, left, right);
  if (!combined.finite()) fail("this comes to a number that is too large", symbol);
  return combined;
}

Value ExpressionParser::combine_with_number(const Token& symbol, Value tensor, const Expression& number,
                                            bool number_first) {
  if (symbol.is("*")) return add_site(rows::times(), {tensor}, {number}, symbol).front();
  if (symbol.is("+")) return add_site(rows::plus(), {tensor}, {number}, symbol).front();
  if (!number_first) {
    const Token times{Token::Kind::symbol, "*", 0, symbol.line, symbol.column};
    return add_site(rows::plus(), {tensor}, {combine_numbers(times, Expression::of(-1), number)}, symbol).front();
  }
  const Value negated = add_site(rows::times(), {tensor}, {Expression::of(-1)}, symbol).front();
  return add_site(rows::plus(), {negated}, {number}, symbol).front();
}

Meaning ExpressionParser::call(const Token& name) {
  if (const auto found = definitions_.find(name.text); found != definitions_.end() && found->second.order < visible_)
    return call_definition(name, found->second);
  const Op& op = known_op(name);
  if (&op == &rows::scan()) return call_scan(name);
  const int outer_parts = std::exchange(wanted_parts_, 1);
  Arguments arguments = sort_arguments(op, argument_list());
  wanted_parts_ = outer_parts;
  check_inputs(op, arguments.inputs.size(), name);
  std::vector<Expression> attributes = with_defaults(op, arguments, name);
  const int outputs = &op == &rows::split() ? split_parts(attributes, name) : 1;
  std::vector<Value> values = add_site(op, std::move(arguments.inputs), std::move(attributes), name, outputs);
  if (outputs == 1) return values.front();
  return values;
}

const Op& ExpressionParser::known_op(const Token& name) const {
  const Op* op = find_op(name.text);
  if (op != nullptr && op->symbol.empty()) return *op;
  std::vector<std::string> known = op_names();
  for (const auto& [defined, definition] : definitions_) {
    if (definition.order < visible_) known.push_back(defined);
  }
  fail(fmt::format("unknown op '{}'{}; there are {}", name.text, base::did_you_mean(name.text, known),
                   base::join(known, ", ")),
       name);
}

std::vector<ExpressionParser::Argument> ExpressionParser::argument_list() {
  expect("(");
  return rest_of_arguments();
}

std::vector<ExpressionParser::Argument> ExpressionParser::rest_of_arguments() {
  std::vector<Argument> arguments;
  while (!now().is(")")) {
    Argument argument{{}, Expression{}, now()};
    if (now().kind == Token::Kind::name && tokens_[at_ + 1].is("=")) {
      argument.name = take().text;
      take();
    }
    argument.meaning = expression();
    arguments.push_back(std::move(argument));
    if (!now().is(")")) expect(",");
  }
  take();
  return arguments;
}

ExpressionParser::Arguments ExpressionParser::sort_arguments(const Op& op,
                                                             const std::vector<Argument>& arguments) const {
  Arguments sorted{{}, std::vector<std::optional<Expression>>(op.attributes.size())};
  std::size_t positional = 0;
  for (const Argument& argument : arguments) {
    refuse_parts(argument.meaning, argument.at);
    if (const auto* tensor = std::get_if<Value>(&argument.meaning)) {
      if (!argument.name.empty())
        fail(fmt::format("{}: '{}' takes a number, not a tensor; {}", op.name, argument.name, signature(op)),
             argument.at);
      if (positional > 0) fail(fmt::format("{}: tensors come before numbers; {}", op.name, signature(op)), argument.at);
      sorted.inputs.push_back(*tensor);
      continue;
    }
    const std::size_t index = argument.name.empty() ? positional++ : attribute_index(op, argument);
    if (index >= sorted.attributes.size())
      fail(fmt::format("{}: too many numbers; {}", op.name, signature(op)), argument.at);
    if (sorted.attributes[index])
      fail(fmt::format("{}: '{}' is given twice", op.name, op.attributes[index].name), argument.at);
    sorted.attributes[index] = std::get<Expression>(argument.meaning);
  }
  return sorted;
}

std::size_t ExpressionParser::attribute_index(const Op& op, const Argument& argument) const {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < op.attributes.size(); ++i) {
    if (op.attributes[i].name == argument.name) return i;
    known.emplace_back(op.attributes[i].name);
  }
  fail(fmt::format("{}: has no attribute '{}'{}; {}", op.name, argument.name, base::did_you_mean(argument.name, known),
                   signature(op)),
       argument.at);
}

void ExpressionParser::check_inputs(const Op& op, std::size_t inputs, const Token& name) const {
  const auto given = static_cast<int>(inputs);
  if (given >= op.min_inputs && given <= op.max_inputs) return;
  const std::string wanted = op.min_inputs == op.max_inputs ? std::to_string(op.min_inputs)
                                                            : fmt::format("{} to {}", op.min_inputs, op.max_inputs);
  fail(
      fmt::format("{}: takes {} tensor{}, not {}; {}", op.name, wanted, wanted == "1" ? "" : "s", given, signature(op)),
      name);
}

std::vector<Expression> ExpressionParser::with_defaults(const Op& op, const Arguments& arguments,
                                                        const Token& name) const {
  std::vector<Expression> attributes;
  for (std::size_t i = 0; i < op.attributes.size(); ++i) {
    const Attribute& row = op.attributes[i];
    if (arguments.attributes[i]) {
      attributes.push_back(*arguments.attributes[i]);
    } else if (&op == &rows::split()) {
      attributes.push_back(Expression::of(wanted_parts_));
    } else if (std::isnan(row.fallback)) {
      fail(fmt::format("{}: '{}' is missing ({}); {}", op.name, row.name, row.doc, signature(op)), name);
    } else {
      attributes.push_back(Expression::of(row.fallback));
    }
  }
  return attributes;
}

int ExpressionParser::split_parts(const std::vector<Expression>& attributes, const Token& name) const {
  const double parts = attributes[0].kind == Expression::Kind::number ? attributes[0].number : 0;
  if (!(parts >= 2 && parts <= 8) || parts != std::floor(parts)) {
    fail("split: parts must be a number from 2 to 8, as many as the names on the left: a, b = split(x, 2)", name);
  }
  return static_cast<int>(parts);
}

std::vector<Value> ExpressionParser::add_site(const Op& op, std::vector<Value> inputs,
                                              std::vector<Expression> attributes, const Token& at, int outputs,
                                              std::shared_ptr<const Program> body) {
  if (++made_ > kMaxSites) fail(fmt::format("a program has at most {} ops", kMaxSites), at);
  for (const Expression& attribute : attributes) written_ += attribute.text().size();
  if (written_ > kMaxWritten) fail("too much arithmetic in one program", at);
  program_.sites.push_back(
      {&op, std::move(inputs), std::move(attributes), outputs, at.line, at.column, std::move(body)});
  std::vector<Value> values;
  for (int i = 0; i < outputs; ++i) values.push_back({static_cast<int>(program_.sites.size()) - 1, i});
  return values;
}

}  // namespace weft::block
