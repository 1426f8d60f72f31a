// Reads members of a server's JSON, which may have any form. Called by the providers and the retry layer. Any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "base/json.hpp"

namespace weft::llm {

/// The member of `value` that a path of keys leads to, or null.
const base::Json& find(const base::Json& value, std::initializer_list<const char*> path);
/// The same as text, or as a count: empty and 0 where it is none.
std::string find_text(const base::Json& value, std::initializer_list<const char*> path);
std::int64_t find_count(const base::Json& value, std::initializer_list<const char*> path);

}  // namespace weft::llm
