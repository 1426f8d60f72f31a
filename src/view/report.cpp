#include "view/report.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/template.hpp"
#include "base/text.hpp"
#include "search/experiment.hpp"
#include "search/supernet.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"
#include "view/page.hpp"
#include "view/pictures.hpp"
#include "view/summary.hpp"

namespace weft::view {
namespace {

using base::Json;

std::string number(const Json& value, const char* form = "{:.4f}") {
  return value.is_number() ? fmt::format(fmt::runtime(form), value.get<double>()) : "–";
}

// 1361408 → "1,361,408", 3.9379 → "3.9379".
std::string shown(double value) {
  const bool whole = value >= 0 && value < 1e15 && value == std::floor(value);
  return whole ? base::grouped(base::number_text(value)) : fmt::format("{:.6g}", value);
}

// Cards, tables and texts: everything in the report that no chart draws.
Json words(const Json& summary, const search::Experiment& experiment) {
  const Json &counts = summary.at("counts"), &cost = summary.at("cost");
  const auto metric = summary.at("objective")[0].at("metric").get<std::string>();
  Json words = {{"name", summary.at("name")},
                {"method", summary.at("method")},
                {"space", summary.at("space")},
                {"description", summary.at("description")},
                {"metric", metric},
                {"ended", summary.at("ended")},
                {"duration", base::short_duration(summary.at("seconds").get<double>())},
                {"seed", summary.at("seed").dump()},
                {"experiment", summary.at("experiment").dump(2)},
                {"problems", summary.at("problems")},
                {"has_problems", !summary.at("problems").empty()},
                {"data", summary.at("data").at("description")},
                {"data_hash", summary.at("data").at("hash").get<std::string>().substr(0, 16)}};
  words["has_data"] = !summary.at("data").at("hash").get<std::string>().empty();
  words["has_front"] = !summary.at("front").empty();
  for (const Json& goal : summary.at("objective")) words["goals"].push_back(goal.at("metric"));
  words["front"] = Json::array();
  for (const Json& row : summary.at("front")) {
    Json values = Json::array();
    for (const Json& value : row.at("values")) values.push_back(shown(value.get<double>()));
    const auto genome = space::from_text(experiment.space, row.at("genome").get<std::string>());
    words["front"].push_back(
        {{"trial", row.at("trial").dump()},
         {"values", values},
         {"genome", row.at("genome")},
         {"form", genome ? space::genome_form(experiment.space, *genome) : row.at("genome").get<std::string>()}});
  }
  const space::Size size = space::count(experiment.space);
  words["size"] = size.open ? "open" : base::grouped(size.count);
  words["counts"] = counts;
  words["usd"] = cost.at("usd").is_null() ? "unknown" : fmt::format("${:.2f}", cost.at("usd").get<double>());
  words["uses_model"] = cost.at("calls").get<int>() > 0;
  words["cost"] = {{"calls", cost.at("calls")},
                   {"requests", cost.at("requests")},
                   {"prompt", base::grouped(cost.at("prompt_tokens").dump())},
                   {"cached", base::grouped(cost.at("cached_tokens").dump())},
                   {"completion", base::grouped(cost.at("completion_tokens").dump())},
                   {"model", base::short_duration(cost.at("model_s").get<double>())},
                   {"evaluation", base::short_duration(cost.at("evaluation_s").get<double>())}};
  Json environment = Json::array();
  for (const auto& [name, value] : summary.at("environment").items()) {
    environment.push_back({{"name", name},
                           {"value", value.is_array()    ? base::join(value.get<std::vector<std::string>>(), "; ")
                                     : value.is_string() ? value.get<std::string>()
                                                         : value.dump()}});
  }
  words["environment"] = environment;
  return words;
}

Json best_words(const Json& best, const std::string& metric) {
  const journal::Outcome outcome = journal::Outcome::from_json(best.at("outcome"));
  const auto value = [&](const char* name) { return evolve::Objective::value(outcome, name); };
  Json words = {{"trial", best.at("trial").dump()},
                {"id", best.at("id")},
                {"score", fmt::format("{:.4f}", *evolve::Objective::value(outcome, metric))},
                {"genome", best.at("genome").dump()},
                {"program", best.value("program", "")},
                {"conversations", Json::array()},
                {"lineage", Json::array()}};
  for (const char* name : {"params", "flops"}) {
    const auto measured = value(name);
    words[name] = measured              ? base::short_count(*measured)
                  : best.contains(name) ? base::short_count(best.at(name).get<double>())
                                        : "–";
  }
  if (best.contains("final")) {
    for (const auto& [name, score] : journal::Outcome::from_json(best.at("final")).test)
      words["tests"].push_back({{"name", name}, {"value", fmt::format("{:.4f}", score)}});
  }
  for (const Json& step : best.at("lineage")) {
    std::vector<std::string> parents;
    for (const Json& parent : step.at("parents")) parents.push_back("#" + parent.dump());
    words["lineage"].push_back(
        {{"trial", step.at("trial").dump()},
         {"op", step.at("op")},
         {"score", number(step.at("score"))},
         {"parents", base::join(parents, ", ")},
         {"changes", step.contains("changes")
                         ? (step.at("changes").empty() ? Json::array({"nothing: a copy of #" + step.at("from").dump()})
                                                       : step.at("changes"))
                         : Json::array()}});
  }
  for (const Json& talk : best.at("conversations")) {
    words["conversations"].push_back({{"trial", talk.at("trial").dump()},
                                      {"model", talk.at("model")},
                                      {"temperature", number(talk.at("temperature"), "{:.2g}")},
                                      {"messages", talk.at("messages")},
                                      {"reply", talk.at("reply")}});
  }
  words["has_conversations"] = !best.at("conversations").empty();
  return words;
}

// What may stand in a cell of a Markdown table.
std::string in_cell(const std::string& text) {
  std::string cell;
  for (const char c : base::one_line(text)) cell += c == '|' ? "\\|" : std::string(1, c);
  return cell;
}

void make_cells(Json& words) {
  for (Json& problem : words["problems"]) problem["reason"] = in_cell(problem.at("reason"));
  for (Json& row : words["front"]) row["genome"] = in_cell(row.at("genome"));
  if (!words.contains("best")) return;
  for (Json& step : words["best"]["lineage"]) {
    step["op"] = in_cell(step.at("op"));
    for (Json& change : step["changes"]) change = in_cell(change);
  }
}

}  // namespace

std::string render_report(const journal::Journal& journal, Format format) {
  const Json summary = summarize(journal);
  if (format == Format::json) return summary.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  const search::Experiment experiment = search::Experiment::from_header(journal.header());
  Json data = words(summary, experiment);
  if (summary.contains("best")) data["best"] = best_words(summary.at("best"), data.at("metric"));
  if (format == Format::markdown) {
    make_cells(data);
    return base::render(base::read_file(base::home() / "templates" / "report.md.mustache"),
                        "templates/report.md.mustache", data, base::Escape::none);
  }
  data["pictures"] = best_trials(summary, experiment);
  const Json supernet = search::supernet_training(experiment, journal.folder());
  data["has_supernet"] = !supernet.empty();
  data["supernet_problem"] = supernet.value("problem", "");
  data["run"] = script_json({{"trials", summary.at("trials")},
                             {"pareto", summary.at("pareto")},
                             {"objective", summary.at("objective")},
                             {"supernet", supernet.value("curve", Json::array())},
                             {"best", summary.contains("best") ? summary.at("best").at("trial") : Json(nullptr)}});
  return render_page("report.html", std::move(data));
}

}  // namespace weft::view
