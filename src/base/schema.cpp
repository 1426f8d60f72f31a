#include "base/schema.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "base/files.hpp"
#include "base/text.hpp"

namespace weft::base {
namespace {

std::string shown(const Json& value) {
  return shorten(value.dump(-1, ' ', false, Json::error_handler_t::replace), 60);
}

std::string key_of(const std::string& pointer) {
  return pointer.empty() ? "the file" : quote(pointer.substr(pointer.rfind('/') + 1));
}

// "'depth' is 3", or for an element of a list "'range' has 3 as its value 2".
std::string stands(const std::string& pointer, const Json& value) {
  const std::size_t slash = pointer.rfind('/');
  const std::string last = slash == std::string::npos ? "" : pointer.substr(slash + 1);
  constexpr std::size_t kDigits = 6;  // longer is a key: a file has no such list
  if (last.empty() || last.size() > kDigits || last.find_first_not_of("0123456789") != std::string::npos)
    return key_of(pointer) + " is " + shown(value);
  return key_of(pointer.substr(0, slash)) + " has " + shown(value) + " as its value " +
         std::to_string(std::stoul(last) + 1);
}

bool is_whole(double value) {
  return std::abs(value) < 0x1p53 && value == std::floor(value);
}

bool has_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "number") return value.is_number();
  if (type == "null") return value.is_null();
  return type == "integer" && (value.is_number_integer() || (value.is_number_float() && is_whole(value.get<double>())));
}

std::vector<std::string> types_of(const Json& schema) {
  if (!schema.contains("type")) return {};
  const Json& type = schema.at("type");
  return type.is_array() ? type.get<std::vector<std::string>>() : std::vector<std::string>{type.get<std::string>()};
}

// "200k", "1.5M" (thousands); "256MB", "1GiB" (bytes). Returns false where the text is no such number.
bool read_scaled(const std::string& text, const std::string& format, std::int64_t& number) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || !(value >= 0)) return false;
  const std::string unit(end, text.data() + text.size());
  static constexpr std::array<std::pair<const char*, double>, 5> kCounts{
      {{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}}};
  static constexpr std::array<std::pair<const char*, double>, 8> kBytes{
      {{"", 1}, {"B", 1}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}}};
  const auto scale = [&](const auto& units) {
    for (const auto& [name, size] : units) {
      if (unit == name) return size;
    }
    return 0.0;
  };
  const double size = format == "bytes" ? scale(kBytes) : scale(kCounts);
  const double scaled = value * size, whole = std::round(scaled);
  // "1.001M" is a little less than whole in binary.
  if (size == 0 || !(scaled < 9e15) || std::abs(scaled - whole) > 1e-12 * scaled) return false;
  number = static_cast<std::int64_t>(whole);
  return true;
}

constexpr std::size_t kEndless = std::size_t{1} << 30U;

class Checker {
 public:
  Checker(const Json& root, const Document& document) : root_(root), document_(document) {}

  Json check(const Json& given, const Json& value, const std::string& pointer) const {
    const Json& schema = alternative(resolve(given), value, pointer);
    if (schema.contains("const") && value != schema.at("const")) fail(pointer, value, shown(schema.at("const")));
    if (schema.contains("enum")) check_enum(schema.at("enum"), value, pointer);
    if (schema.contains("format") && value.is_string()) return scaled(schema, value, pointer);
    if (value.is_string() && is_choice(schema)) {
      return object(schema, Json{{value.get<std::string>(), Json::object()}}, pointer);
    }
    check_type(schema, value, pointer);
    if (value.is_number()) return number(schema, value, pointer);
    if (value.is_object()) return object(schema, value, pointer);
    if (value.is_array()) return array(schema, value, pointer);
    return value;
  }

 private:
  [[noreturn]] void fail(const std::string& pointer, const Json& value, const std::string& expected) const {
    throw document_.error(pointer, stands(pointer, value) + "; expected " + expected);
  }

  const Json& resolve(const Json& schema) const {
    if (!schema.contains("$ref")) return schema;
    return resolve(root_.at(Json::json_pointer(schema.at("$ref").get<std::string>().substr(1))));
  }

  static bool is_choice(const Json& schema) {
    return schema.contains("properties") && schema.value("maxProperties", 0) == 1 &&
           schema.value("minProperties", 0) == 1;
  }

  // Of anyOf, the first whose type the value has; a bare name goes to the choice it abbreviates.
  const Json& alternative(const Json& schema, const Json& value, const std::string& pointer) const {
    if (!schema.contains("anyOf")) return schema;
    std::vector<std::string> expected;
    for (const Json& entry : schema.at("anyOf")) {
      const Json& option = resolve(entry);
      if (value.is_string() && is_choice(option)) return option;
    }
    for (const Json& entry : schema.at("anyOf")) {
      const Json& option = resolve(entry);
      for (const std::string& type : types_of(option)) {
        if (has_type(value, type)) return option;
        expected.push_back(type);
      }
    }
    fail(pointer, value, either(expected));
  }

  void check_enum(const Json& values, const Json& value, const std::string& pointer) const {
    std::vector<std::string> names;
    for (const Json& known : values) {
      if (known == value) return;
      names.push_back(known.is_string() ? known.get<std::string>() : known.dump());
    }
    fail(pointer, value, either(names) + (value.is_string() ? did_you_mean(value.get<std::string>(), names) : ""));
  }

  Json scaled(const Json& schema, const Json& value, const std::string& pointer) const {
    const auto format = schema.at("format").get<std::string>();
    const auto types = types_of(schema);
    if (format != "count" && format != "bytes") {
      check_type(schema, value, pointer);
      return value;
    }
    std::int64_t number = 0;
    if (!read_scaled(value.get<std::string>(), format, number)) {
      fail(pointer, value, format == "bytes" ? "a size such as 256MB" : "a whole number such as 200k or 1.5M");
    }
    check_range(schema, number, pointer);
    return number;
  }

  void check_type(const Json& schema, const Json& value, const std::string& pointer) const {
    const auto types = types_of(schema);
    if (types.empty()) return;
    for (const std::string& type : types) {
      if (has_type(value, type)) return;
    }
    std::vector<std::string> names;
    for (const std::string& type : types) {
      names.push_back(type == "object"    ? "keys and values"
                      : type == "array"   ? "a list"
                      : type == "string"  ? "text"
                      : type == "integer" ? "a whole number"
                      : type == "number"  ? "a number"
                                          : type);
    }
    fail(pointer, value, either(names));
  }

  Json number(const Json& schema, const Json& value, const std::string& pointer) const {
    check_range(schema, value, pointer);
    const bool whole = value.is_number_float() && types_of(schema) == std::vector<std::string>{"integer"};
    return whole ? Json(value.get<std::int64_t>()) : value;
  }

  void check_range(const Json& schema, const Json& value, const std::string& pointer) const {
    const auto number = value.get<double>();
    if (schema.contains("minimum") && !(number >= schema.at("minimum").get<double>())) {
      fail(pointer, value, "at least " + schema.at("minimum").dump());
    }
    if (schema.contains("exclusiveMinimum") && !(number > schema.at("exclusiveMinimum").get<double>())) {
      fail(pointer, value, "more than " + schema.at("exclusiveMinimum").dump());
    }
    if (schema.contains("maximum") && !(number <= schema.at("maximum").get<double>())) {
      fail(pointer, value, "at most " + schema.at("maximum").dump());
    }
  }

  Json object(const Json& schema, const Json& value, const std::string& pointer) const {
    const Json none = Json::object();
    const Json& properties = schema.contains("properties") ? schema.at("properties") : none;
    std::vector<std::string> known;
    for (const auto& [key, member] : properties.items()) known.push_back(key);
    Json filled = Json::object();
    for (const auto& [key, member] : value.items()) {
      const std::string below = pointer + "/" + key;
      if (properties.contains(key)) {
        filled[key] = check(properties.at(key), member.is_null() ? empty_for(properties.at(key)) : member, below);
      } else if (const Json extra = schema.value("additionalProperties", Json(true)); extra.is_object()) {
        filled[key] = check(extra, member, below);
      } else if (extra.get<bool>()) {
        filled[key] = member;
      } else {
        throw document_.error(
            below, "unknown key " + quote(key) + "; known here: " + join(known, ", ") + did_you_mean(key, known));
      }
    }
    check_object_size(schema, value, known, pointer);
    for (const auto& [key, member] : properties.items()) {
      if (!filled.contains(key) && resolve(member).contains("default")) {
        filled[key] = check(member, resolve(member).at("default"), pointer + "/" + key);
      }
    }
    return filled;
  }

  // "train:" with nothing behind it means its defaults.
  Json empty_for(const Json& given) const {
    const Json& schema = resolve(given);
    for (const std::string& type : types_of(schema)) {
      if (type == "object") return Json::object();
    }
    return nullptr;
  }

  void check_object_size(const Json& schema, const Json& value, const std::vector<std::string>& known,
                         const std::string& pointer) const {
    for (const Json& key : schema.value("required", Json::array())) {
      if (!value.contains(key.get<std::string>())) {
        throw document_.error(pointer, key_of(pointer) + " needs the key '" + key.get<std::string>() + "'");
      }
    }
    const std::size_t most = schema.value("maxProperties", kEndless),
                      least = schema.value("minProperties", std::size_t{0});
    if (value.size() >= least && value.size() <= most) return;
    const std::string keys = least == 1 ? " key" : " keys";
    fail(pointer, value,
         least == 1 && most == 1 ? "exactly one of " + either(known)
         : most == kEndless      ? "at least " + std::to_string(least) + keys
                                 : std::to_string(least) + " to " + std::to_string(most) + " keys");
  }

  Json array(const Json& schema, const Json& value, const std::string& pointer) const {
    if (value.size() < schema.value("minItems", std::size_t{0})) {
      fail(pointer, value, "at least " + schema.at("minItems").dump() + " values");
    }
    if (value.size() > schema.value("maxItems", kEndless)) {
      fail(pointer, value, "at most " + schema.at("maxItems").dump() + " values");
    }
    if (!schema.contains("items")) return value;
    Json list = Json::array();
    for (std::size_t i = 0; i < value.size(); ++i) {
      list.push_back(check(schema.at("items"), value[i], pointer + "/" + std::to_string(i)));
    }
    return list;
  }

  const Json& root_;
  const Document& document_;
};

}  // namespace

Json load_schema(const std::string& name) {
  const fs::path path = home() / "schemas" / (name + ".schema.json");
  auto schema = parse_json(read_file(path));
  if (!schema) throw Error(schema.error(), path.string());
  return std::move(*schema);
}

Json check(const Json& schema, const Document& document) {
  return Checker(schema, document).check(schema, document.value, "");
}

}  // namespace weft::base
