// One line of a program that is still being written: what prefix.cpp reads instead of whole texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "block/lexer.hpp"
#include "block/prefix.hpp"

namespace weft::block {

/// A header or a statement, with the comments and empty lines before it.
struct Line {
  std::vector<Token> tokens;  ///< those that nothing can be added to; the last is a newline where the line has ended
  std::string open;           ///< the word, number or "/" at the very end, which may go on
  int indent = 0;             ///< columns before the first token; or so far
  bool ended = false;
  bool in_comment = false;  ///< at its end
  bool blank = false;       ///< whether it ends in white space
  int parentheses = 0;      ///< that are open at its end
  std::size_t size = 0;     ///< bytes
};

/// Reads the first line of `text`. Nothing where no program goes on so: a character outside the language, a number that
/// is none, or more of anything than the bounds allow.
std::optional<Line> read_line(std::string_view text, const Bounds& bounds);

/// The value of a number as the language writes it.
std::optional<double> number_in(std::string_view text);

}  // namespace weft::block
