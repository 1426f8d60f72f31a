#include "llm/fields.hpp"

#include <algorithm>

namespace weft::llm {
namespace {

// More than any server counts, and few enough to be added up.
constexpr std::int64_t kMostTokens = 1'000'000'000'000;

const base::Json kNull;

}  // namespace

const base::Json& find(const base::Json& value, std::initializer_list<const char*> path) {
  const base::Json* at = &value;
  for (const char* key : path) {
    if (!at->is_object() || !at->contains(key)) return kNull;
    at = &at->at(key);
  }
  return *at;
}

std::string find_text(const base::Json& value, std::initializer_list<const char*> path) {
  const base::Json& found = find(value, path);
  return found.is_string() ? found.get<std::string>() : "";
}

std::int64_t find_count(const base::Json& value, std::initializer_list<const char*> path) {
  const base::Json& found = find(value, path);
  return found.is_number_integer() ? std::clamp<std::int64_t>(found.get<std::int64_t>(), 0, kMostTokens) : 0;
}

}  // namespace weft::llm
