// The values of the block language: tensor types, references to them, and what a mistake looks like.
#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace weft::block {

/// A tensor inside a block: [batch, time, channels], or [batch, 1, channels] after a mean over positions.
struct Type {
  std::int64_t channels = 0;
  bool pooled = false;
  bool operator==(const Type&) const = default;
  std::string text() const {
    return std::string("[batch, ") + (pooled ? "1" : "time") + ", " + std::to_string(channels) + "]";
  }
};

/// Which output of which site (or graph node). Site -1 is the block's input.
struct Value {
  int site = -1;
  int output = 0;
  bool operator==(const Value&) const = default;
};

/// Which positions an op lets each position see.
enum class Mixing { none, past, all };

/// A mistake in a program: where it stands and what would be accepted, for people and language models alike.
struct Diagnostic {
  std::string message;
  std::string file;
  int line = 0, column = 0;  ///< from 1; 0 where nobody wrote it
  std::string source_line;

  /// "line 3: linear: width must be positive": for prompts and tables.
  std::string brief() const { return line == 0 ? message : "line " + std::to_string(line) + ": " + message; }
  /// "gpt2.block:3:9: linear: ..." with the source line and a caret below it.
  std::string text() const;
};

template <class T>
using Checked = tl::expected<T, Diagnostic>;

}  // namespace weft::block
