// The right-hand sides of the block language, by recursive descent: calls, + - *, and attribute arithmetic. Parser
// (parse.cpp) adds the statements. The first mistake ends it, thrown as a Diagnostic and caught in parse().
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "block/lexer.hpp"
#include "block/program.hpp"

namespace weft::block {

/// What an expression stands for: a tensor, the parts of a split, or attribute arithmetic.
using Meaning = std::variant<Value, std::vector<Value>, Expression>;

class ExpressionParser {
 protected:
  /// A sub-block: its parameters, and where its statements begin.
  struct Definition {
    Token name;
    std::vector<Token> parameters;
    std::size_t body = 0, order = 0;
    bool used = false;
  };

  virtual ~ExpressionParser() = default;
  ExpressionParser(std::vector<Token> tokens, std::string_view text, const std::string& name);

  const Token& now() const { return tokens_[at_]; }
  Token take();
  Token expect(std::string_view symbol);
  [[noreturn]] void fail(const std::string& message, const Token& at) const;
  [[noreturn]] void fail(const std::string& message) const { fail(message, now()); }
  /// A token as messages call it.
  static std::string shown(const Token& token);
  /// Names that hold tensors start with a small letter; names in capitals are genes.
  static bool is_variable(const std::string& name);

  Meaning expression();
  /// Statements up to `return`, and the `results` tensors after it.
  virtual std::vector<Value> body(std::size_t results) = 0;

  std::map<std::string, Definition> definitions_;
  std::map<std::string, std::variant<Value, Expression>> names_;
  int wanted_parts_ = 1;  ///< names on the left, for a split that does not say how many
  Program program_;

 private:
  struct Argument {
    std::string name;
    Meaning meaning;
    Token at;
  };
  struct Arguments {
    std::vector<Value> inputs;
    std::vector<std::optional<Expression>> attributes;
  };

  Meaning term();
  Meaning factor();
  Meaning negated();
  Meaning named(const Token& name);
  void refuse_foreign_symbol() const;
  void refuse_parts(const Meaning& meaning, const Token& at) const;

  Meaning combine(const Token& symbol, const Meaning& left, const Meaning& right);
  Expression combine_numbers(const Token& symbol, const Expression& left, const Expression& right) const;
  Value combine_with_number(const Token& symbol, Value tensor, const Expression& number, bool number_first);

  Meaning call(const Token& name);
  const Op& known_op(const Token& name) const;
  std::vector<Argument> argument_list();
  std::vector<Argument> rest_of_arguments();
  Arguments sort_arguments(const Op& op, const std::vector<Argument>& arguments) const;
  std::size_t attribute_index(const Op& op, const Argument& argument) const;
  void check_inputs(const Op& op, std::size_t inputs, const Token& name) const;
  std::vector<Expression> with_defaults(const Op& op, const Arguments& arguments, const Token& name) const;
  int split_parts(const std::vector<Expression>& attributes, const Token& name) const;
  std::vector<Value> add_site(const Op& op, std::vector<Value> inputs, std::vector<Expression> attributes,
                              const Token& at, int outputs = 1, std::shared_ptr<const Program> body = nullptr);

  // In subblocks.cpp.
  Meaning call_definition(const Token& name, Definition& definition);
  Meaning call_scan(const Token& name);
  Definition& named_cell(const Token& scan);
  std::shared_ptr<const Program> cell(const Token& scan, Definition& definition);
  std::vector<Value> expand(const Token& name, Definition& definition, std::size_t results);
  void bind(const Definition& definition, const std::vector<Argument>& arguments, const Token& name);

  std::size_t written_ = 0, made_ = 0;
  std::size_t visible_ = kMaxSites;  // sub-blocks of a smaller order can be called here
  int depth_ = 0, calls_ = 0, within_ = 0;
  bool in_cell_ = false;

 protected:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace weft::block
