#include "base/yaml.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "base/text.hpp"

namespace weft::base {
namespace {

constexpr int kMaxNodes = 50'000;
constexpr std::size_t kMaxDepth = 32;
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

Json scalar(const std::string& tag, const std::string& text) {
  if (tag == "!" || tag == "tag:yaml.org,2002:str") return text;  // quoted
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

// Builds the value from the parser's events: yaml-cpp's own nodes would be made before any limit could be kept.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(Document& document) : document_(document) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { put(mark, anchor, nullptr); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (wants_key()) return set_key(mark, text);
    bytes_ += text.size();
    if (!is_utf8(text)) throw Error("is not UTF-8 text", mark_text(document_.file, mark));
    put(mark, anchor, scalar(tag, text));
  }

  // An alias is a copy, and costs what its value costs.
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) throw Error("an alias stands inside its own anchor", mark_text(document_.file, mark));
    bytes_ += found->second.bytes;
    nodes_ += found->second.nodes;
    check_size(mark);
    put(mark, YAML::NullAnchor, found->second.value);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, Json::array());
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, Json::object());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Json value;
    std::string pointer;
    YAML::Mark mark;
    YAML::anchor_t anchor;
    int nodes;             // when it was opened
    std::uintmax_t bytes;  // when it was opened
    std::string key = {};  // of a map, while its value is awaited
    bool has_key = false;
  };
  struct Anchored {
    Json value;
    int nodes;
    std::uintmax_t bytes;
  };

  bool wants_key() const { return !open_.empty() && open_.back().value.is_object() && !open_.back().has_key; }

  void set_key(const YAML::Mark& mark, const std::string& key) {
    Open& map = open_.back();
    const auto fail = [&](const std::string& what) { throw Error(what, mark_text(document_.file, mark)); };
    if (key.size() > kMaxKey) fail("a key has at most 200 bytes");
    if (!is_utf8(key)) fail("is not UTF-8 text");
    if (one_line(key) != key) fail("a key has no line ends and no control characters");
    if (map.value.size() == kMaxKeys) fail("has more than 2000 keys");
    if (map.value.contains(key)) fail("key " + quote(key) + " stands here twice");
    map.key = key;
    map.has_key = true;
    document_.marks[map.pointer + "/" + key] = mark_text(document_.file, mark);
  }

  // The pointer of the value that comes next.
  std::string place(const YAML::Mark& mark) {
    if (wants_key()) throw Error("a key must be a plain word", mark_text(document_.file, mark));
    ++nodes_;
    check_size(mark);
    if (open_.empty()) return "";
    const Open& around = open_.back();
    return around.pointer + "/" + (around.has_key ? around.key : std::to_string(around.value.size()));
  }

  void check_size(const YAML::Mark& mark) const {
    if (nodes_ > kMaxNodes) throw Error("has more than 50,000 values", mark_text(document_.file, mark));
    if (bytes_ > kMaxBytes) throw Error("has more than 4 MiB of text", mark_text(document_.file, mark));
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, Json empty) {
    const int nodes = nodes_;
    std::string pointer = place(mark);
    document_.marks.try_emplace(pointer, mark_text(document_.file, mark));
    if (open_.size() >= kMaxDepth) throw document_.error(pointer, "is nested more than 32 deep");
    open_.push_back({std::move(empty), std::move(pointer), mark, anchor, nodes, bytes_});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != YAML::NullAnchor) {
      // Its place is counted again where an alias stands.
      anchored_[done.anchor] = {done.value, nodes_ - done.nodes - 1, bytes_ - done.bytes};
    }
    add(std::move(done.value));
  }

  void put(const YAML::Mark& mark, YAML::anchor_t anchor, Json value) {
    document_.marks.try_emplace(place(mark), mark_text(document_.file, mark));
    if (anchor != YAML::NullAnchor)
      anchored_[anchor] = {value, 0, value.is_string() ? value.get_ref<std::string&>().size() : 0};
    add(std::move(value));
  }

  void add(Json value) {
    if (open_.empty()) {
      document_.value = std::move(value);
    } else if (Open& around = open_.back(); around.has_key) {
      around.value[around.key] = std::move(value);
      around.has_key = false;
    } else {
      around.value.push_back(std::move(value));
    }
  }

  Document& document_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchored_;
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

namespace {

// What most often stands behind a message of the YAML parser.
std::string hint(std::string_view text, const std::string& message) {
  const std::vector<std::string> lines = split_lines(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t first = lines[i].find_first_not_of(' ');
    if (first != std::string::npos && lines[i][first] == '\t')
      return " (line " + std::to_string(i + 1) + " is indented with a tab; YAML wants spaces)";
  }
  const bool open = message.find("not found") != std::string::npos || message.find("illegal") != std::string::npos;
  return open ? " (look for a missing bracket or a wrong indent there or just above)" : "";
}

}  // namespace

Document parse_yaml(std::string_view text, const std::string& file) {
  Document document{.value = nullptr, .file = file, .marks = {}};
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder(document);
    if (!parser.HandleNextDocument(builder)) return document;
    Document other{.value = nullptr, .file = file, .marks = {}};
    Builder rest(other);
    // yaml-cpp takes what cannot follow a document as the start of another, some of it without end.
    if (parser.HandleNextDocument(rest))
      throw Error("has more than one YAML document; one was expected", other.where(""));
  } catch (const YAML::Exception& error) {
    throw Error("is not YAML: " + one_line(error.msg) + hint(text, error.msg), mark_text(file, error.mark));
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
