#include <fmt/format.h>

#include <cmath>
#include <map>
#include <variant>

#include "base/text.hpp"
#include "block/lexer.hpp"
#include "block/ops/rows.hpp"
#include "block/program.hpp"

namespace weft::block {
namespace {

constexpr int kMaxNesting = 50;
constexpr std::size_t kMaxSites = 512;
constexpr std::size_t kMaxArithmetic = 64;

// What an expression stands for: a tensor, the parts of a split, or attribute arithmetic.
using Meaning = std::variant<Value, std::vector<Value>, Expression>;

struct Argument {
  std::string name;
  Meaning meaning;
  Token at;
};

// Recursive descent over the tokens; the first mistake ends it, thrown as a Diagnostic and caught in parse().
class Parser {
 public:
  Parser(std::vector<Token> tokens, std::string_view text, const std::string& name) : tokens_(std::move(tokens)) {
    program_.name = name;
    program_.source_lines = base::split_lines(text);
  }

  Program run() {
    header();
    while (!now().is_name("return")) {
      if (now().kind == Token::Kind::dedent || now().kind == Token::Kind::end)
        fail("the block must end with 'return ...'");
      statement();
    }
    take();
    const Token at = now();
    const Meaning result = expression();
    if (!std::holds_alternative<Value>(result)) fail("a block returns one tensor", at);
    program_.result = std::get<Value>(result);
    end_statement();
    if (now().kind == Token::Kind::dedent) take();
    if (now().is_name("def")) fail("a program has one 'def block(x):'");
    if (now().kind != Token::Kind::end) fail("nothing may follow 'return'");
    return std::move(program_);
  }

 private:
  const Token& now() const { return tokens_[at_]; }
  Token take() {
    Token token = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }

  [[noreturn]] void fail(const std::string& message, const Token& at) const {
    const auto index = static_cast<std::size_t>(at.line - 1);
    throw Diagnostic{message, program_.name, at.line, at.column,
                     index < program_.source_lines.size() ? program_.source_lines[index] : ""};
  }
  [[noreturn]] void fail(const std::string& message) const { fail(message, now()); }

  static std::string shown(const Token& token) {
    switch (token.kind) {
      case Token::Kind::newline: return "the end of the line";
      case Token::Kind::indent: return "an indented line";
      case Token::Kind::dedent: return "the end of the block";
      case Token::Kind::end: return "the end of the text";
      default: return base::quote(token.text);
    }
  }

  Token expect(std::string_view symbol) {
    if (!now().is(symbol)) fail(fmt::format("expected '{}', found {}", symbol, shown(now())));
    return take();
  }

  void header() {
    if (!now().is_name("def")) fail(fmt::format("expected 'def block(x):', found {}", shown(now())));
    take();
    if (now().kind != Token::Kind::name) fail("expected the block's name after 'def'");
    take();
    expect("(");
    const Token input = take();
    if (input.kind != Token::Kind::name || !variable(input.text))
      fail("expected the input's name, as in 'def block(x):'", input);
    names_[input.text] = Value{};
    if (now().is(",")) fail("a block has one input");
    expect(")");
    expect(":");
    if (now().kind != Token::Kind::newline) fail("expected a new line after ':'");
    take();
    if (now().kind != Token::Kind::indent) fail("expected an indented line");
    take();
  }

  // Names that hold tensors start with a small letter; names in capitals are genes.
  static bool variable(const std::string& name) {
    return name.front() == '_' || (name.front() >= 'a' && name.front() <= 'z');
  }

  void end_statement() {
    if (now().is(";")) fail("one statement a line, without ';'");
    if (now().kind != Token::Kind::newline) fail(fmt::format("expected the end of the line, found {}", shown(now())));
    take();
  }

  void statement() {
    static const std::vector<std::string> kForeign{"for",    "while", "if",  "import", "from",   "class",
                                                   "lambda", "with",  "try", "print",  "assert", "pass"};
    if (now().kind == Token::Kind::name) {
      for (const std::string& word : kForeign) {
        if (now().text == word)
          fail(fmt::format("the language has no '{}': a block is assignments and a return", word));
      }
    }
    std::vector<Token> targets{target()};
    while (now().is(",")) {
      take();
      targets.push_back(target());
    }
    expect("=");
    wanted_parts_ = static_cast<int>(targets.size());
    const Token at = now();
    const Meaning value = expression();
    assign(targets, value, at);
    end_statement();
  }

  Token target() {
    const Token token = take();
    if (token.kind != Token::Kind::name)
      fail(fmt::format("expected a name to assign to, found {}", shown(token)), token);
    if (!variable(token.text))
      fail(fmt::format("'{}' is in capitals, which names a gene; assign to a small-letter name", token.text), token);
    if (find_op(token.text) != nullptr) fail(fmt::format("'{}' is an op and cannot be assigned to", token.text), token);
    return token;
  }

  void assign(const std::vector<Token>& targets, const Meaning& value, const Token& at) {
    if (const auto* parts = std::get_if<std::vector<Value>>(&value)) {
      if (parts->size() != targets.size()) {
        fail(fmt::format("split makes {} parts, but {} names stand on the left", parts->size(), targets.size()), at);
      }
      for (std::size_t i = 0; i < targets.size(); ++i) names_[targets[i].text] = (*parts)[i];
      return;
    }
    if (targets.size() != 1) fail("only split gives more than one value", at);
    if (const auto* scalar = std::get_if<Expression>(&value)) {
      names_[targets[0].text] = *scalar;
    } else {
      names_[targets[0].text] = std::get<Value>(value);
    }
  }

  Meaning expression() {
    if (++depth_ > kMaxNesting) fail("nested more than 50 deep");
    Meaning left = term();
    while (now().is("+") || now().is("-")) {
      const Token symbol = take();
      left = combine(symbol, left, term());
    }
    --depth_;
    return left;
  }

  Meaning term() {
    Meaning left = factor();
    while (true) {
      if (now().is("/"))
        fail("the language has no '/'; widths divide by '//' and tensors multiply by a number such as 0.5");
      for (const char* foreign : {"**", "@", "%", "==", "[", "."}) {
        if (now().is(foreign))
          fail(fmt::format("the language has no '{}'; it has + - * and the ops {}", foreign,
                           base::join(op_names(), ", ")));
      }
      if (!now().is("*") && !now().is("//")) return left;
      const Token symbol = take();
      left = combine(symbol, left, factor());
    }
  }

  Meaning factor() {
    if (now().is("-")) {
      const Token symbol = take();
      if (++depth_ > kMaxNesting) fail("nested more than 50 deep");
      const Meaning value = factor();
      --depth_;
      return combine(Token{Token::Kind::symbol, "*", 0, symbol.line, symbol.column}, Expression::of(-1), value);
    }
    if (now().is("(")) {
      take();
      Meaning inner = expression();
      expect(")");
      return inner;
    }
    const Token token = take();
    if (token.kind == Token::Kind::number) return Expression::of(token.number);
    if (token.kind != Token::Kind::name) fail(fmt::format("expected a value, found {}", shown(token)), token);
    if (now().is("(")) return call(token);
    if (token.text == "true" || token.text == "True") return Expression::of(1);
    if (token.text == "false" || token.text == "False") return Expression::of(0);
    if (const auto found = names_.find(token.text); found != names_.end()) {
      return std::visit([](const auto& value) { return Meaning(value); }, found->second);
    }
    if (!variable(token.text)) return Expression::of_gene(token.text);
    std::vector<std::string> known;
    for (const auto& [name, value] : names_) known.push_back(name);
    fail(fmt::format("'{}' is not defined{}", token.text, base::did_you_mean(token.text, known)), token);
  }

  Meaning combine(const Token& symbol, const Meaning& left, const Meaning& right) {
    if (std::holds_alternative<std::vector<Value>>(left) || std::holds_alternative<std::vector<Value>>(right)) {
      fail("the parts of a split must be given names first: a, b = split(...)", symbol);
    }
    const auto *scalar_left = std::get_if<Expression>(&left), *scalar_right = std::get_if<Expression>(&right);
    const char op = symbol.text.front();
    if (scalar_left != nullptr && scalar_right != nullptr) {
      const auto kind = op == '+'   ? Expression::Kind::add
                        : op == '-' ? Expression::Kind::subtract
                        : op == '*' ? Expression::Kind::multiply
                                    : Expression::Kind::floor_divide;
      // w = w + w, line after line, would double without end.
      if (scalar_left->size() + scalar_right->size() > kMaxArithmetic)
        fail("too much arithmetic in one attribute", symbol);
      return Expression::combine(kind, *scalar_left, *scalar_right);
    }
    if (op == '/') fail("'//' divides numbers and genes, not tensors", symbol);
    if (scalar_left == nullptr && scalar_right == nullptr) {
      const Op& row = op == '+' ? rows::add() : op == '-' ? rows::subtract() : rows::multiply();
      return add_site(row, {std::get<Value>(left), std::get<Value>(right)}, {}, symbol).front();
    }
    const Expression& number = scalar_left != nullptr ? *scalar_left : *scalar_right;
    const Value tensor = std::get<Value>(scalar_left != nullptr ? right : left);
    if (op == '*') return add_site(rows::times(), {tensor}, {number}, symbol).front();
    if (op == '+') return add_site(rows::plus(), {tensor}, {number}, symbol).front();
    const auto negative = [](const Expression& e) {
      return Expression::combine(Expression::Kind::multiply, Expression::of(-1), e);
    };
    if (scalar_left == nullptr) return add_site(rows::plus(), {tensor}, {negative(number)}, symbol).front();
    const Value negated = add_site(rows::times(), {tensor}, {Expression::of(-1)}, symbol).front();
    return add_site(rows::plus(), {negated}, {number}, symbol).front();
  }

  Meaning call(const Token& name) {
    const Op* op = find_op(name.text);
    if (op == nullptr || !op->symbol.empty()) {
      fail(fmt::format("unknown op '{}'{}; there are {}", name.text, base::did_you_mean(name.text, op_names()),
                       base::join(op_names(), ", ")),
           name);
    }
    const int outer_parts = wanted_parts_;
    wanted_parts_ = 1;
    const std::vector<Argument> arguments = argument_list();
    wanted_parts_ = outer_parts;
    std::vector<Value> inputs;
    std::vector<Expression> attributes(op->attributes.size());
    std::vector<bool> given(op->attributes.size(), false);
    std::size_t positional = 0;
    for (const Argument& argument : arguments) {
      if (std::holds_alternative<std::vector<Value>>(argument.meaning)) {
        fail("the parts of a split must be given names first: a, b = split(...)", argument.at);
      }
      if (const auto* tensor = std::get_if<Value>(&argument.meaning)) {
        if (!argument.name.empty())
          fail(fmt::format("{}: '{}' takes a number, not a tensor; {}", op->name, argument.name, signature(*op)),
               argument.at);
        if (positional > 0)
          fail(fmt::format("{}: tensors come before numbers; {}", op->name, signature(*op)), argument.at);
        inputs.push_back(*tensor);
        continue;
      }
      const std::size_t index = argument.name.empty() ? positional++ : attribute_index(*op, argument);
      if (index >= attributes.size())
        fail(fmt::format("{}: too many numbers; {}", op->name, signature(*op)), argument.at);
      if (given[index]) fail(fmt::format("{}: '{}' is given twice", op->name, op->attributes[index].name), argument.at);
      attributes[index] = std::get<Expression>(argument.meaning);
      given[index] = true;
    }
    if (static_cast<int>(inputs.size()) < op->min_inputs || static_cast<int>(inputs.size()) > op->max_inputs) {
      const std::string wanted = op->min_inputs == op->max_inputs
                                     ? std::to_string(op->min_inputs)
                                     : fmt::format("{} to {}", op->min_inputs, op->max_inputs);
      fail(fmt::format("{}: takes {} tensor{}, not {}; {}", op->name, wanted, wanted == "1" ? "" : "s", inputs.size(),
                       signature(*op)),
           name);
    }
    const std::vector<Value> outputs = finish_call(*op, std::move(inputs), std::move(attributes), given, name);
    if (outputs.size() == 1) return outputs.front();
    return outputs;
  }

  std::vector<Value> finish_call(const Op& op, std::vector<Value> inputs, std::vector<Expression> attributes,
                                 const std::vector<bool>& given, const Token& name) {
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      if (given[i]) continue;
      if (&op == &rows::split()) {
        attributes[i] = Expression::of(wanted_parts_);
      } else if (std::isnan(op.attributes[i].fallback)) {
        fail(fmt::format("{}: '{}' is missing ({}); {}", op.name, op.attributes[i].name, op.attributes[i].doc,
                         signature(op)),
             name);
      } else {
        attributes[i] = Expression::of(op.attributes[i].fallback);
      }
    }
    if (&op == &rows::split()) {
      const double parts = attributes[0].kind == Expression::Kind::number ? attributes[0].number : 0;
      if (!(parts >= 2 && parts <= 8) || parts != std::floor(parts)) {
        fail("split: parts must be a number from 2 to 8, as many as the names on the left: a, b = split(x, 2)", name);
      }
      return add_site(op, std::move(inputs), std::move(attributes), name, static_cast<int>(parts));
    }
    return add_site(op, std::move(inputs), std::move(attributes), name);
  }

  std::size_t attribute_index(const Op& op, const Argument& argument) const {
    std::vector<std::string> known;
    for (std::size_t i = 0; i < op.attributes.size(); ++i) {
      if (op.attributes[i].name == argument.name) return i;
      known.emplace_back(op.attributes[i].name);
    }
    fail(fmt::format("{}: has no attribute '{}'{}; {}", op.name, argument.name,
                     base::did_you_mean(argument.name, known), signature(op)),
         argument.at);
  }

  std::vector<Argument> argument_list() {
    expect("(");
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

  std::vector<Value> add_site(const Op& op, std::vector<Value> inputs, std::vector<Expression> attributes,
                              const Token& at, int outputs = 1) {
    if (program_.sites.size() >= kMaxSites) fail("a program has at most 512 ops", at);
    program_.sites.push_back({&op, std::move(inputs), std::move(attributes), outputs, at.line, at.column});
    std::vector<Value> values;
    for (int i = 0; i < outputs; ++i) values.push_back({static_cast<int>(program_.sites.size()) - 1, i});
    return values;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0, wanted_parts_ = 1;
  std::map<std::string, std::variant<Value, Expression>> names_;
  Program program_;
};

}  // namespace

Checked<Program> parse(std::string_view text, const std::string& name) {
  auto tokens = tokenize(text, name);
  if (!tokens) {
    Diagnostic error = tokens.error();
    const auto lines = base::split_lines(text.substr(0, std::min<std::size_t>(text.size(), 64 << 10)));
    if (error.line <= static_cast<int>(lines.size()))
      error.source_line = lines[static_cast<std::size_t>(error.line - 1)];
    return tl::unexpected(error);
  }
  try {
    return canonical(Parser(std::move(*tokens), text, name).run());
  } catch (const Diagnostic& error) {
    return tl::unexpected(error);
  }
}

}  // namespace weft::block
