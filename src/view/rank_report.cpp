#include "view/rank_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "search/rank_summary.hpp"
#include "view/page.hpp"
#include "view/rank_text.hpp"

namespace weft::view {
namespace {

using base::Json;
using search::Estimate;
using search::Ranking;
using search::RankStudy;
using search::RankSummary;

std::string places(double value) {
  return fmt::format("{:.2f}", value);
}

std::string places(const std::optional<Estimate>& estimate) {
  return estimate ? places(estimate->value) : "–";
}

std::string reach(const std::optional<Estimate>& estimate) {
  if (!estimate || !estimate->interval) return "";
  return fmt::format("{:.2f} to {:.2f}", estimate->interval->low, estimate->interval->high);
}

// The left end of the bars: -1, -0.5 or 0, so that all of them have room.
double left_end(const RankSummary& summary) {
  double lowest = 0;
  for (const Ranking& one : summary.rankings) {
    if (one.tau) lowest = std::min(lowest, one.tau->interval ? one.tau->interval->low : one.tau->value);
  }
  return std::floor(lowest * 2) / 2;
}

// Where a tau stands on its bar, in percent.
std::string place(double tau, double left) {
  return fmt::format("{:.2f}", (tau - left) / (1 - left) * 100);
}

std::optional<double> baseline_tau(const RankSummary& summary) {
  for (const Ranking& one : summary.rankings) {
    if (one.name == "params" && one.tau) return one.tau->value;
  }
  return std::nullopt;
}

Json bar(const Estimate& tau, double left) {
  Json bar = {{"at", place(tau.value, left)}, {"has_interval", tau.interval.has_value()}};
  if (tau.interval) {
    bar["from"] = place(tau.interval->low, left);
    bar["width"] = fmt::format("{:.2f}", (tau.interval->high - tau.interval->low) / (1 - left) * 100);
  }
  return bar;
}

Json regret_cells(const std::vector<search::Regret>& regrets, const RegretForm& form) {
  Json cells = Json::array();
  for (const search::Regret& regret : regrets) {
    Json cell = {{"k", std::to_string(regret.k)},
                 {"value", form(regret.absolute.value)},
                 {"share", regret.relative ? fmt::format("{:.1f} %", regret.relative->value * 100) : ""},
                 {"interval", ""}};
    if (const auto& interval = regret.absolute.interval)
      cell["interval"] = form(interval->low) + " to " + form(interval->high);
    cells.push_back(std::move(cell));
  }
  return cells;
}

Json row(const Ranking& one, double left, const RegretForm& form) {
  Json row = {{"name", base::one_line(one.name)},
              {"baseline", one.baseline},
              {"promises", one.minimize ? "low is good" : "high is good"},
              {"tau", places(one.tau)},
              {"interval", reach(one.tau)},
              {"rho", places(one.rho)},
              {"rho_interval", reach(one.rho)},
              {"regrets", regret_cells(one.regrets, form)}};
  if (one.tau) row["bar"] = bar(*one.tau, left);
  if (one.name == "params") return row;
  row["verdict"] = {{"word", search::to_text(one.beats_params())}, {"over", ""}};
  if (one.over_params) row["verdict"]["over"] = fmt::format("{:+.2f}", one.over_params->value);
  if (const std::string interval = reach(one.over_params); !interval.empty())
    row["verdict"]["over"] = row["verdict"]["over"].get<std::string>() + " (" + interval + ")";
  return row;
}

// The first predictor that is not there without being named.
const Ranking* best_of(const RankSummary& summary) {
  const auto found = std::find_if(summary.rankings.begin(), summary.rankings.end(),
                                  [](const Ranking& one) { return !one.baseline && one.tau; });
  return found == summary.rankings.end() ? nullptr : &*found;
}

Json cards(const RankSummary& summary) {
  Json cards = Json::array();
  const auto add = [&](const std::string& value, const std::string& text, bool main = false) {
    cards.push_back({{"value", value}, {"text", text}, {"main", main}});
  };
  if (const Ranking* best = best_of(summary))
    add(places(best->tau->value), "tau of " + base::one_line(best->name) + ", the best predictor", true);
  if (const auto params = baseline_tau(summary)) add(places(*params), "tau of sorting by parameters");
  if (summary.halves) {
    add(places(*summary.ceiling), "about the most that any predictor can reach");
    add(places(summary.halves->value), "tau of half of the seeds against the other half");
  }
  add(std::to_string(summary.genomes), "genomes trained alone");
  return cards;
}

Json words(const RankStudy& study, const RankSummary& summary) {
  const double left = left_end(summary);
  const RegretForm form(summary);
  Json words = {{"name", base::one_line(study.name)},
                {"subject", rank_subject(study, summary)},
                {"metric", base::one_line(study.metric)},
                {"notes", rank_notes(study, summary)},
                {"cards", cards(summary)},
                {"left", base::number_text(left)},
                {"zero", place(0, left)},
                {"below_zero", left < 0},
                {"random", regret_cells(summary.random, form)},
                {"rows", Json::array()}};
  if (const auto params = baseline_tau(summary)) words["params_at"] = place(*params, left);
  words["has_params"] = words.contains("params_at");
  for (const Ranking& one : summary.rankings) {
    words["rows"].push_back(row(one, left, form));
    words["rows"].back()["index"] = std::to_string(words["rows"].size() - 1);
  }
  return words;
}

// What a predictor says of each genome, in the genomes' order.
std::vector<double> scores_of(const RankStudy& study, const std::string& name) {
  for (const RankStudy::Predictor& predictor : study.predictors) {
    if (predictor.name == name) return predictor.scores;
  }
  std::vector<double> sizes;
  for (const RankStudy::Genome& genome : study.genomes)
    sizes.push_back(static_cast<double>(name == "flops" ? genome.flops.value_or(0) : genome.params));
  return sizes;
}

Json points(const RankStudy& study, const RankSummary& summary) {
  Json genomes = Json::array(), predictors = Json::array();
  for (std::size_t i = 0; i < study.genomes.size(); ++i) {
    const RankStudy::Genome& genome = study.genomes[i];
    genomes.push_back({{"id", genome.id},
                       {"text", base::shorten(genome.text, 2000)},
                       {"params", genome.params},
                       {"mean", base::mean(study.truth[i])},
                       {"truth", study.truth[i]}});
  }
  for (const Ranking& one : summary.rankings)
    predictors.push_back({{"name", one.name},
                          {"minimize", one.minimize},
                          {"baseline", one.baseline},
                          {"scores", scores_of(study, one.name)}});
  return {{"metric", study.metric}, {"minimize", study.minimize}, {"genomes", genomes}, {"predictors", predictors}};
}

}  // namespace

std::string render_rank(const search::RankStudy& study, RankFormat format, std::size_t width) {
  const RankSummary summary = search::summarize(study);
  if (format == RankFormat::text) return rank_text(study, summary, std::max<std::size_t>(width, 40));
  if (format == RankFormat::json) {
    Json json = {{"name", study.name}, {"metric", study.metric}, {"minimize", study.minimize}};
    json.update(summary.to_json());
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  Json data = words(study, summary);
  data["study"] = script_json(points(study, summary));
  return render_page("rank.html", std::move(data));
}

}  // namespace weft::view
