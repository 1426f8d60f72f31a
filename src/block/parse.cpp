#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "block/expression_parser.hpp"

namespace weft::block {
namespace {

constexpr std::size_t kMaxParameters = 16;  // a message names them all

class Parser : ExpressionParser {
 public:
  Parser(std::vector<Token> tokens, std::string_view text, const std::string& name)
      : ExpressionParser(std::move(tokens), text, name) {}

  Program run() {
    Definition block = header();
    while (another_follows()) {
      define(std::move(block));
      block = header();
    }
    if (block.parameters.size() != 1) fail("a block has one input", block.parameters[1]);
    names_[block.parameters[0].text] = Value{};
    program_.result = body(1).front();
    if (now().kind == Token::Kind::dedent) take();
    if (now().kind != Token::Kind::end) fail("nothing may follow 'return'");
    for (const auto& [name, definition] : definitions_) {
      if (!definition.used)
        fail(fmt::format("'{}' is never called; the last 'def' is the block", name), definition.name);
    }
    return std::move(program_);
  }

 private:
  std::vector<Value> body(std::size_t results) override {
    while (!now().is_name("return")) {
      if (now().kind == Token::Kind::dedent || now().kind == Token::Kind::end)
        fail("the block must end with 'return ...'");
      statement();
    }
    take();
    const Token at = now();
    std::vector<Value> values;
    do {
      if (!values.empty()) take();
      const Meaning result = expression();
      if (!std::holds_alternative<Value>(result)) fail("a block returns one tensor", at);
      values.push_back(std::get<Value>(result));
    } while (results > 1 && now().is(","));
    if (values.size() != results)
      fail(fmt::format("a cell of {} states returns as many tensors, not {}", results, values.size()), at);
    end_statement();
    return values;
  }

  // Whether another 'def' stands after the statements that begin here.
  bool another_follows() const {
    std::size_t i = at_;
    for (int depth = 1; depth > 0 && i < tokens_.size(); ++i) {
      if (tokens_[i].kind == Token::Kind::indent) ++depth;
      if (tokens_[i].kind == Token::Kind::dedent) --depth;
    }
    return i < tokens_.size() && tokens_[i].is_name("def");
  }

  // Keeps a sub-block for its calls, and goes on after it.
  void define(Definition definition) {
    definition.body = at_;
    for (int depth = 1; depth > 0;) {
      const Token token = take();
      if (token.kind == Token::Kind::indent) ++depth;
      if (token.kind == Token::Kind::dedent) --depth;
    }
    const Token name = definition.name;
    definition.order = definitions_.size();
    if (definitions_.contains(name.text)) fail(fmt::format("'{}' is defined twice", name.text), name);
    if (definitions_.size() == kMaxSites) fail("too many sub-blocks", name);
    check_free(name);
    if (!is_variable(name.text)) fail("a sub-block's name begins with a small letter", name);
    definitions_.emplace(name.text, std::move(definition));
  }

  Definition header() {
    if (!now().is_name("def")) fail(fmt::format("expected 'def block(x):', found {}", shown(now())));
    take();
    if (now().kind != Token::Kind::name) fail("expected the block's name after 'def'");
    Definition definition{.name = take()};
    expect("(");
    while (definition.parameters.empty() || now().is(",")) {
      if (!definition.parameters.empty()) take();
      const Token input = take();
      if (input.kind != Token::Kind::name || !is_variable(input.text))
        fail("expected the input's name, as in 'def block(x):'", input);
      check_free(input);
      definition.parameters.push_back(input);
      if (definition.parameters.size() > kMaxParameters)
        fail(fmt::format("a sub-block has at most {} inputs", kMaxParameters), input);
    }
    expect(")");
    expect(":");
    if (now().kind != Token::Kind::newline) fail("expected a new line after ':'");
    take();
    if (now().kind != Token::Kind::indent) fail("expected an indented line");
    take();
    return definition;
  }

  void end_statement() {
    if (now().is(";")) fail("one statement a line, without ';'");
    if (now().kind != Token::Kind::newline) fail(fmt::format("expected the end of the line, found {}", shown(now())));
    take();
  }

  void statement() {
    static constexpr std::array kForeign{"for",  "while", "if",    "import", "from", "class", "lambda",
                                         "with", "try",   "print", "assert", "pass", "def"};
    if (now().kind == Token::Kind::name && std::find(kForeign.begin(), kForeign.end(), now().text) != kForeign.end())
      fail(fmt::format("the language has no '{}': a block is assignments and a return", now().text));
    std::vector<Token> targets{target()};
    while (now().is(",")) {
      take();
      targets.push_back(target());
    }
    expect("=");
    wanted_parts_ = static_cast<int>(targets.size());
    const Token at = now();
    assign(targets, expression(), at);
    end_statement();
  }

  Token target() {
    const Token token = take();
    if (token.kind != Token::Kind::name)
      fail(fmt::format("expected a name to assign to, found {}", shown(token)), token);
    if (!is_variable(token.text))
      fail(fmt::format("'{}' is in capitals, which names a gene; assign to a small-letter name", token.text), token);
    check_free(token);
    return token;
  }

  void check_free(const Token& name) const {
    if (definitions_.contains(name.text))
      fail(fmt::format("'{}' is a sub-block and cannot be assigned to", name.text), name);
    if (find_op(name.text) != nullptr) fail(fmt::format("'{}' is an op and cannot be assigned to", name.text), name);
    for (const char* word : {"true", "false", "return", "def"}) {
      if (name.text == word) fail(fmt::format("'{}' is a word of the language and cannot be assigned to", word), name);
    }
  }

  void assign(const std::vector<Token>& targets, const Meaning& value, const Token& at) {
    if (const auto* parts = std::get_if<std::vector<Value>>(&value)) {
      if (parts->size() != targets.size()) {
        fail(fmt::format("split makes {} parts, but {} name{} on the left", parts->size(), targets.size(),
                         targets.size() == 1 ? " stands" : "s stand"),
             at);
      }
      for (std::size_t i = 0; i < targets.size(); ++i) names_[targets[i].text] = (*parts)[i];
      return;
    }
    if (targets.size() != 1) fail("only split gives more than one value", at);
    if (const auto* number = std::get_if<Expression>(&value)) {
      names_[targets[0].text] = *number;
    } else {
      names_[targets[0].text] = std::get<Value>(value);
    }
  }
};

}  // namespace

Checked<Program> parse(std::string_view text, const std::string& name) {
  auto tokens = tokenize(text, name);
  if (!tokens) return tl::unexpected(tokens.error());
  try {
    return canonical(Parser(std::move(*tokens), text, name).run());
  } catch (const Diagnostic& error) {
    return tl::unexpected(error);
  }
}

}  // namespace weft::block
