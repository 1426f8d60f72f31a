// YAML files as JSON values that remember where each of them stood, so that an error can name file, line and column.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"

namespace weft::base {

struct Document {
  Json value;
  std::string file;
  std::map<std::string, std::string> marks;  ///< JSON pointer → "file:line:column" or "--set key=value"

  /// Where the value at `pointer` (or the nearest one around it) was written.
  std::string where(std::string pointer) const;
  Error error(const std::string& pointer, const std::string& what) const { return Error(what, where(pointer)); }
};

/// Reads one YAML document: plain scalars as YAML 1.2's core schema has them (but for hexadecimal, octal and infinite
/// numbers, which stay text), at most 50,000 nodes (aliases expanded). Throws Error with file, line and column.
Document parse_yaml(std::string_view text, const std::string& file);
Document read_yaml(const fs::path& path);

/// Puts `key.path=value` (the value is YAML) into the document, as --set does. Throws Error where it is not of that
/// form.
void set_value(Document& document, const std::string& assignment);

}  // namespace weft::base
