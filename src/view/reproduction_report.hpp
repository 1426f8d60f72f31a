// What reproducing a published comparison came to, for a terminal, as a page, and as data.
#pragma once

#include <string>

#include "search/reproduction.hpp"

namespace weft::view {

enum class ReproductionFormat { text, html, json };

/// Text in lines of at most `width` columns where the numbers allow it.
std::string render_reproduction(const search::Reproduction& done, ReproductionFormat format, std::size_t width = 80);

}  // namespace weft::view
