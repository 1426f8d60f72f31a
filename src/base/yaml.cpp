#include "base/yaml.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include <yaml-cpp/yaml.h>

#include "base/text.hpp"

namespace weft::base {
namespace {

constexpr int kMaxNodes = 50'000;
constexpr int kMaxDepth = 32;
constexpr std::uintmax_t kMaxBytes = 4U << 20U;
constexpr std::size_t kMaxKeys = 2000;  // of one map: they are found one by one
constexpr std::size_t kMaxKey = 200;

std::string mark_text(const std::string& file, const YAML::Mark& mark) {
  if (mark.line < 0) return file;
  return file + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

template <class T>
bool read_number(std::string_view text, T& value) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

Json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str") return text;  // quoted
  static const std::set<std::string> kNull{"", "~", "null", "Null", "NULL"}, kTrue{"true", "True", "TRUE"},
      kFalse{"false", "False", "FALSE"};
  if (kNull.contains(text)) return nullptr;
  if (kTrue.contains(text)) return true;
  if (kFalse.contains(text)) return false;
  std::int64_t integer = 0;
  if (read_number(text, integer)) return integer;
  double real = 0;
  const bool numeric = text.find_first_of("0123456789") != std::string::npos &&
                       text.find_first_not_of("+-.0123456789eE") == std::string::npos;
  if (numeric && read_number(text, real) && std::isfinite(real)) return real;
  return text;
}

class Converter {
 public:
  explicit Converter(Document& document) : document_(document) {}

  Json convert(const YAML::Node& node, const std::string& pointer, int depth) {
    document_.marks.try_emplace(pointer, mark_text(document_.file, node.Mark()));
    if (++nodes_ > kMaxNodes) throw document_.error(pointer, "has more than 50,000 values");
    if (depth > kMaxDepth) throw document_.error(pointer, "is nested more than 32 deep");
    if (node.IsScalar()) return text_value(node, pointer);
    if (node.IsSequence()) {
      Json list = Json::array();
      for (const YAML::Node& element : node) {
        list.push_back(convert(element, pointer + "/" + std::to_string(list.size()), depth + 1));
      }
      return list;
    }
    return node.IsMap() ? map(node, pointer, depth) : Json(nullptr);
  }

 private:
  Json text_value(const YAML::Node& node, const std::string& pointer) {
    if ((bytes_ += node.Scalar().size()) > kMaxBytes) throw document_.error(pointer, "has more than 4 MiB of text");
    if (!is_utf8(node.Scalar())) throw document_.error(pointer, "is not UTF-8 text");
    return scalar(node);
  }

  Json map(const YAML::Node& node, const std::string& pointer, int depth) {
    Json object = Json::object();
    for (const auto& entry : node) {
      const std::string where = mark_text(document_.file, entry.first.Mark());
      if (!entry.first.IsScalar()) throw Error("a key must be a plain word", where);
      const std::string& key = entry.first.Scalar();
      if (key.size() > kMaxKey) throw Error("a key has at most 200 bytes", where);
      if (!is_utf8(key)) throw Error("is not UTF-8 text", where);
      if (object.size() == kMaxKeys) throw Error("has more than 2000 keys", where);
      if (object.contains(key)) throw Error("key " + quote(key) + " stands here twice", where);
      const std::string below = pointer + "/" + key;
      document_.marks[below] = where;
      object[key] = convert(entry.second, below, depth + 1);
    }
    return object;
  }

  Document& document_;
  int nodes_ = 0;
  std::uintmax_t bytes_ = 0;
};

}  // namespace

std::string Document::where(std::string pointer) const {
  while (true) {
    if (const auto found = marks.find(pointer); found != marks.end()) return found->second;
    if (pointer.empty()) return file;
    pointer.resize(pointer.rfind('/'));
  }
}

Document parse_yaml(std::string_view text, const std::string& file) {
  Document document{.value = nullptr, .file = file, .marks = {}};
  try {
    const auto nodes = YAML::LoadAll(std::string(text));
    if (nodes.size() > 1) throw Error("has more than one YAML document; one was expected", file);
    if (!nodes.empty()) document.value = Converter(document).convert(nodes[0], "", 0);
  } catch (const YAML::Exception& error) {
    throw Error("is not YAML: " + error.msg, mark_text(file, error.mark));
  }
  return document;
}

Document read_yaml(const fs::path& path) {
  return parse_yaml(read_file(path, kMaxBytes), path.string());
}

void set_value(Document& document, const std::string& assignment) {
  const std::string where = "--set " + assignment;
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) throw Error("expected key=value, as in search.trials=100", where);
  const Document parsed = parse_yaml(assignment.substr(equals + 1), where);
  std::string pointer;
  Json* place = &document.value;
  for (std::size_t start = 0; start <= equals;) {
    const std::size_t end = std::min(assignment.find('.', start), equals);
    const std::string key = assignment.substr(start, end - start);
    if (key.empty()) throw Error("has an empty key", where);
    // A bare name stands for an object with that one key (method: random), so it may be set below.
    if (place->is_string()) *place = Json{{place->get<std::string>(), Json::object()}};
    if (place->is_null()) *place = Json::object();
    if (!place->is_object()) throw Error(quote(pointer) + " holds no keys", where);
    pointer += "/" + key;
    document.marks[pointer] = where;
    place = &(*place)[key];
    start = end + 1;
  }
  *place = parsed.value;
  // What stood below is gone, and its marks with it.
  const auto below = document.marks.lower_bound(pointer + "/");
  document.marks.erase(below, std::find_if(below, document.marks.end(),
                                           [&](const auto& mark) { return !mark.first.starts_with(pointer + "/"); }));
}

}  // namespace weft::base
