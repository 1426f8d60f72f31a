// The report of a study of rankings: one self-contained HTML page, text for a terminal, or the numbers as JSON.
#pragma once

#include <string>

#include "search/rank_study.hpp"

namespace weft::view {

enum class RankFormat { text, html, json };

/// `width`: columns of the text; below 40 it is taken as 40. Throws Error where the study does not hold together
/// (RankStudy::check), or where the template or the chart library is missing.
std::string render_rank(const search::RankStudy& study, RankFormat format, std::size_t width = 80);

}  // namespace weft::view
