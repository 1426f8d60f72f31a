#include "base/json.hpp"

#include <cmath>
#include <vector>

namespace weft::base {
namespace {

constexpr int kMaxKeys = 2000;

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

// A parser's callback that refuses what would cost too much: objects find their keys one by one.
class Guard {
 public:
  explicit Guard(int max_depth) : max_depth_(max_depth), keys_(static_cast<std::size_t>(max_depth) + 2) {}

  bool keep(int depth, Json::parse_event_t event) {
    const bool opens = event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (opens && depth >= max_depth_) refused_ = "JSON is nested more than " + std::to_string(max_depth_) + " deep";
    if (!refused_.empty()) return false;
    if (event == Json::parse_event_t::object_start) keys_[static_cast<std::size_t>(depth) + 1] = 0;
    if (event == Json::parse_event_t::key && ++keys_[static_cast<std::size_t>(depth)] > kMaxKeys)
      refused_ = "a JSON object has more than " + std::to_string(kMaxKeys) + " keys";
    return refused_.empty();
  }
  const std::string& refused() const { return refused_; }

 private:
  int max_depth_;
  std::vector<int> keys_;  // of the open object at each depth
  std::string refused_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, int max_depth) {
  Guard guard(max_depth);
  try {
    Json value =
        Json::parse(text, [&](int depth, Json::parse_event_t event, Json&) { return guard.keep(depth, event); });
    if (!guard.refused().empty()) return failure(guard.refused());
    return value;
  } catch (const Json::parse_error& error) {
    return failure(guard.refused().empty() ? "not JSON: error at byte " + std::to_string(error.byte) : guard.refused());
  } catch (const Json::out_of_range&) {
    return failure("not JSON: a number is too large");
  }
}

std::string canonical_text(const Json& value) {
  return canonical(value).dump();
}

}  // namespace weft::base
