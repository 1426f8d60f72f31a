// A run's report, made from its summary: one self-contained HTML file, Markdown, or the summary itself as JSON.
#pragma once

#include <string>

#include "base/json.hpp"
#include "journal/journal.hpp"

namespace weft::view {

enum class Format { html, markdown, json };

/// Throws Error where the template, the chart library or Graphviz is missing.
std::string render_report(const journal::Journal& journal, Format format);

}  // namespace weft::view
