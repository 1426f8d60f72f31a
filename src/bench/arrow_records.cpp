// CSV and Parquet files as records, by Arrow's readers.
#include <arrow/api.h>
#include <arrow/csv/api.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/util/compression.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "bench/parquet_file.hpp"
#include "bench/records.hpp"

namespace weft::bench {
namespace {

using base::Json;

void check(const arrow::Status& status, const std::string& path) {
  if (!status.ok())
    throw base::Error("is not CSV as expected: " + base::one_line(base::shorten(status.message(), 300)), path);
}

template <class T>
T take(arrow::Result<T> result, const std::string& path) {
  check(result.status(), path);
  return std::move(result).ValueUnsafe();
}

bool is_gzip(const base::fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 2> magic{};
  file.read(magic.data(), 2);
  return file.gcount() == 2 && magic[0] == '\x1f' && magic[1] == '\x8b';
}

class CsvRecords : public Records {
 public:
  explicit CsvRecords(const base::fs::path& path) : path_(path.string()) {
    if (!base::fs::is_regular_file(path)) throw base::Error("there is no such file", path_);
    std::shared_ptr<arrow::io::InputStream> stream = take(arrow::io::ReadableFile::Open(path_), path_);
    if (is_gzip(path)) {
      codec_ = take(arrow::util::Codec::Create(arrow::Compression::GZIP), path_);
      stream = take(arrow::io::CompressedInputStream::Make(codec_.get(), stream), path_);
    }
    auto read = arrow::csv::ReadOptions::Defaults();
    read.use_threads = false;
    auto parse = arrow::csv::ParseOptions::Defaults();
    parse.newlines_in_values = true;
    auto convert = arrow::csv::ConvertOptions::Defaults();
    convert.default_column_type = arrow::utf8();
    reader_ =
        take(arrow::csv::StreamingReader::Make(arrow::io::default_io_context(), stream, read, parse, convert), path_);
    for (const auto& field : reader_->schema()->fields()) names_.push_back(field->name());
  }

  bool next() override {
    ++line_;
    while (batch_ == nullptr || ++row_ >= batch_->num_rows()) {
      check(reader_->ReadNext(&batch_), path_);
      if (batch_ == nullptr) return false;
      row_ = -1;
    }
    return true;
  }

  Json field(const std::string& name) const override {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) return nullptr;
    const auto& column = *batch_->column(static_cast<int>(found - names_.begin()));
    if (column.type_id() != arrow::Type::STRING || column.IsNull(row_)) return nullptr;
    const std::string_view text = static_cast<const arrow::StringArray&>(column).GetView(row_);
    if (text.size() > kLongestCell)
      throw base::Error("a cell of " + std::to_string(text.size()) + " bytes in column " + base::quote(name) +
                            "; at most 1 MiB was expected",
                        where());
    return text.empty() ? Json(nullptr) : Json(std::string(text));
  }

  std::string where() const override { return path_ + ": row " + std::to_string(line_); }
  bool has(const std::string& name) const override {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }

 private:
  std::string path_;
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<arrow::csv::StreamingReader> reader_;
  std::vector<std::string> names_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  std::int64_t row_ = -1, line_ = 0;
};

class ParquetRecords : public Records {
 public:
  explicit ParquetRecords(const base::fs::path& path) : path_(path.string()), reader_(path) {}

  bool next() override {
    ++line_;
    while (group_ < 0 || ++row_ >= reader_.rows(group_)) {
      if (++group_ >= reader_.groups()) return false;
      read_.clear();
      row_ = -1;
    }
    return true;
  }

  Json field(const std::string& name) const override {
    if (!has(name)) return nullptr;
    auto found = read_.find(name);
    if (found == read_.end()) found = read_.emplace(name, reader_.coded(group_, name)).first;
    const std::int32_t code = found->second.index.at(static_cast<std::size_t>(row_));
    return code < 0 ? Json(nullptr) : found->second.values[static_cast<std::size_t>(code)];
  }

  std::string where() const override { return path_ + ": row " + std::to_string(line_); }
  bool has(const std::string& name) const override {
    const auto& columns = reader_.columns();
    return std::find(columns.begin(), columns.end(), name) != columns.end();
  }

 private:
  std::string path_;
  mutable ParquetReader reader_;
  mutable std::map<std::string, Coded> read_;  // columns of this group
  int group_ = -1;
  std::int64_t row_ = -1, line_ = 0;
};

}  // namespace

std::unique_ptr<Records> open_csv(const base::fs::path& path) {
  return std::make_unique<CsvRecords>(path);
}

std::unique_ptr<Records> open_parquet(const base::fs::path& path) {
  return std::make_unique<ParquetRecords>(path);
}

}  // namespace weft::bench
