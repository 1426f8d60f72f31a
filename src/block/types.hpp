// The values of the block language: tensor types, references to them, and what a mistake looks like.
#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace weft::block {

/// The size of an axis that is as long as the sequence.
constexpr std::int64_t kTime = -1;

/// A tensor inside a block.
struct Type {
  enum class Kind {
    sequence,  ///< [batch, time, channels], or [batch, 1, channels] after a mean over positions
    matrix,    ///< [batch, heads, rows, columns], where rows and columns may be time
    image      ///< [batch, channels, height, width]
  };
  std::int64_t channels = 0;
  bool pooled = false;  ///< a sequence of one position
  Kind kind = Kind::sequence;
  std::int64_t heads = 0, rows = 0, columns = 0;
  bool past = false;  ///< of a matrix [time, time]: nothing but zeros in the columns after the row's own
  std::int64_t height = 0, width = 0;

  static Type matrix(std::int64_t heads, std::int64_t rows, std::int64_t columns, bool past = false) {
    return {.kind = Kind::matrix, .heads = heads, .rows = rows, .columns = columns, .past = past};
  }
  static Type image(std::int64_t channels, std::int64_t height, std::int64_t width) {
    return {.channels = channels, .kind = Kind::image, .height = height, .width = width};
  }
  bool operator==(const Type&) const = default;
  /// "[batch, time, 64]".
  std::string text() const;
  /// Values of one example with `time` positions.
  std::int64_t values(std::int64_t time) const;
};

/// Where a block stands: what its ops may see.
struct Place {
  bool causal = false;  ///< no position may see later ones
  bool grid = false;    ///< positions are patches of an image, in rows
};

/// Which output of which site (or graph node). Site -1 is the block's input; of a cell, output 0 is its x and the
/// others are its states.
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
