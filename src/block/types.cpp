#include "block/types.hpp"

namespace weft::block {

namespace {

std::string axis(std::int64_t size) {
  return size == kTime ? "time" : std::to_string(size);
}

std::string shape(std::int64_t a, std::int64_t b, std::int64_t c) {
  return "[batch, " + axis(a) + ", " + axis(b) + ", " + axis(c) + "]";
}

}  // namespace

std::string Type::text() const {
  switch (kind) {
    case Kind::matrix: return shape(heads, rows, columns);
    case Kind::image: return shape(channels, height, width);
    default: return "[batch, " + axis(pooled ? 1 : kTime) + ", " + axis(channels) + "]";
  }
}

std::int64_t Type::values(std::int64_t time) const {
  const auto size = [&](std::int64_t given) { return given == kTime ? time : given; };
  switch (kind) {
    case Kind::matrix: return heads * size(rows) * size(columns);
    case Kind::image: return channels * height * width;
    default: return channels * (pooled ? 1 : time);
  }
}

std::string Diagnostic::text() const {
  if (line == 0) return file + ": " + message;
  std::string text = file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + message;
  if (source_line.empty() || source_line.size() > 200) return text;
  // The caret stands under byte `column`; a tab before it stays a tab, and a UTF-8 continuation takes no column.
  text += "\n  " + source_line + "\n  ";
  for (int i = 0; i + 1 < column && i < static_cast<int>(source_line.size()); ++i) {
    const auto byte = static_cast<unsigned char>(source_line[static_cast<std::size_t>(i)]);
    if (byte == '\t') {
      text += '\t';
    } else if ((byte & 0xC0) != 0x80) {
      text += ' ';
    }
  }
  return text + "^";
}

}  // namespace weft::block
