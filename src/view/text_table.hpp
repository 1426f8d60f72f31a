// Tables and paragraphs for a terminal of some width.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace weft::view {

/// Rows of cells as lines: the first column to the left, the others to the right. All rows have as many cells.
class TextTable {
 public:
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// Columns that it needs.
  std::size_t width() const;
  /// The lines; where they are wider, the first column is cut with an ellipsis.
  std::string text(std::size_t width) const;

 private:
  std::size_t width_of(std::size_t column) const;
  std::vector<std::vector<std::string>> rows_;
};

/// The text in lines of at most `width` columns, broken between words.
std::string wrapped(const std::string& text, std::size_t width);

}  // namespace weft::view
