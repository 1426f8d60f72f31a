#include "bench/records.hpp"

#include <zlib.h>

#include <map>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weft::bench {
namespace {

using base::Json;
using Value = nlohmann::json;  // sorted: an object of many keys is found in quickly

constexpr std::size_t kLargest = std::size_t{1} << 30U;  // bytes of a JSON file, unpacked
constexpr int kDeepest = 64;

// The whole file; unpacked where it is gzip's.
std::string read_unpacked(const base::fs::path& path) {
  if (!base::fs::is_regular_file(path)) throw base::Error("there is no such file", path.string());
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw base::Error("cannot be read", path.string());
  std::string text;
  std::vector<char> buffer(1U << 18U);
  int got = 0;
  while ((got = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0 && text.size() <= kLargest)
    text.append(buffer.data(), static_cast<std::size_t>(got));
  const bool closed = gzclose(file) == Z_OK;
  if (got < 0 || !closed) throw base::Error("is cut short or damaged", path.string());
  if (text.size() > kLargest) throw base::Error("is larger than 1 GiB when unpacked", path.string());
  return text;
}

// Python writes NaN, Infinity and -Infinity, which JSON does not have: null takes their place outside of texts.
std::string without_infinities(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  bool inside = false;
  for (std::size_t i = 0; i < text.size();) {
    const auto skip = [&](std::string_view token) {
      if (inside || text.substr(i, token.size()) != token) return false;
      plain += "null";
      i += token.size();
      return true;
    };
    if (skip("-Infinity") || skip("Infinity") || skip("NaN")) continue;
    if (inside && text[i] == '\\' && i + 1 < text.size()) {
      plain += text[i++];
    } else if (text[i] == '"') {
      inside = !inside;
    }
    plain += text[i++];
  }
  return plain;
}

Value parse(std::string_view given, const std::string& where) {
  const std::string text = without_infinities(given);
  bool deep = false;
  const auto keep = [&](int depth, Value::parse_event_t, const Value&) {
    deep = deep || depth > kDeepest;
    return !deep;
  };
  try {
    Value value = Value::parse(text, keep);
    if (deep) throw base::Error("is nested more than " + std::to_string(kDeepest) + " deep", where);
    return value;
  } catch (const Value::exception& error) {
    throw base::Error("is not JSON: " + base::one_line(base::shorten(error.what(), 160)), where);
  }
}

// The value at a path of keys and places; null where there is none.
Json at_path(const Value& record, const std::string& path) {
  const Value* here = &record;
  std::size_t start = 0;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string key = path.substr(start, end - start);
    start = end + 1;
    if (here->is_object() && here->contains(key)) {
      here = &here->at(key);
    } else if (here->is_array() && !key.empty() && key.size() < 9 && key.find_first_not_of("0123456789") == key.npos &&
               std::stoul(key) < here->size()) {
      here = &here->at(std::stoul(key));
    } else {
      return nullptr;
    }
  }
  if (here->is_string() && here->get_ref<const std::string&>().size() > kLongestCell) return nullptr;
  return Json(*here);
}

class JsonLines : public Records {
 public:
  explicit JsonLines(const base::fs::path& path) : path_(path.string()), text_(read_unpacked(path)) {}

  bool next() override {
    while (start_ < text_.size()) {
      const std::size_t end = std::min(text_.find('\n', start_), text_.size());
      const std::string_view line = base::trim(std::string_view(text_).substr(start_, end - start_));
      start_ = end + 1;
      ++line_;
      if (line.empty()) continue;
      record_ = parse(line, where());
      return true;
    }
    return false;
  }
  Json field(const std::string& name) const override { return at_path(record_, name); }
  std::string where() const override { return path_ + ": line " + std::to_string(line_); }

 private:
  std::string path_, text_;
  std::size_t start_ = 0;
  int line_ = 0;
  Value record_;
};

// The entries at a depth of one JSON value. The keys on the way to one are columns too.
class JsonEntries : public Records {
 public:
  JsonEntries(const base::fs::path& path, const std::string& each) : path_(path.string()) {
    whole_ = parse(read_unpacked(path), path_);
    std::vector<std::string> names;
    for (std::size_t start = 1; start < each.size();) {
      const std::size_t end = std::min(each.find('/', start), each.size());
      names.push_back(each.substr(start, end - start));
      start = end + 1;
    }
    collect(whole_, names, 0, {});
  }

  bool next() override { return ++place_ < entries_.size(); }
  Json field(const std::string& name) const override {
    const Entry& entry = entries_[place_];
    const auto key = entry.keys.find(name);
    return key == entry.keys.end() ? at_path(*entry.value, name) : Json(key->second);
  }
  std::string where() const override {
    std::string text = path_ + ": entry " + std::to_string(place_);
    for (const auto& [name, key] : entries_[place_].keys) text += ", " + name + " " + base::quote(key);
    return text;
  }

 private:
  struct Entry {
    const Value* value;
    std::map<std::string, std::string> keys;
  };

  void collect(const Value& value, const std::vector<std::string>& names, std::size_t depth,
               const std::map<std::string, std::string>& keys) {
    if (depth == names.size()) {
      entries_.push_back({&value, keys});
      return;
    }
    const std::string& name = names[depth];
    const bool named = name.size() > 2 && name.front() == '{' && name.back() == '}';
    if (!named) {
      if (!value.is_object() || !value.contains(name)) throw base::Error("has no " + base::quote(name), path_);
      collect(value.at(name), names, depth + 1, keys);
      return;
    }
    if (!value.is_object() && !value.is_array())
      throw base::Error("has a single value where entries of " + name + " were expected", path_);
    for (const auto& [key, member] : value.items()) {
      auto own = keys;
      own[name.substr(1, name.size() - 2)] = key;
      collect(member, names, depth + 1, own);
    }
  }

  std::string path_;
  Value whole_;
  std::vector<Entry> entries_;
  std::size_t place_ = static_cast<std::size_t>(-1);
};

}  // namespace

std::unique_ptr<Records> Records::open(const base::fs::path& path, const Format& format) {
  if (format.kind == "csv") return open_csv(path);
  if (format.kind == "parquet") return open_parquet(path);
  if (format.kind == "jsonl") return std::make_unique<JsonLines>(path);
  return std::make_unique<JsonEntries>(path, format.each);
}

}  // namespace weft::bench
