// What the HTML pages share: they are one file each, with the style and plotly.js inside, so that they need no network.
#pragma once

#include <string>

#include "base/json.hpp"

namespace weft::view {

/// templates/<name>.mustache filled from `data`, escaped; {{{style}}} is templates/page.css and {{{library}}}
/// plotly.js. Throws Error where a file is missing.
std::string render_page(const std::string& name, base::Json data);

/// JSON that may stand inside a <script>: no text in it can end the element.
std::string script_json(const base::Json& value);

}  // namespace weft::view
