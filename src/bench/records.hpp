// The records of a foreign file, one after another: lines of CSV or JSON, entries of a JSON object or list, rows of
// Parquet. Nothing in them is trusted.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/json.hpp"

namespace weft::bench {

/// How a file is read.
struct Format {
  std::string kind;  ///< csv, json, jsonl or parquet; gzip is recognised
  std::string each;  ///< of json: where its records stand, as "/{task}/{arch}"; names in braces become columns
};

class Records {
 public:
  /// Throws base::Error naming the file; so does next(), with the line or row.
  static std::unique_ptr<Records> open(const base::fs::path& path, const Format& format);
  virtual ~Records() = default;

  /// Goes to the next record; false where there is none.
  virtual bool next() = 0;
  /// A field of the record: a column, or of JSON a path as "flops/score". Null where it is empty or missing; of CSV
  /// always a text.
  virtual base::Json field(const std::string& name) const = 0;
  /// "file: line 17".
  virtual std::string where() const = 0;
  /// Whether the file has such a column; of JSON, where records may differ, always.
  virtual bool has(const std::string& /*name*/) const { return true; }
};

/// A text of a cell may be as long.
constexpr std::size_t kLongestCell = 1U << 20U;

/// The rows of a CSV file by Arrow's reader; the first line names the columns.
std::unique_ptr<Records> open_csv(const base::fs::path& path);
/// The rows of a Parquet file.
std::unique_ptr<Records> open_parquet(const base::fs::path& path);

}  // namespace weft::bench
