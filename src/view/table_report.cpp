#include "view/table_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/statistics.hpp"
#include "base/text.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "view/page.hpp"
#include "view/text_table.hpp"

namespace weft::view {
namespace {

using base::Json;
using bench::CellCheck;
using bench::CurveError;
using bench::Table;

constexpr std::int64_t kMostPoints = 5000;  // genomes that a page draws
constexpr std::int64_t kMostCurves = 60;

std::string places(double value) {
  return fmt::format("{:.4g}", value);
}

std::string tau_text(const std::optional<double>& tau) {
  return tau ? fmt::format("{:.2f}", *tau) : "-";
}

struct Checked {
  std::vector<CellCheck> cells;
  std::vector<CurveError> curves;
};

Checked checked(const Table& table, const std::string& metric) {
  Checked all{bench::check_table(table, metric), {}};
  for (const bench::Metric& one : table.manifest().metrics) {
    if (one.curve && one.name == metric + "_curve") all.curves = bench::curve_errors(table, one.name);
  }
  return all;
}

// What the numbers say, a sentence each.
std::vector<std::string> notes_of(const CellCheck& cell) {
  std::vector<std::string> notes;
  notes.push_back(cell.missing == 0
                      ? "Every genome has every seed."
                      : fmt::format("{} of {} scores are missing.", cell.missing, cell.missing + cell.scores));
  if (cell.seeds) {
    notes.push_back(
        fmt::format("Genomes differ by a standard deviation of {}, seeds of one genome by {}: {:.0f} % of the variance "
                    "of a single score "
                    "is the genome's, {:.0f} % of that of the mean over seeds.",
                    places(cell.between), places(cell.seeds->within), 100 * cell.seeds->reliability,
                    100 * cell.seeds->reliability_of_mean));
  }
  if (!cell.seeds) notes.emplace_back("Each genome was measured once: what another seed would give is not known.");
  if (cell.seeds && cell.seeds->tau)
    notes.push_back(fmt::format("One seed ranks genomes as another does with tau {:.2f}.", *cell.seeds->tau));
  if (cell.params_tau)
    notes.push_back(fmt::format("That those with more parameters are better holds with tau {:.2f}.", *cell.params_tau));
  if (cell.seeds)
    notes.push_back(
        cell.outliers.empty()
            ? "No score lies far from the others of its genome."
            : fmt::format("{} scores lie more than 6 robust standard deviations from the others of their genome.",
                          cell.outliers.size()));
  return notes;
}

std::string text_of(const Table& table, const std::string& metric, const Checked& all, std::size_t width) {
  std::string text = wrapped(table.manifest().name + ": " + metric, width) + "\n";
  for (const CellCheck& cell : all.cells) {
    text +=
        fmt::format("{}, fidelity {}: {} genomes, {} scores from {} to {}\n", cell.task,
                    base::number_text(cell.fidelity), cell.genomes, cell.scores, places(cell.least), places(cell.most));
    for (const std::string& note : notes_of(cell)) text += wrapped("  " + note, width);
    for (const bench::Outlier& one : cell.outliers)
      text += fmt::format("    row {} of the file, from 0: {}, its genome's median is {}\n", one.row, places(one.value),
                          places(one.others));
    text += "\n";
  }
  if (all.curves.empty()) return text;
  TextTable table_of_curves;
  table_of_curves.add({"seen", "last value", "parametric", "nearest", "tau: last", "parametric", "nearest"});
  for (const CurveError& one : all.curves)
    table_of_curves.add({fmt::format("{:.0f} %", 100 * one.seen), places(one.last), places(one.parametric),
                         places(one.nearest), tau_text(one.last_tau), tau_text(one.parametric_tau),
                         tau_text(one.nearest_tau)});
  return text + "Where curves end, predicted from their beginning: mean absolute error, and Kendall's tau\n" +
         table_of_curves.text(width);
}

Json json_of(const Table& table, const std::string& metric, const Checked& all) {
  Json value = {
      {"table", table.manifest().name}, {"metric", metric}, {"cells", Json::array()}, {"curves", Json::array()}};
  for (const CellCheck& cell : all.cells) value["cells"].push_back(bench::to_json(cell));
  for (const CurveError& one : all.curves) {
    Json row = {{"seen", one.seen}, {"last", one.last}, {"parametric", one.parametric}, {"nearest", one.nearest}};
    for (const auto& [name, tau] : {std::pair{"last_tau", one.last_tau},
                                    {"parametric_tau", one.parametric_tau},
                                    {"nearest_tau", one.nearest_tau}}) {
      if (tau) row[name] = *tau;
    }
    value["curves"].push_back(std::move(row));
  }
  return value;
}

// What the page draws: of each genome its parameters and its scores at the full fidelity.
Json points_of(const Table& table, const std::string& metric) {
  const std::size_t column = table.column(metric);
  space::Counter counter(table.space(), table.space().input);
  Json points = Json::array();
  const std::int64_t step = std::max<std::int64_t>(1, table.genomes() / kMostPoints);
  const int full = static_cast<int>(table.manifest().fidelities.size()) - 1;
  for (std::int64_t genome = 0; genome < table.genomes(); genome += step) {
    const space::Genome packed = table.genome(genome);
    Json scores = Json::array();
    for (std::size_t seed = 0; seed < table.manifest().seeds.size(); ++seed) {
      const std::int64_t row = table.row(genome, {0, full, static_cast<int>(seed)});
      if (row >= 0 && std::isfinite(table.value(row, column))) scores.push_back(table.value(row, column));
    }
    if (scores.empty()) continue;
    const auto counts = counter.count(packed);
    points.push_back({{"params", counts ? Json(counts->params) : Json(nullptr)},
                      {"scores", scores},
                      {"text", base::shorten(space::to_text(table.space(), packed), 300)}});
  }
  return points;
}

Json curves_of(const Table& table, const std::string& metric) {
  Json curves = Json::array();
  for (std::size_t column = 0; column < table.columns(); ++column) {
    if (!table.metric(column).curve || table.metric(column).name != metric + "_curve") continue;
    const std::int64_t step = std::max<std::int64_t>(1, table.genomes() / kMostCurves);
    for (std::int64_t genome = 0; genome < table.genomes(); genome += step) {
      const std::int64_t row = table.first_row(genome) + static_cast<std::int64_t>(table.cells(genome).size()) - 1;
      Json steps = Json::array(), values = Json::array();
      for (std::size_t i = 0; i < table.curve(row, column).size(); ++i) {
        if (!std::isfinite(table.curve(row, column)[i])) continue;
        steps.push_back(table.curve_steps(row)[i]);
        values.push_back(table.curve(row, column)[i]);
      }
      curves.push_back({{"steps", steps}, {"values", values}});
    }
  }
  return curves;
}

std::string html_of(const Table& table, const std::string& metric, const Checked& all) {
  const bench::Manifest& m = table.manifest();
  Json data = {{"name", m.name},
               {"description", m.description},
               {"metric", metric},
               {"unit", m.metrics[m.metric(metric)].unit},
               {"space", m.space},
               {"genomes", base::grouped(std::to_string(m.genomes))},
               {"rows", base::grouped(std::to_string(m.rows))},
               {"about", Json::array()},
               {"cells", Json::array()},
               {"curves", Json::array()},
               {"has_curves", !all.curves.empty()}};
  for (const auto& [key, text] : m.about.items()) {
    if (text != "") data["about"].push_back({{"key", key}, {"text", text}});
  }
  for (const CellCheck& cell : all.cells)
    data["cells"].push_back(
        {{"task", cell.task},
         {"fidelity", base::number_text(cell.fidelity) + " " + m.fidelity_unit},
         {"scores", base::grouped(std::to_string(cell.scores))},
         {"missing", base::grouped(std::to_string(cell.missing))},
         {"range", places(cell.least) + " to " + places(cell.most)},
         {"between", places(cell.between)},
         {"within", cell.seeds ? places(cell.seeds->within) : "-"},
         {"reliability", cell.seeds ? fmt::format("{:.1f}", 100 * cell.seeds->reliability) : "-"},
         {"of_mean", cell.seeds ? fmt::format("{:.1f}", 100 * cell.seeds->reliability_of_mean) : "-"},
         {"tau", cell.seeds ? tau_text(cell.seeds->tau) : "-"},
         {"params_tau", tau_text(cell.params_tau)},
         {"outliers", cell.outliers.size()},
         {"notes", notes_of(cell)}});
  for (const CurveError& one : all.curves)
    data["curves"].push_back({{"seen", fmt::format("{:.0f}", 100 * one.seen)},
                              {"last", places(one.last)},
                              {"parametric", places(one.parametric)},
                              {"nearest", places(one.nearest)},
                              {"last_tau", tau_text(one.last_tau)},
                              {"parametric_tau", tau_text(one.parametric_tau)},
                              {"nearest_tau", tau_text(one.nearest_tau)}});
  data["points"] =
      script_json({{"metric", metric}, {"genomes", points_of(table, metric)}, {"curves", curves_of(table, metric)}});
  return render_page("table_check.html", std::move(data));
}

}  // namespace

std::string render_table_check(const Table& table, const std::string& metric, TableFormat format, std::size_t width) {
  const Checked all = checked(table, metric);
  if (format == TableFormat::html) return html_of(table, metric, all);
  if (format == TableFormat::json)
    return json_of(table, metric, all).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return text_of(table, metric, all, std::max<std::size_t>(width, 60));
}

}  // namespace weft::view
