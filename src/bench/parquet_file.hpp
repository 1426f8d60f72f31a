// Parquet files as tables need them: columns of few distinct values, of numbers, and of lists of numbers, read and
// written a group of rows at a time. The only user of Arrow. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/json.hpp"

namespace weft::bench {

/// A column of few distinct values: texts, whole numbers, numbers or flags, and which of them each row has.
struct Coded {
  std::vector<base::Json> values;
  std::vector<std::int32_t> index;  ///< -1: null
};

/// A column of lists of numbers, one after the other; ends[i] is where that of row i ends.
struct Lists {
  std::vector<float> values;
  std::vector<std::uint64_t> ends;
};

class ParquetReader {
 public:
  /// Throws base::Error naming the file where it is none, is cut short or is damaged; so do all others, with the
  /// column.
  explicit ParquetReader(const base::fs::path& path);
  ~ParquetReader();
  std::int64_t rows() const;
  int groups() const;
  std::int64_t rows(int group) const;
  /// The names of the columns; of nested ones the outermost.
  const std::vector<std::string>& columns() const;

  Coded coded(int group, const std::string& column);
  /// Appends to `values`; a null is NaN.
  void numbers(int group, const std::string& column, std::vector<double>& values);
  void lists(int group, const std::string& column, Lists& lists);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

enum class ColumnKind { text, whole, number, flag, list };

class ParquetWriter {
 public:
  struct Column {
    std::string name;
    ColumnKind kind = ColumnKind::number;
  };
  /// What one column has in a group of rows: `coded` for text, whole and flag (and for numbers of few values),
  /// `numbers` for number (NaN is null), `lists` for list.
  struct Values {
    Coded coded;
    std::vector<double> numbers;
    Lists lists;
  };

  /// Compressed with ZSTD. Throws base::Error where the file cannot be written; so do the others.
  ParquetWriter(const base::fs::path& path, std::vector<Column> columns);
  ~ParquetWriter();
  /// Writes a group of rows, the columns in their order.
  void write(const std::vector<Values>& columns);
  /// Ends the file. Without it the file is not whole.
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft::bench
