#include "view/text_table.hpp"

#include <algorithm>

namespace weft::view {
namespace {

constexpr std::size_t kGap = 2, kLeast = 8;

// A text's columns: code points, as none here is wide.
std::size_t columns(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string fitting(const std::string& name, std::size_t width) {
  if (columns(name) <= width) return name;
  std::size_t bytes = 0;
  for (std::size_t seen = 0; bytes < name.size(); ++bytes) {
    if ((name[bytes] & 0xC0) != 0x80 && ++seen == width) break;
  }
  return name.substr(0, bytes) + "…";
}

}  // namespace

std::size_t TextTable::width() const {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < rows_[0].size(); ++i) sum += width_of(i) + (i > 0 ? kGap : 0);
  return sum;
}

std::string TextTable::text(std::size_t width) const {
  const std::size_t rest = this->width() - width_of(0);
  const std::size_t first = std::min(width_of(0), width > rest + kLeast ? width - rest : kLeast);
  std::string lines;
  for (const auto& row : rows_) {
    std::string line = fitting(row[0], first);
    line.append(first - columns(line), ' ');
    for (std::size_t i = 1; i < row.size(); ++i)
      line += std::string(kGap + width_of(i) - columns(row[i]), ' ') + row[i];
    lines += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return lines;
}

std::size_t TextTable::width_of(std::size_t column) const {
  std::size_t widest = 0;
  for (const auto& row : rows_) widest = std::max(widest, columns(row[column]));
  return widest;
}

std::string wrapped(const std::string& text, std::size_t width) {
  std::string lines;
  std::size_t column = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    const std::string word = text.substr(start, end - start);
    const bool breaks = column > 0 && column + 1 + columns(word) > width;
    if (column > 0) lines += breaks ? '\n' : ' ';
    column = (column == 0 || breaks ? 0 : column + 1) + columns(word);
    lines += word;
    start = end + 1;
  }
  return lines + "\n";
}

}  // namespace weft::view
