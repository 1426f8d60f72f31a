// JSON as weft uses it: keys keep their order for people, and one canonical text for identities.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.hpp"

namespace weft::base {

using Json = nlohmann::ordered_json;

/// Parses untrusted text: at most `max_depth` levels deep and 2000 keys an object. The error is one line without the
/// text's content.
Result<Json> parse_json(std::string_view text, int max_depth = 64);

/// The same value always gives this text: keys sorted, no white space, whole floats as integers (4 and 4.0 are one).
std::string canonical_text(const Json& value);

}  // namespace weft::base
