// Tokens of the block language: Python's, with indentation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "block/types.hpp"

namespace weft::block {

struct Token {
  enum class Kind { name, number, symbol, newline, indent, dedent, end };
  Kind kind = Kind::end;
  std::string text;
  double number = 0;
  int line = 1, column = 1;

  bool is(std::string_view symbol) const { return kind == Kind::symbol && text == symbol; }
  bool is_name(std::string_view name) const { return kind == Kind::name && text == name; }
};

/// Inside parentheses line ends mean nothing; comments and empty lines are dropped.
Checked<std::vector<Token>> tokenize(std::string_view text, const std::string& name);

}  // namespace weft::block
