#include "bench/parquet_file.hpp"

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>

#include <cmath>
#include <limits>
#include <unordered_map>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weft::bench {
namespace {

constexpr std::uintmax_t kValuesAByte = 1000;  // of a column that hardly changes

using base::Json;

constexpr std::size_t kLongest = 1U << 20U;  // bytes of a text in a cell

// Runs what asks Arrow for something; what it says becomes an Error that names the place.
template <class Work>
auto told(const std::string& where, const Work& work) {
  try {
    return work();
  } catch (const base::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw base::Error("is no Parquet file, or is damaged: " + base::one_line(base::shorten(error.what(), 200)), where);
  }
}

void check(const arrow::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.message());
}

template <class T>
T take(arrow::Result<T> result) {
  check(result.status());
  return std::move(result).ValueUnsafe();
}

std::string checked_text(std::string_view text) {
  if (text.size() > kLongest)
    throw std::runtime_error("a cell of " + std::to_string(text.size()) + " bytes; at most 1 MiB was expected");
  if (!base::is_utf8(text)) throw std::runtime_error("a text that is not UTF-8");
  return std::string(text);
}

// Numbers the distinct values of a column as they come.
class Coder {
 public:
  explicit Coder(Coded& coded) : coded_(coded) {}

  template <class Array>
  void whole(const Array& array) {
    std::unordered_map<std::int64_t, std::int32_t> known;
    each(array, [&](std::int64_t i) {
      return code(known, static_cast<std::int64_t>(array.Value(i)), [](std::int64_t value) { return Json(value); });
    });
  }

  template <class Array>
  void number(const Array& array) {
    std::unordered_map<double, std::int32_t> known;
    each(array, [&](std::int64_t i) {
      return code(known, static_cast<double>(array.Value(i)), [](double value) { return Json(value); });
    });
  }

  void flag(const arrow::BooleanArray& array) {
    std::unordered_map<bool, std::int32_t> known;
    each(array, [&](std::int64_t i) { return code(known, array.Value(i), [](bool value) { return Json(value); }); });
  }

  template <class Array>
  void text(const Array& array) {
    std::unordered_map<std::string_view, std::int32_t> known;
    each(array, [&](std::int64_t i) {
      return code(known, std::string_view(array.GetView(i)),
                  [](std::string_view value) { return Json(checked_text(value)); });
    });
  }

  void dictionary(const arrow::DictionaryArray& array) {
    if (array.dictionary()->type_id() != arrow::Type::STRING) throw std::runtime_error("a dictionary of no texts");
    const auto& texts = static_cast<const arrow::StringArray&>(*array.dictionary());
    std::vector<std::int32_t> codes(static_cast<std::size_t>(texts.length()), -1);
    each(array, [&](std::int64_t i) {
      const std::int64_t place = array.GetValueIndex(i);
      if (place < 0 || place >= texts.length()) throw std::runtime_error("an index beyond its dictionary");
      std::int32_t& known = codes[static_cast<std::size_t>(place)];
      if (known < 0) known = add(Json(checked_text(texts.GetView(place))));
      return known;
    });
  }

 private:
  std::int32_t add(Json value) {
    for (std::size_t i = 0; i < coded_.values.size() && i < 64; ++i) {
      if (coded_.values[i] == value) return static_cast<std::int32_t>(i);  // of an earlier chunk
    }
    coded_.values.push_back(std::move(value));
    return static_cast<std::int32_t>(coded_.values.size()) - 1;
  }

  template <class Known, class Value, class Make>
  std::int32_t code(Known& known, Value value, const Make& make) {
    const auto found = known.find(value);
    if (found != known.end()) return found->second;
    return known.emplace(value, add(make(value))).first->second;
  }

  template <class Array, class Code>
  void each(const Array& array, const Code& code) {
    for (std::int64_t i = 0; i < array.length(); ++i)
      coded_.index.push_back(array.IsNull(i) ? -1 : static_cast<std::int32_t>(code(i)));
  }

  Coded& coded_;
};

void append_coded(const arrow::Array& array, Coded& coded) {
  Coder coder(coded);
  switch (array.type_id()) {
    case arrow::Type::DICTIONARY: return coder.dictionary(static_cast<const arrow::DictionaryArray&>(array));
    case arrow::Type::STRING: return coder.text(static_cast<const arrow::StringArray&>(array));
    case arrow::Type::LARGE_STRING: return coder.text(static_cast<const arrow::LargeStringArray&>(array));
    case arrow::Type::BOOL: return coder.flag(static_cast<const arrow::BooleanArray&>(array));
    case arrow::Type::INT8: return coder.whole(static_cast<const arrow::Int8Array&>(array));
    case arrow::Type::INT16: return coder.whole(static_cast<const arrow::Int16Array&>(array));
    case arrow::Type::INT32: return coder.whole(static_cast<const arrow::Int32Array&>(array));
    case arrow::Type::INT64: return coder.whole(static_cast<const arrow::Int64Array&>(array));
    case arrow::Type::UINT8: return coder.whole(static_cast<const arrow::UInt8Array&>(array));
    case arrow::Type::UINT16: return coder.whole(static_cast<const arrow::UInt16Array&>(array));
    case arrow::Type::UINT32: return coder.whole(static_cast<const arrow::UInt32Array&>(array));
    case arrow::Type::FLOAT: return coder.number(static_cast<const arrow::FloatArray&>(array));
    case arrow::Type::DOUBLE: return coder.number(static_cast<const arrow::DoubleArray&>(array));
    default:
      throw std::runtime_error("values of type " + array.type()->ToString() + "; texts or numbers were expected");
  }
}

template <class Array, class Number>
void append_values(const Array& array, std::vector<Number>& values) {
  for (std::int64_t i = 0; i < array.length(); ++i)
    values.push_back(array.IsNull(i) ? std::numeric_limits<Number>::quiet_NaN() : static_cast<Number>(array.Value(i)));
}

template <class Number>
void append_numbers(const arrow::Array& array, std::vector<Number>& values) {
  switch (array.type_id()) {
    case arrow::Type::DOUBLE: return append_values(static_cast<const arrow::DoubleArray&>(array), values);
    case arrow::Type::FLOAT: return append_values(static_cast<const arrow::FloatArray&>(array), values);
    case arrow::Type::INT32: return append_values(static_cast<const arrow::Int32Array&>(array), values);
    case arrow::Type::INT64: return append_values(static_cast<const arrow::Int64Array&>(array), values);
    default: throw std::runtime_error("values of type " + array.type()->ToString() + "; numbers were expected");
  }
}

template <class Array>
void append_list_array(const Array& array, Lists& lists) {
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (!array.IsNull(i)) append_numbers(*array.value_slice(i), lists.values);
    lists.ends.push_back(lists.values.size());
  }
}

void append_lists(const arrow::Array& array, Lists& lists) {
  switch (array.type_id()) {
    case arrow::Type::LIST: return append_list_array(static_cast<const arrow::ListArray&>(array), lists);
    case arrow::Type::LARGE_LIST: return append_list_array(static_cast<const arrow::LargeListArray&>(array), lists);
    default: throw std::runtime_error("values of type " + array.type()->ToString() + "; lists were expected");
  }
}

// Room is made for as many values as a file says that it has: no more are believed than could be packed into it.
void check_counts(const parquet::FileMetaData& metadata, std::uintmax_t bytes) {
  const auto most = static_cast<std::int64_t>(1'000'000 + kValuesAByte * std::min<std::uintmax_t>(bytes, 1U << 31U));
  const std::int64_t rows = metadata.num_rows();
  if (rows < 0 || rows > most) throw std::runtime_error("says that it has " + std::to_string(rows) + " rows");
  std::int64_t sum = 0;
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const auto group = metadata.RowGroup(i);
    if (group->num_rows() < 0 || group->num_rows() > rows - sum)
      throw std::runtime_error("has groups of more rows than it says that it has");
    sum += group->num_rows();
    for (int column = 0; column < group->num_columns(); ++column) {
      const std::int64_t values = group->ColumnChunk(column)->num_values();
      const bool lists = metadata.schema()->Column(column)->max_repetition_level() > 0;
      if (lists ? values < group->num_rows() || values > most : values != group->num_rows())
        throw std::runtime_error("says that a column has " + std::to_string(values) + " values in " +
                                 std::to_string(group->num_rows()) + " rows");
    }
  }
  if (sum != rows) throw std::runtime_error("has groups of fewer rows than it says that it has");
}

}  // namespace

struct ParquetReader::State {
  std::string path;
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::vector<std::string> columns;

  std::string where(const std::string& column) const { return path + ": column " + base::quote(column); }

  // The column's values in one group of rows.
  std::shared_ptr<arrow::ChunkedArray> read(int group, const std::string& column) const {
    const auto found = std::find(columns.begin(), columns.end(), column);
    if (found == columns.end()) throw base::Error("has no column " + base::quote(column), path);
    std::shared_ptr<arrow::ChunkedArray> values;
    check(reader->RowGroup(group)->Column(static_cast<int>(found - columns.begin()))->Read(&values));
    if (values->length() != reader->parquet_reader()->metadata()->RowGroup(group)->num_rows())
      throw std::runtime_error("has another number of rows than the file says");
    return values;
  }
};

ParquetReader::ParquetReader(const base::fs::path& path) : state_(std::make_unique<State>()) {
  state_->path = path.string();
  if (!base::fs::is_regular_file(path)) throw base::Error("there is no such file", path.string());
  told(state_->path, [&] {
    const auto file = take(arrow::io::ReadableFile::Open(path.string()));
    auto parquet = parquet::ParquetFileReader::Open(file);
    check_counts(*parquet->metadata(), base::fs::file_size(path));
    parquet::ArrowReaderProperties properties(false);
    for (int i = 0; i < parquet->metadata()->num_columns(); ++i) properties.set_read_dictionary(i, true);
    state_->reader =
        take(parquet::arrow::FileReader::Make(arrow::default_memory_pool(), std::move(parquet), properties));
    std::shared_ptr<arrow::Schema> schema;
    check(state_->reader->GetSchema(&schema));
    for (const auto& field : schema->fields()) {
      if (!base::is_utf8(field->name())) throw std::runtime_error("a column's name is not UTF-8");
      state_->columns.push_back(field->name());
    }
    return 0;
  });
}

ParquetReader::~ParquetReader() = default;

std::int64_t ParquetReader::rows() const {
  return state_->reader->parquet_reader()->metadata()->num_rows();
}

int ParquetReader::groups() const {
  return state_->reader->num_row_groups();
}

std::int64_t ParquetReader::rows(int group) const {
  return state_->reader->parquet_reader()->metadata()->RowGroup(group)->num_rows();
}

const std::vector<std::string>& ParquetReader::columns() const {
  return state_->columns;
}

Coded ParquetReader::coded(int group, const std::string& column) {
  return told(state_->where(column), [&] {
    Coded coded;
    const auto read = state_->read(group, column);
    for (const auto& chunk : read->chunks()) append_coded(*chunk, coded);
    return coded;
  });
}

void ParquetReader::numbers(int group, const std::string& column, std::vector<double>& values) {
  told(state_->where(column), [&] {
    const auto read = state_->read(group, column);
    for (const auto& chunk : read->chunks()) append_numbers(*chunk, values);
    return 0;
  });
}

void ParquetReader::lists(int group, const std::string& column, Lists& lists) {
  told(state_->where(column), [&] {
    const auto read = state_->read(group, column);
    for (const auto& chunk : read->chunks()) append_lists(*chunk, lists);
    return 0;
  });
}

namespace {

std::shared_ptr<arrow::DataType> type_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::text: return arrow::utf8();
    case ColumnKind::whole: return arrow::int64();
    case ColumnKind::number: return arrow::float64();
    case ColumnKind::flag: return arrow::boolean();
    case ColumnKind::list: return arrow::list(arrow::float32());
  }
  return nullptr;
}

// A column of coded values as an array, by a builder of its type.
template <class Builder, class Value>
std::shared_ptr<arrow::Array> build(const Coded& coded) {
  std::vector<Value> values;
  for (const Json& value : coded.values) values.push_back(value.get<Value>());
  Builder builder;
  check(builder.Reserve(static_cast<std::int64_t>(coded.index.size())));
  for (const std::int32_t code : coded.index)
    check(code < 0 ? builder.AppendNull() : builder.Append(values[static_cast<std::size_t>(code)]));
  return take(builder.Finish());
}

std::shared_ptr<arrow::Array> build_numbers(const std::vector<double>& numbers) {
  arrow::DoubleBuilder builder;
  check(builder.Reserve(static_cast<std::int64_t>(numbers.size())));
  for (const double value : numbers) check(std::isnan(value) ? builder.AppendNull() : builder.Append(value));
  return take(builder.Finish());
}

std::shared_ptr<arrow::Array> build_lists(const Lists& lists) {
  const auto values = std::make_shared<arrow::FloatBuilder>();
  arrow::ListBuilder builder(arrow::default_memory_pool(), values);
  std::size_t start = 0;
  for (const std::uint64_t end : lists.ends) {
    check(end == start ? builder.AppendNull() : builder.Append());
    check(values->AppendValues(lists.values.data() + start, static_cast<std::int64_t>(end - start)));
    start = end;
  }
  return take(builder.Finish());
}

std::shared_ptr<arrow::Array> build(ColumnKind kind, const ParquetWriter::Values& values) {
  switch (kind) {
    case ColumnKind::text: return build<arrow::StringBuilder, std::string>(values.coded);
    case ColumnKind::whole: return build<arrow::Int64Builder, std::int64_t>(values.coded);
    case ColumnKind::flag: return build<arrow::BooleanBuilder, bool>(values.coded);
    case ColumnKind::list: return build_lists(values.lists);
    case ColumnKind::number: break;
  }
  return values.coded.index.empty() ? build_numbers(values.numbers) : build<arrow::DoubleBuilder, double>(values.coded);
}

}  // namespace

struct ParquetWriter::State {
  std::string path;
  std::vector<Column> columns;
  std::shared_ptr<arrow::Schema> schema;
  std::shared_ptr<arrow::io::FileOutputStream> file;
  std::unique_ptr<parquet::arrow::FileWriter> writer;
};

ParquetWriter::ParquetWriter(const base::fs::path& path, std::vector<Column> columns)
    : state_(std::make_unique<State>()) {
  state_->path = path.string();
  state_->columns = std::move(columns);
  try {
    arrow::FieldVector fields;
    for (const Column& column : state_->columns) fields.push_back(arrow::field(column.name, type_of(column.kind)));
    state_->schema = arrow::schema(fields);
    state_->file = take(arrow::io::FileOutputStream::Open(path.string()));
    const auto properties =
        parquet::WriterProperties::Builder().compression(parquet::Compression::ZSTD)->created_by("weft")->build();
    state_->writer =
        take(parquet::arrow::FileWriter::Open(*state_->schema, arrow::default_memory_pool(), state_->file, properties));
  } catch (const std::exception& error) {
    throw base::Error(std::string("cannot be written: ") + error.what(), path.string());
  }
}

ParquetWriter::~ParquetWriter() = default;

void ParquetWriter::write(const std::vector<Values>& columns) {
  try {
    arrow::ArrayVector arrays;
    for (std::size_t i = 0; i < columns.size(); ++i) arrays.push_back(build(state_->columns[i].kind, columns[i]));
    const auto rows = arrays.empty() ? 0 : arrays[0]->length();
    check(
        state_->writer->WriteTable(*arrow::Table::Make(state_->schema, arrays, rows), std::max<std::int64_t>(1, rows)));
  } catch (const std::exception& error) {
    throw base::Error(std::string("cannot be written: ") + error.what(), state_->path);
  }
}

void ParquetWriter::close() {
  try {
    check(state_->writer->Close());
    check(state_->file->Close());
  } catch (const std::exception& error) {
    throw base::Error(std::string("cannot be written: ") + error.what(), state_->path);
  }
}

}  // namespace weft::bench
