#include "view/reproduction_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "base/text.hpp"
#include "view/page.hpp"
#include "view/text_table.hpp"

namespace weft::view {
namespace {

using base::Json;
using search::Comparison;
using search::Reference;
using search::ReproducedRow;
using search::Reproduction;

std::string spread(double mean, const std::optional<double>& deviation) {
  return deviation ? fmt::format("{:.2f} ± {:.2f}", mean, *deviation) : fmt::format("{:.2f}", mean);
}

std::string unit_of(const Reproduction& done) {
  return done.recipe.unit == "percent" ? "%" : done.recipe.unit;
}

std::string what_is_compared(const Reproduction& done) {
  const std::string& report = done.recipe.report;
  if (report == "hypervolume") return "share of the hypervolume of the table's front";
  if (report == "test") return done.recipe.test_metric + " of the best genome so far";
  return done.recipe.objective.begin().value().get<std::string>() + " of the best genome so far";
}

std::string subject(const Reproduction& done) {
  return fmt::format("{}, in {}, mean ± standard deviation of {} repetitions; the table has scores of {}.",
                     what_is_compared(done), unit_of(done), base::grouped(std::to_string(done.repetitions)),
                     done.fidelity);
}

std::string source_of(const Reference& reference) {
  return reference.kind + (reference.source.empty() ? "" : ", " + reference.source);
}

std::vector<std::string> tasks_of(const Reproduction& done) {
  std::vector<std::string> tasks;
  for (const ReproducedRow& row : done.rows) {
    if (std::find(tasks.begin(), tasks.end(), row.task) == tasks.end()) tasks.push_back(row.task);
  }
  return tasks;
}

std::string text_of_task(const Reproduction& done, const std::string& task, std::size_t width) {
  TextTable table;
  table.add({"method", "evals", "ours", "95 % of mean", "reference", "verdict"});
  for (const ReproducedRow& row : done.rows) {
    if (row.task != task) continue;
    const std::string interval =
        row.interval ? fmt::format("{:.2f} to {:.2f}", row.interval->low, row.interval->high) : "-";
    std::vector<std::string> cells{row.method, std::to_string(row.budget), spread(row.mean, row.deviation), interval};
    if (row.comparisons.empty()) {
      cells.insert(cells.end(), {"", ""});
      table.add(cells);
    }
    for (std::size_t i = 0; i < row.comparisons.size(); ++i) {
      const Comparison& one = row.comparisons[i];
      if (i > 0) cells = {"", "", "", ""};
      cells.insert(cells.end(), {spread(one.reference.mean, one.reference.deviation), to_text(one.verdict)});
      table.add(cells);
      cells.clear();
    }
  }
  return task + "\n" + table.text(width) + "\n";
}

std::string text_of_others(const Reproduction& done, std::size_t width) {
  if (done.others.empty()) return "";
  TextTable table;
  table.add({"not run here", "task", "evals", "reference", ""});
  for (const Comparison& one : done.others)
    table.add({one.reference.method, one.reference.task, std::to_string(one.reference.budget),
               spread(one.reference.mean, one.reference.deviation), one.reference.kind});
  return table.text(width) + "\n";
}

std::string text_of(const Reproduction& done, std::size_t width) {
  std::string text = wrapped(done.recipe.name + ": " + done.recipe.description, width) + wrapped(subject(done), width);
  if (done.only_test)
    text += wrapped("The table has test scores alone: what is selected is selected by the test set.", width);
  text += "\n";
  for (const std::string& task : tasks_of(done)) text += text_of_task(done, task, width);
  text += text_of_others(done, width);
  return text + fmt::format("{} trials in {}\n", base::grouped(std::to_string(done.trials)),
                            base::short_duration(done.seconds));
}

// Where numbers stand on the bars of a task, in percent of their width.
struct Scale {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  void add(double mean, double deviation) {
    low = std::min(low, mean - deviation);
    high = std::max(high, mean + deviation);
  }
  std::string at(double value) const {
    return fmt::format("{:.2f}", 100 * (value - low) / std::max(high - low, 1e-12));
  }
  std::string wide(double width) const { return fmt::format("{:.2f}", 100 * width / std::max(high - low, 1e-12)); }
};

Json reference_words(const Comparison& one, const Scale& scale) {
  const double deviation = one.reference.deviation.value_or(0);
  const bool comparable = one.verdict != search::Verdict::not_comparable;
  return {{"value", spread(one.reference.mean, one.reference.deviation)},
          {"source", source_of(one.reference)},
          {"word", to_text(one.verdict)},
          {"class", one.verdict == search::Verdict::agrees ? "yes"
                    : comparable                           ? "no"
                                                           : "unclear"},
          {"why", one.why},
          {"comparable", comparable},
          {"at", scale.at(one.reference.mean)},
          {"from", scale.at(one.reference.mean - deviation)},
          {"width", scale.wide(2 * deviation)}};
}

Json task_words(const Reproduction& done, const std::string& task) {
  Scale scale;
  for (const ReproducedRow& row : done.rows) {
    if (row.task != task) continue;
    scale.add(row.mean, row.deviation);
    for (const Comparison& one : row.comparisons) {
      if (one.verdict != search::Verdict::not_comparable)
        scale.add(one.reference.mean, one.reference.deviation.value_or(0));
    }
  }
  Json words = {{"task", task},
                {"low", fmt::format("{:.2f}", scale.low)},
                {"high", fmt::format("{:.2f}", scale.high)},
                {"rows", Json::array()}};
  for (const ReproducedRow& row : done.rows) {
    if (row.task != task) continue;
    Json one = {
        {"method", row.method},
        {"budget", base::grouped(std::to_string(row.budget))},
        {"value", spread(row.mean, row.deviation)},
        {"interval", row.interval ? fmt::format("{:.2f} to {:.2f}", row.interval->low, row.interval->high) : ""},
        {"at", scale.at(row.mean)},
        {"from", scale.at(row.mean - row.deviation)},
        {"width", scale.wide(2 * row.deviation)},
        {"references", Json::array()}};
    for (const Comparison& comparison : row.comparisons)
      one["references"].push_back(reference_words(comparison, scale));
    words["rows"].push_back(std::move(one));
  }
  return words;
}

std::string html_of(const Reproduction& done) {
  Json data = {{"name", done.recipe.name},
               {"description", done.recipe.description},
               {"subject", subject(done)},
               {"unit", unit_of(done)},
               {"only_test", done.only_test},
               {"trials", base::grouped(std::to_string(done.trials))},
               {"seconds", base::short_duration(done.seconds)},
               {"rate", base::short_count(static_cast<double>(done.trials) / std::max(done.seconds, 1e-9))},
               {"tasks", Json::array()},
               {"others", Json::array()},
               {"has_others", !done.others.empty()}};
  for (const std::string& task : tasks_of(done)) data["tasks"].push_back(task_words(done, task));
  for (const Comparison& one : done.others)
    data["others"].push_back({{"method", one.reference.method},
                              {"task", one.reference.task},
                              {"budget", base::grouped(std::to_string(one.reference.budget))},
                              {"value", spread(one.reference.mean, one.reference.deviation)},
                              {"source", source_of(one.reference)}});
  return render_page("reproduction.html", std::move(data));
}

}  // namespace

std::string render_reproduction(const Reproduction& done, ReproductionFormat format, std::size_t width) {
  if (format == ReproductionFormat::text) return text_of(done, std::max<std::size_t>(width, 60));
  if (format == ReproductionFormat::html) return html_of(done);
  return done.to_json().dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace weft::view
