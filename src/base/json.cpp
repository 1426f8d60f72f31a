#include "base/json.hpp"

#include <cmath>

namespace weft::base {
namespace {

nlohmann::json canonical(const Json& value) {
  if (value.is_object()) {
    auto sorted = nlohmann::json::object();
    for (const auto& [key, member] : value.items()) sorted[key] = canonical(member);
    return sorted;
  }
  if (value.is_array()) {
    auto list = nlohmann::json::array();
    for (const Json& element : value) list.push_back(canonical(element));
    return list;
  }
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    if (std::abs(number) < 0x1p53 && number == std::floor(number)) return static_cast<std::int64_t>(number);
    return number;
  }
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return nullptr;
}

}  // namespace

Result<Json> parse_json(std::string_view text, int max_depth) {
  bool too_deep = false;
  const auto guard = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > max_depth;
    return !too_deep;
  };
  try {
    Json value = Json::parse(text, guard);
    if (too_deep) return failure("JSON is nested more than " + std::to_string(max_depth) + " deep");
    return value;
  } catch (const Json::parse_error& error) {
    return failure("not JSON: error at byte " + std::to_string(error.byte));
  } catch (const Json::out_of_range&) {
    return failure("not JSON: a number in it is too large");
  }
}

std::string canonical_text(const Json& value) {
  return canonical(value).dump();
}

}  // namespace weft::base
