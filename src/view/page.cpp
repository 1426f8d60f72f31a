#include "view/page.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/template.hpp"

namespace weft::view {
namespace {

using base::Json;

// plotly.js as the set-up script brought it.
std::string chart_library() {
  std::error_code code;
  for (const auto& python : base::fs::directory_iterator(base::home() / ".venv" / "lib", code)) {
    const base::fs::path file = python.path() / "site-packages" / "plotly" / "package_data" / "plotly.min.js";
    if (base::fs::exists(file)) return base::read_file(file);
  }
  throw base::Error("no plotly.min.js below " + (base::home() / ".venv").string() + "; run scripts/setup.sh");
}

}  // namespace

std::string render_page(const std::string& name, Json data) {
  const std::string file = name + ".mustache";
  data["style"] = base::read_file(base::home() / "templates" / "page.css");
  data["library"] = chart_library();
  return base::render(base::read_file(base::home() / "templates" / file), "templates/" + file, data,
                      base::Escape::html);
}

std::string script_json(const Json& value) {
  std::string text;
  for (const char c : value.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    if (c == '<' || c == '>' || c == '&') {
      text += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace weft::view
