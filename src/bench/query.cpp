#include "bench/query.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"
#include "bench/units.hpp"
#include "space/genome_text.hpp"

namespace weft::bench {
namespace {

using base::Json;

constexpr std::array kKeys{"genome", "task", "fidelity", "seed", "metric"};

// What is wrong with a question's form, or nothing.
std::string malformed(const Json& question) {
  if (!question.is_object()) return "a question is a JSON object";
  for (const char* key : kKeys) {
    if (!question.contains(key)) return std::string("the question lacks ") + base::quote(key);
  }
  for (const auto& [key, value] : question.items()) {
    if (key != "unit" && std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
      return "a question has no " + base::quote(key);
    if ((key == "task" || key == "metric" || key == "unit") && !value.is_string())
      return base::quote(key) + " must be a text";
    if (key == "fidelity" && !value.is_number()) return base::quote(key) + " must be a number";
    if (key == "seed" && !value.is_number_integer()) return base::quote(key) + " must be a whole number";
  }
  return "";
}

base::Result<std::int64_t> row_of(const Table& table, const Json& question) {
  const auto genome = space::from_json(table.space(), question.at("genome"));
  if (!genome) return base::failure(genome.error());
  const std::int64_t number = table.find(*genome);
  if (number < 0) return base::failure("the table " + table.manifest().name + " does not have this genome");
  const auto cell = table.cell(question.at("task"), question.at("fidelity"), question.at("seed"));
  if (!cell) return base::failure(cell.error());
  const std::int64_t row = table.row(number, *cell);
  if (row < 0)
    return base::failure("the table " + table.manifest().name +
                         " has no row of this genome for that task, fidelity "
                         "and seed");
  return row;
}

Json list_of(std::span<const float> points, double factor) {
  Json list = Json::array();
  for (const float point : points)
    list.push_back(std::isfinite(point) ? Json(static_cast<double>(point) * factor) : Json(nullptr));
  return list;
}

}  // namespace

base::Result<Json> answer(const Table& table, const Json& question) {
  if (std::string wrong = malformed(question); !wrong.empty()) return base::failure(std::move(wrong));
  const auto row = row_of(table, question);
  if (!row) return base::failure(row.error());
  std::size_t column = 0;
  try {
    column = table.column(question.at("metric"));
  } catch (const base::Error& error) {
    return base::failure(error.what());
  }
  const Metric& metric = table.metric(column);
  const std::string unit = question.value("unit", metric.unit);
  const auto factor = unit_factor(metric.unit, unit);
  if (!factor) return base::failure(factor.error());
  if (metric.curve) {
    return Json{{"value", list_of(table.curve(*row, column), *factor)},
                {"steps", list_of(table.curve_steps(*row), 1)},
                {"unit", unit}};
  }
  const double value = table.value(*row, column);
  if (std::isnan(value))
    return base::failure("the table " + table.manifest().name + " has no " + metric.name + " in this row");
  return Json{{"value", value * *factor}, {"unit", unit}};
}

Json describe(const Table& table) {
  const Manifest& m = table.manifest();
  Json metrics = Json::array();
  for (std::size_t column = 0; column < table.columns(); ++column) {
    const Metric& metric = table.metric(column);
    Json one = {{"name", metric.name},
                {"unit", metric.unit},
                {"goal", metric.maximize ? "maximize" : "minimize"},
                {"test", metric.test},
                {"curve", metric.curve}};
    std::int64_t rows = 0;
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      const double value = metric.curve ? 0 : table.value(row, column);
      if (std::isnan(value) || (metric.curve && table.curve(row, column).empty())) continue;
      ++rows;
      least = std::min(least, value);
      most = std::max(most, value);
    }
    one["rows"] = rows;
    if (rows > 0 && !metric.curve) {
      one["least"] = least;
      one["most"] = most;
    }
    metrics.push_back(std::move(one));
  }
  return {{"name", m.name},
          {"description", m.description},
          {"space", m.space},
          {"genomes", m.genomes},
          {"rows", m.rows},
          {"sample", m.sample},
          {"only_test", m.only_test},
          {"tasks", m.tasks},
          {"fidelity", {{"unit", m.fidelity_unit}, {"values", m.fidelities}}},
          {"seeds", m.seeds},
          {"metrics", metrics},
          {"about", m.about}};
}

}  // namespace weft::bench
