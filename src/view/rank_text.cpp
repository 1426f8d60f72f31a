#include "view/rank_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "view/text_table.hpp"

namespace weft::view {
namespace {

using search::Estimate;
using search::Ranking;

std::string two_places(const std::optional<Estimate>& estimate) {
  return estimate ? fmt::format("{:.2f}", estimate->value) : "-";
}

std::string interval(const std::optional<Estimate>& estimate) {
  if (!estimate || !estimate->interval) return "-";
  return fmt::format("{:.2f} to {:.2f}", estimate->interval->low, estimate->interval->high);
}

std::string verdict(const Ranking& ranking) {
  return ranking.name == "params" ? "baseline" : search::to_text(ranking.beats_params());
}

std::vector<std::string> quality(const Ranking& ranking) {
  return {base::one_line(ranking.name), two_places(ranking.tau), interval(ranking.tau), two_places(ranking.rho)};
}

std::vector<std::string> regrets(const std::vector<search::Regret>& list, const RegretForm& form) {
  std::vector<std::string> cells;
  for (const search::Regret& regret : list) cells.push_back(form(regret.absolute.value));
  return cells;
}

std::vector<std::string> regret_heads(const search::RankSummary& summary) {
  std::vector<std::string> heads;
  for (const search::Regret& regret : summary.random) heads.push_back(fmt::format("regret@{}", regret.k));
  return heads;
}

std::vector<std::string> together(std::vector<std::string> cells, const std::vector<std::string>& more) {
  cells.insert(cells.end(), more.begin(), more.end());
  return cells;
}

const std::vector<std::string> kHeads{"predictor", "tau", "95 %", "rho"};

TextTable one_table(const search::RankSummary& summary) {
  const RegretForm form(summary);
  TextTable table;
  table.add(together(together(kHeads, regret_heads(summary)), {"> params"}));
  for (const Ranking& one : summary.rankings)
    table.add(together(together(quality(one), regrets(one.regrets, form)), {verdict(one)}));
  table.add(together(together({"random", "0.00", "", "0.00"}, regrets(summary.random, form)), {""}));
  return table;
}

std::string two_tables(const search::RankSummary& summary, std::size_t width) {
  const RegretForm form(summary);
  TextTable above, below;
  above.add(together(kHeads, {"> params"}));
  below.add(together({"predictor"}, regret_heads(summary)));
  for (const Ranking& one : summary.rankings) {
    above.add(together(quality(one), {verdict(one)}));
    below.add(together({base::one_line(one.name)}, regrets(one.regrets, form)));
  }
  below.add(together({"random"}, regrets(summary.random, form)));
  return above.text(width) + "\n" + below.text(width);
}

std::string of_the_truth(const search::RankSummary& summary) {
  if (!summary.halves) return "With one seed it cannot be said how well the truth agrees with itself.";
  const auto& interval = summary.halves->interval;
  return fmt::format(
      "The truth itself: one half of the seeds ranks as the other does with tau {:.2f}{}. From that, a predictor that "
      "knew the truth without noise would reach about {:.2f}.",
      summary.halves->value, interval ? fmt::format(" ({:.2f} to {:.2f})", interval->low, interval->high) : "",
      *summary.ceiling);
}

}  // namespace

RegretForm::RegretForm(const search::RankSummary& summary) {
  double largest = 0;
  for (const search::Regret& regret : summary.random) largest = std::max(largest, regret.absolute.value);
  for (const Ranking& one : summary.rankings) {
    for (const search::Regret& regret : one.regrets) largest = std::max(largest, regret.absolute.value);
  }
  places_ = largest > 0 ? std::clamp(2 - static_cast<int>(std::floor(std::log10(largest))), 0, 9) : 0;
}

std::string RegretForm::operator()(double regret) const {
  return fmt::format("{:.{}f}", regret, places_);
}

std::string rank_subject(const search::RankStudy& study, const search::RankSummary& summary) {
  const std::string seeds = summary.fewest_seeds == summary.most_seeds
                                ? fmt::format("{} seed{} each", summary.most_seeds, summary.most_seeds == 1 ? "" : "s")
                                : fmt::format("{} to {} seeds each", summary.fewest_seeds, summary.most_seeds);
  return fmt::format("{} genomes, {}; {}, {} is better", summary.genomes, seeds, base::one_line(study.metric),
                     study.minimize ? "lower" : "higher");
}

std::vector<std::string> rank_notes(const search::RankStudy& study, const search::RankSummary& summary) {
  std::vector<std::string> notes{
      "tau (Kendall's): of all pairs of genomes, the share that a predictor orders as stand-alone training does, minus "
      "the share that it orders the other way. 1 is perfect, 0 is chance. rho is Spearman's.",
      fmt::format("regret@k: what is lost, in {}, by training only the k genomes that the predictor puts first.",
                  base::one_line(study.metric)),
      "Beats params (> params): whether its tau is above that of sorting by parameters, which costs nothing; unclear "
      "where the "
      "interval of the difference holds 0.",
      of_the_truth(summary)};
  notes.push_back(
      summary.resamples > 0
          ? fmt::format("Intervals: 95 % of {} draws of genomes and, within each, of seeds.", summary.resamples)
          : fmt::format("No intervals: they need {} genomes.", search::kFewestForIntervals));
  return notes;
}

std::string rank_text(const search::RankStudy& study, const search::RankSummary& summary, std::size_t width) {
  const TextTable table = one_table(summary);
  std::string text = wrapped(base::one_line(study.name), width) + wrapped(rank_subject(study, summary), width) + "\n" +
                     (table.width() <= width ? table.text(width) : two_tables(summary, width));
  for (const std::string& note : rank_notes(study, summary)) text += "\n" + wrapped(note, width);
  return text;
}

}  // namespace weft::view
