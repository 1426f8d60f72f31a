#include "net/safetensors.hpp"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace weft::net {
namespace {

using base::Json;

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::uint64_t kMostHeader = 4U << 20U;  // a name of 2 KB for each of the 2000 keys that weft reads
constexpr std::size_t kMostAxes = 8;

struct TypeName {
  std::string_view name;
  at::ScalarType type;
};
constexpr std::array kTypes{TypeName{"F64", at::kDouble},    TypeName{"F32", at::kFloat}, TypeName{"F16", at::kHalf},
                            TypeName{"BF16", at::kBFloat16}, TypeName{"I64", at::kLong},  TypeName{"I32", at::kInt},
                            TypeName{"U8", at::kByte}};

std::string type_names() {
  std::vector<std::string> names;
  for (const TypeName& row : kTypes) names.emplace_back(row.name);
  return base::either(names);
}

std::string_view name_of(at::ScalarType type, const std::string& tensor) {
  const auto found = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeName& row) { return row.type == type; });
  if (found == kTypes.end())
    throw base::Error(fmt::format("tensor '{}' is of type {}, which safetensors files of weft do not hold", tensor,
                                  c10::toString(type)));
  return found->name;
}

// The header, padded with spaces so that the data begins at a multiple of 8 bytes.
std::string header_of(const TensorFile& file) {
  Json header = Json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : file.tensors) {
    if (header.contains(name) || name == "__metadata__")
      throw base::Error(fmt::format("two tensors are named '{}'", name));
    const std::uint64_t end = offset + tensor.nbytes();
    header[name] = {{"dtype", name_of(tensor.scalar_type(), name)},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

// Reads one file from its start to its end.
class Reader {
 public:
  explicit Reader(const base::fs::path& path) : path_(path), stream_(path, std::ios::binary) {
    std::error_code code;
    if (!base::fs::is_regular_file(path, code)) fail("no such file");
    size_ = base::fs::file_size(path, code);
    if (code || !stream_) fail(std::string("cannot be read: ") + std::strerror(errno));
  }

  TensorFile run() {
    const Json header = read_header();
    TensorFile file;
    std::vector<Entry> entries;
    for (const auto& [name, value] : header.items()) {
      if (name == "__metadata__") {
        file.metadata = read_metadata(value);
      } else {
        entries.push_back(read_entry(name, value));
      }
    }
    check_layout(entries);
    for (const Entry& entry : entries) file.tensors.emplace_back(entry.name, read_tensor(entry));
    return file;
  }

 private:
  struct Entry {
    std::string name;
    at::ScalarType type;
    std::vector<std::int64_t> shape;
    std::uint64_t begin, end;
  };

  [[noreturn]] void fail(const std::string& what) const { throw base::Error(what, path_.string()); }
  [[noreturn]] void fail(const std::string& tensor, const std::string& what) const {
    fail("tensor " + base::quote(tensor) + ": " + what);
  }

  void read(void* to, std::uint64_t bytes) {
    stream_.read(static_cast<char*>(to), static_cast<std::streamsize>(bytes));
    if (!stream_) fail("ends before its tensors do");
  }

  Json read_header() {
    if (size_ < 8) fail("is no safetensors file: it has fewer than 8 bytes");
    std::uint64_t length = 0;
    read(&length, 8);
    if (length > size_ - 8) fail(fmt::format("is no safetensors file: a header of {} bytes does not fit", length));
    if (length > kMostHeader) fail(fmt::format("its header has {} bytes; weft reads at most {}", length, kMostHeader));
    std::string text(length, '\0');
    read(text.data(), length);
    data_ = size_ - 8 - length;
    auto header = base::parse_json(text, 4);
    if (!header) fail("its header is " + header.error());
    if (!header->is_object()) fail("its header is no JSON object");
    return std::move(*header);
  }

  std::map<std::string, std::string> read_metadata(const Json& value) const {
    std::map<std::string, std::string> metadata;
    if (!value.is_object()) fail("__metadata__ is no JSON object");
    for (const auto& [name, text] : value.items()) {
      if (!text.is_string()) fail("__metadata__ holds something other than text at " + base::quote(name));
      metadata[name] = text.get<std::string>();
    }
    return metadata;
  }

  std::uint64_t whole(const std::string& tensor, const Json& value, const char* what) const {
    if (!value.is_number_unsigned()) fail(tensor, fmt::format("{} must be a whole number, 0 or more", what));
    return value.get<std::uint64_t>();
  }

  Entry read_entry(const std::string& name, const Json& value) const {
    const auto is_list = [&](const char* key) { return value.contains(key) && value.at(key).is_array(); };
    if (!value.is_object() || value.size() != 3 || !is_list("shape") || !is_list("data_offsets") ||
        !value.contains("dtype") || !value.at("dtype").is_string() || value.at("data_offsets").size() != 2)
      fail(name, "expected {\"dtype\": ..., \"shape\": [...], \"data_offsets\": [begin, end]}");
    const auto dtype = value.at("dtype").get<std::string>();
    const auto row = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeName& one) { return one.name == dtype; });
    if (row == kTypes.end()) fail(name, "type " + base::quote(dtype) + "; expected " + type_names());
    Entry entry{name,
                row->type,
                {},
                whole(name, value.at("data_offsets")[0], "an offset"),
                whole(name, value.at("data_offsets")[1], "an offset")};
    if (value.at("shape").size() > kMostAxes) fail(name, fmt::format("has more than {} axes", kMostAxes));
    std::uint64_t bytes = c10::elementSize(row->type);
    for (const Json& axis : value.at("shape")) {
      const std::uint64_t size = whole(name, axis, "a size");
      if (size > data_ || __builtin_mul_overflow(bytes, size, &bytes)) fail(name, "its shape is larger than the file");
      entry.shape.push_back(static_cast<std::int64_t>(size));
    }
    if (entry.begin > entry.end || entry.end > data_)
      fail(name, fmt::format("bytes {} to {} do not lie in the {} bytes of data", entry.begin, entry.end, data_));
    if (bytes != entry.end - entry.begin)
      fail(name, fmt::format("its shape needs {} bytes, its offsets hold {}", bytes, entry.end - entry.begin));
    return entry;
  }

  // Sorts by offset: as the format wants it, tensors follow one another without a gap or an overlap up to the end.
  void check_layout(std::vector<Entry>& entries) const {
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::uint64_t at = 0;
    for (const Entry& entry : entries) {
      if (entry.begin != at)
        fail(entry.name, fmt::format("begins at byte {}; the tensor before it ends at {}", entry.begin, at));
      at = entry.end;
    }
    if (at != data_) fail(fmt::format("has {} bytes of data, of which its tensors are {}", data_, at));
  }

  at::Tensor read_tensor(const Entry& entry) {
    at::Tensor tensor = at::empty(entry.shape, at::TensorOptions().dtype(entry.type));
    read(tensor.data_ptr(), entry.end - entry.begin);
    return tensor;
  }

  base::fs::path path_;
  std::ifstream stream_;
  std::uint64_t size_ = 0, data_ = 0;
};

}  // namespace

void write_safetensors(const base::fs::path& path, const TensorFile& file) {
  const std::string header = header_of(file);
  const std::uint64_t length = header.size();
  const base::fs::path partial = path.string() + ".partial";
  std::ofstream out(partial, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(&length), 8);
  out.write(header.data(), static_cast<std::streamsize>(length));
  for (const auto& [name, tensor] : file.tensors) {
    const at::Tensor plain = tensor.detach().to(at::kCPU).contiguous();
    out.write(static_cast<const char*>(plain.data_ptr()), static_cast<std::streamsize>(plain.nbytes()));
  }
  out.close();
  std::error_code code;
  if (out) base::fs::rename(partial, path, code);
  if (!out || code) {
    const std::string reason = code ? code.message() : std::strerror(errno);
    base::fs::remove(partial, code);
    throw base::Error("cannot be written: " + reason, path.string());
  }
}

TensorFile read_safetensors(const base::fs::path& path) {
  return Reader(path).run();
}

}  // namespace weft::net
