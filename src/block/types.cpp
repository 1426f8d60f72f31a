#include "block/types.hpp"

namespace weft::block {

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
