// A table's check, for a terminal, as a page, and as data.
#pragma once

#include <string>

#include "bench/curves.hpp"
#include "bench/validation.hpp"

namespace weft::view {

enum class TableFormat { text, html, json };

/// What check_table() says of a metric, and curve_errors() of its curve where the table has one named <metric>_curve.
std::string render_table_check(const bench::Table& table, const std::string& metric, TableFormat format,
                               std::size_t width = 80);

}  // namespace weft::view
