// Mustache templates filled from JSON: prompts and reports.
#pragma once

#include <string>

#include "base/json.hpp"

namespace weft::base {

enum class Escape { none, html };

/// Fills `text`. Prompts escape nothing, reports escape HTML. Throws Error naming `name` for a template that does not
/// parse.
std::string render(const std::string& text, const std::string& name, const Json& data, Escape escape);

}  // namespace weft::base
