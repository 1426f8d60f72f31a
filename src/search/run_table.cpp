#include "search/run_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "bench/table_writer.hpp"
#include "bench/units.hpp"
#include "evaluate/evaluator.hpp"
#include "journal/journal.hpp"
#include "space/genome_text.hpp"

namespace weft::search {
namespace {

using base::Json;
using bench::Manifest;
using bench::Metric;
using bench::TableWriter;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::string unit_of(const std::string& metric) {
  const std::string named = bench::unit_of_name(metric);
  if (!named.empty()) return named;
  if (metric.ends_with("loss")) return "nat";
  return metric == "steps" || metric == "tokens" ? "count" : "score";
}

Metric metric_of(const std::string& name) {
  return {.name = name,
          .unit = unit_of(name),
          .description = {},
          .maximize = name.ends_with("accuracy") || name.ends_with("_per_s"),
          .test = name.starts_with("test_"),
          .curve = false,
          .cost = name == "train_s"};
}

// What a recipe spends, and how much of it: ("steps", 400).
std::pair<std::string, double> whole_budget(const Json& evaluate) {
  std::vector<Json> stages{evaluate};
  if (evaluate.contains("cascade")) stages = evaluate.at("cascade").get<std::vector<Json>>();
  for (const Json& stage : stages) {
    if (!stage.contains("train")) continue;
    for (const char* unit : {"steps", "tokens"}) {
      if (stage.at("train").contains(unit)) return {unit, stage.at("train").at(unit).get<double>()};
    }
  }
  return {"budget", 1};
}

// The names of the curves of an outcome: what its points have beside where they stand.
std::set<std::string> curve_names(const Json& curve) {
  std::set<std::string> names;
  for (const Json& point : curve) {
    for (const auto& [key, value] : point.items()) {
      if (key != "step" && key != "tokens" && value.is_number()) names.insert(key);
    }
  }
  return names;
}

std::vector<float> curve_of(const Json& curve, const std::string& key) {
  std::vector<float> values;
  bool any = false;
  for (const Json& point : curve) {
    const bool there = point.contains(key) && point.at(key).is_number();
    any = any || there;
    values.push_back(there ? point.at(key).get<float>() : std::numeric_limits<float>::quiet_NaN());
  }
  return any ? values : std::vector<float>{};
}

// Every metric that an outcome of the run has.
std::vector<Metric> metrics_of(const std::vector<journal::Trial>& trials) {
  std::set<std::string> names, curves;
  for (const journal::Trial& trial : trials) {
    if (!trial.outcome || !trial.outcome->ok()) continue;
    for (const auto* values : {&trial.outcome->metrics, &trial.outcome->measured, &trial.outcome->test}) {
      for (const auto& [name, value] : *values) names.insert(name);
    }
    curves.merge(curve_names(trial.outcome->curve));
  }
  std::vector<Metric> metrics;
  for (const std::string& name : names) metrics.push_back(metric_of(name));
  for (const std::string& name : curves) {
    Metric metric = metric_of(name);
    metric.name += "_curve";
    metric.curve = true;
    metric.cost = false;
    metrics.push_back(std::move(metric));
  }
  return metrics;
}

TableWriter::Row row_of(const journal::Trial& trial, const std::vector<Metric>& metrics, const std::string& task,
                        double whole) {
  const journal::Outcome& outcome = *trial.outcome;
  TableWriter::Row row{.task = task,
                       .fidelity = trial.proposal.fidelity.budget * whole,
                       .seed = trial.proposal.fidelity.replicate,
                       .values = {}};
  for (const Metric& metric : metrics) {
    if (metric.curve) {
      row.curves.push_back(curve_of(outcome.curve, metric.name.substr(0, metric.name.size() - 6)));
      continue;
    }
    double value = kNone;
    for (const auto* values : {&outcome.metrics, &outcome.measured, &outcome.test}) {
      if (const auto found = values->find(metric.name); found != values->end()) value = found->second;
    }
    row.values.push_back(value);
  }
  row.steps = curve_of(outcome.curve, "step");
  return row;
}

std::string texts(const Json& list) {
  std::vector<std::string> all;
  for (const Json& one : list) all.push_back(one.get<std::string>());
  return base::join(all, "; ");
}

Manifest manifest_of(const journal::Journal& journal, const Json& about) {
  const Json &header = journal.header(), &experiment = header.at("experiment");
  const Json& environment = header.at("environment");
  Manifest manifest;
  manifest.name = about.value("name", header.at("name").get<std::string>());
  manifest.description = about.value("description", "");
  manifest.space = experiment.at("space");
  manifest.sample = true;
  const Json recipe = {{"task", experiment.at("task")}, {"evaluate", experiment.at("evaluate")}};
  manifest.about = {{"recipe", recipe.dump()},
                    {"hardware", texts(environment.at("devices"))},
                    {"software", "weft " + environment.at("weft").get<std::string>() + ", libtorch " +
                                     environment.at("libtorch").get<std::string>()},
                    {"notes", about.value("notes", "")},
                    {"licence", about.value("licence", "CC-BY-4.0")},
                    {"citation", about.value("citation", "")},
                    {"source", "generated by weft"}};
  return manifest;
}

}  // namespace

Built table_of_run(const base::fs::path& run, const base::fs::path& folder) {
  const auto opened = journal::Journal::open(run, journal::Journal::Mode::read);
  const journal::Journal& journal = *opened;
  const Json& experiment = journal.header().at("experiment");
  const space::Space space = space::Space::from_snapshot(journal.header().at("space"));
  for (const evaluate::Stage& stage : evaluate::stages_of(experiment.at("evaluate"))) {
    if (stage.name() == "table" || stage.name() == "surrogate")
      throw base::Error("its scores are those of " + stage.options().at("path").get<std::string>() +
                            ", not its own: a table of it would only repeat some of them",
                        journal.folder().string());
  }
  const std::vector<journal::Trial> trials = journal.trials();
  const auto [unit, whole] = whole_budget(experiment.at("evaluate"));
  Built built;
  built.manifest = manifest_of(journal, experiment.value("table", Json::object()));
  built.manifest.fidelity_unit = unit;
  built.manifest.metrics = metrics_of(trials);
  TableWriter writer(built.manifest, space);
  const std::string task = experiment.at("task").value("data", "none");
  for (const journal::Trial& trial : trials) {
    if (!trial.outcome || trial.duplicate_of >= 0) continue;
    if (!trial.outcome->ok()) {
      ++built.failed;
      continue;
    }
    const auto genome = space::from_text(space, trial.proposal.text);
    if (!genome) throw base::Error(genome.error(), journal.folder().string());
    if (const std::string wrong = writer.add(*genome, row_of(trial, built.manifest.metrics, task, whole));
        !wrong.empty())
      throw base::Error("trial " + std::to_string(trial.id) + ": " + wrong, journal.folder().string());
  }
  if (writer.rows() == 0) throw base::Error("has no evaluation yet that went well", journal.folder().string());
  built.manifest = writer.write(folder);
  return built;
}

}  // namespace weft::search
