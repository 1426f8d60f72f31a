// A study of rankings for a terminal; and the words that text and page share.
#pragma once

#include <string>
#include <vector>

#include "search/rank_summary.hpp"

namespace weft::view {

/// "40 genomes, 2 seeds each; val_loss, lower is better".
std::string rank_subject(const search::RankStudy& study, const search::RankSummary& summary);

/// What the numbers mean and how sure they are, a paragraph each.
std::vector<std::string> rank_notes(const search::RankStudy& study, const search::RankSummary& summary);

/// Regrets with one number of decimal places: three digits of the largest of a study.
class RegretForm {
 public:
  explicit RegretForm(const search::RankSummary& summary);
  std::string operator()(double regret) const;

 private:
  int places_ = 0;
};

/// Tables and notes in lines of at most `width` columns.
std::string rank_text(const search::RankStudy& study, const search::RankSummary& summary, std::size_t width);

}  // namespace weft::view
