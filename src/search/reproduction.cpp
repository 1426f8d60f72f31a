#include "search/reproduction.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/schema.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"
#include "bench/table.hpp"
#include "bench/units.hpp"
#include "evolve/pareto.hpp"
#include "search/simulation.hpp"
#include "space/listing.hpp"

namespace weft::search {
namespace {

using base::Json;

// Two means agree where they lie within as many standard errors of each other.
constexpr double kErrors = 2.5;

// What a method's options are as an experiment has them, with their defaults.
Json checked_method(const base::Document& document, const std::string& name, const Json& given) {
  base::Document experiment{.value = {{"space", "s"},
                                      {"evaluate", {{"count", Json::object()}}},
                                      {"objective", {{"minimize", "m"}}},
                                      {"search", {{"method", given}}}},
                            .file = document.file,
                            .marks = {}};
  try {
    return base::check(base::load_schema("experiment"), experiment).at("search").at("method");
  } catch (const base::Error& error) {
    throw document.error("/methods/" + name, error.what());
  }
}

Reference read_reference(const Json& given) {
  Reference reference{.method = given.at("method"),
                      .task = given.at("task"),
                      .budget = given.at("budget"),
                      .fidelity = given.at("fidelity"),
                      .mean = given.at("mean"),
                      .deviation = std::nullopt,
                      .runs = std::nullopt,
                      .kind = given.at("kind"),
                      .source = given.at("source")};
  if (given.contains("deviation")) reference.deviation = given.at("deviation").get<double>();
  if (given.contains("runs")) reference.runs = given.at("runs").get<int>();
  return reference;
}

struct Moments {
  double mean = 0, deviation = 0;
};
Moments moments(const std::vector<double>& values) {
  Moments m{base::mean(values), 0};
  for (const double value : values) m.deviation += (value - m.mean) * (value - m.mean);
  m.deviation = values.size() < 2 ? 0 : std::sqrt(m.deviation / static_cast<double>(values.size() - 1));
  return m;
}

// The table's points for a front: every goal from 0 at the best value to 1 at the worst.
class Front {
 public:
  Front(const bench::Table& table, const bench::Cell& cell, const evolve::Objective& objective, double reference)
      : low_(objective.goals.size(), std::numeric_limits<double>::infinity()),
        high_(objective.goals.size(), -std::numeric_limits<double>::infinity()),
        reference_(objective.goals.size(), reference) {
    evolve::Points all;
    for (std::int64_t genome = 0; genome < table.genomes(); ++genome) {
      const std::int64_t row = table.row(genome, cell);
      std::vector<double> point;
      for (const auto& goal : objective.goals) {
        const double value = row < 0 ? std::nan("") : table.value(row, table.column(goal.metric));
        point.push_back(goal.minimize ? value : -value);
      }
      if (std::any_of(point.begin(), point.end(), [](double one) { return std::isnan(one); })) continue;
      for (std::size_t i = 0; i < point.size(); ++i) {
        low_[i] = std::min(low_[i], point[i]);
        high_[i] = std::max(high_[i], point[i]);
      }
      all.push_back(std::move(point));
    }
    whole_ = volume(all);
  }

  double share(const std::vector<std::vector<double>>& costs, std::size_t trials) const {
    evolve::Points points;
    for (std::size_t i = 0; i < std::min(trials, costs.size()); ++i) {
      if (!costs[i].empty()) points.push_back(costs[i]);
    }
    return volume(points) / whole_;
  }

 private:
  double volume(evolve::Points points) const {
    for (std::vector<double>& point : points) {
      for (std::size_t i = 0; i < point.size(); ++i) point[i] = (point[i] - low_[i]) / (high_[i] - low_[i]);
    }
    return evolve::hypervolume(points, reference_);
  }

  std::vector<double> low_, high_, reference_;
  double whole_ = 0;
};

std::string full_fidelity(const bench::Manifest& manifest) {
  if (manifest.fidelity_unit == "budget") return "whole trainings";
  return base::number_text(manifest.fidelities.back()) + " " + manifest.fidelity_unit;
}

class Reproducer {
 public:
  Reproducer(const Recipe& recipe, const base::fs::path& path)
      : recipe_(recipe),
        path_(path.string()),
        table_(bench::Table::load(path)),
        space_(table_.space()),
        objective_(evolve::Objective::from_json(recipe.objective)) {
    if (table_.manifest().name != recipe.table)
      throw base::Error("is the table " + base::quote(table_.manifest().name) + "; " + recipe.name + " runs on " +
                            recipe.table + ", which weft table import makes",
                        path_);
    const bench::Manifest& manifest = table_.manifest();
    if (auto searched = table_.searched(); !searched.empty())
      space_.listing = std::make_shared<const space::Listing>(space_, std::move(searched));
    for (const std::string& name : recipe.tasks.empty() ? manifest.tasks : recipe.tasks)
      tasks_.push_back(task_of(name));
  }

  Reproduction run(int repetitions, std::uint64_t seed, const std::function<void(std::size_t, std::size_t)>& progress) {
    const auto start = std::chrono::steady_clock::now();
    const bench::Manifest& manifest = table_.manifest();
    Reproduction done{.recipe = recipe_,
                      .table = manifest.name,
                      .fidelity = full_fidelity(manifest),
                      .only_test = manifest.only_test,
                      .repetitions = repetitions > 0 ? repetitions : recipe_.repetitions,
                      .rows = {},
                      .others = {}};
    const std::size_t all = recipe_.methods.size() * tasks_.size();
    std::size_t count = 0;
    for (const auto& [name, method] : recipe_.methods.items()) {
      for (const Task& task : tasks_) {
        progress(count++, all);
        run_one(name, method, task, seed, done);
      }
    }
    progress(all, all);
    for (const Reference& reference : recipe_.references) {
      if (!compared(reference, done)) done.others.push_back({reference, Verdict::not_comparable, "not run here"});
    }
    done.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return done;
  }

 private:
  // What all methods share on a task.
  struct Task {
    std::string name;
    std::unique_ptr<evaluate::Evaluator> evaluator;
    std::optional<Front> front;  // where a recipe reports hypervolumes
  };

  Task task_of(const std::string& name) const {
    const bench::Manifest& manifest = table_.manifest();
    const auto cell = table_.cell(name, manifest.fidelities.back(), manifest.seeds.front());
    if (!cell) throw base::Error(cell.error(), path_);
    std::vector<std::string> metrics;
    for (const auto& goal : objective_.goals) metrics.push_back(goal.metric);
    if (!recipe_.test_metric.empty()) metrics.push_back(recipe_.test_metric);
    Task task{
        .name = name,
        .evaluator = evaluate::make_evaluator(
            {.space = space_.snapshot(),
             .task = Json::object(),
             .evaluate = {{"table",
                           {{"path", path_}, {"task", name}, {"any_seed", recipe_.any_seed}, {"metrics", metrics}}}}}),
        .front = std::nullopt};
    if (recipe_.report == "hypervolume") task.front.emplace(table_, *cell, objective_, recipe_.reference_point);
    return task;
  }

  void run_one(const std::string& name, const Json& method, const Task& task, std::uint64_t seed, Reproduction& done) {
    const evolve::Method made{.name = method.begin().key(),
                              .options = method.begin().value(),
                              .space = &space_,
                              .input = space_.input,
                              .objective = objective_,
                              .prompts = {}};
    const Simulation simulation{.method = &made,
                                .evaluator = task.evaluator.get(),
                                .keep_costs = task.front.has_value(),
                                .budgets = recipe_.budgets};
    const auto runs = simulate(simulation, seed, done.repetitions);
    for (const Repetition& run : runs) done.trials += run.trials;
    for (std::size_t i = 0; i < recipe_.budgets.size(); ++i) {
      std::vector<double> scores;
      for (const Repetition& run : runs) scores.push_back(score(run, i, task));
      done.rows.push_back(summarize(name, task.name, recipe_.budgets[i], scores));
    }
  }

  // What a repetition had reached at a budget, in the recipe's unit.
  double score(const Repetition& run, std::size_t budget, const Task& task) const {
    if (task.front) return 100 * task.front->share(run.costs, static_cast<std::size_t>(recipe_.budgets[budget]));
    const Repetition::Best& best = run.best[budget];
    if (best.trial < 0) throw base::Error("no trial had a score", path_);
    double value = best.standing.value;
    std::string metric = objective_.first().metric;
    if (recipe_.report == "test") {
      metric = recipe_.test_metric;
      const journal::Outcome outcome =
          task.evaluator->evaluate({.key = {},
                                    .genome = {},
                                    .fidelity = {.budget = best.standing.budget, .test = true},
                                    .seed = run.seed,
                                    .packed = &best.genome});
      const auto found = outcome.test.find(metric);
      if (found == outcome.test.end()) throw base::Error("a genome has no " + metric, path_);
      value = found->second;
    }
    const auto factor =
        bench::unit_factor(table_.manifest().metrics[table_.manifest().metric(metric)].unit, recipe_.unit);
    if (!factor) throw base::Error(factor.error(), "unit");
    return value * *factor;
  }

  ReproducedRow summarize(const std::string& method, const std::string& task, std::int64_t budget,
                          const std::vector<double>& scores) const {
    const Moments own = moments(scores);
    ReproducedRow row{.method = method,
                      .task = task,
                      .budget = budget,
                      .mean = own.mean,
                      .deviation = own.deviation,
                      .interval = base::t_interval(scores),
                      .comparisons = {}};
    for (const Reference& reference : recipe_.references) {
      if (matches(reference, row)) row.comparisons.push_back(compare(reference, own, scores.size()));
    }
    return row;
  }

  bool matches(const Reference& reference, const ReproducedRow& row) const {
    return reference.method == row.method && reference.budget == row.budget &&
           (reference.task.empty() ? tasks_.size() == 1 : reference.task == row.task);
  }

  bool compared(const Reference& reference, const Reproduction& done) const {
    return std::any_of(done.rows.begin(), done.rows.end(),
                       [&](const ReproducedRow& row) { return matches(reference, row); });
  }

  Comparison compare(const Reference& reference, const Moments& own, std::size_t repetitions) const {
    const bench::Manifest& manifest = table_.manifest();
    if (reference.fidelity != manifest.fidelities.back())
      return {reference, Verdict::not_comparable,
              "scores of " + base::number_text(reference.fidelity) + " " + manifest.fidelity_unit};
    // A reference without a spread is taken to be as spread as ours.
    const double theirs = reference.deviation.value_or(own.deviation), runs = reference.runs.value_or(1);
    const double error =
        std::sqrt(own.deviation * own.deviation / static_cast<double>(repetitions) + theirs * theirs / runs);
    const double apart = std::abs(own.mean - reference.mean);
    const std::string why = base::number_text(std::round(apart * 1000) / 1000) + " apart, " +
                            base::number_text(std::round(10 * apart / std::max(error, 1e-12)) / 10) +
                            " standard errors";
    return {reference, apart <= kErrors * error ? Verdict::agrees : Verdict::differs, why};
  }

  const Recipe& recipe_;
  std::string path_;
  bench::Table table_;
  space::Space space_;  // confined to the rows of a sample
  evolve::Objective objective_;
  std::vector<Task> tasks_;
};

Json to_json_of(const Comparison& one) {
  Json value = {
      {"method", one.reference.method},     {"task", one.reference.task},      {"budget", one.reference.budget},
      {"fidelity", one.reference.fidelity}, {"mean", one.reference.mean},      {"kind", one.reference.kind},
      {"source", one.reference.source},     {"verdict", to_text(one.verdict)}, {"why", one.why}};
  if (one.reference.deviation) value["deviation"] = *one.reference.deviation;
  if (one.reference.runs) value["runs"] = *one.reference.runs;
  return value;
}

}  // namespace

std::string to_text(Verdict verdict) {
  return verdict == Verdict::agrees ? "agrees" : verdict == Verdict::differs ? "differs" : "not comparable";
}

Recipe Recipe::load(const std::string& name) {
  const base::Document document = base::read_yaml(base::find_data(name, "nasbench/published", ".yaml"));
  const Json checked = base::check(base::load_schema("reproduction"), document);
  Recipe recipe;
  recipe.name = checked.at("name");
  recipe.description = checked.at("description");
  recipe.table = checked.at("table");
  recipe.report = checked.at("report");
  recipe.test_metric = checked.at("test_metric");
  recipe.unit = checked.at("unit");
  recipe.objective = checked.at("objective");
  if (checked.contains("tasks")) recipe.tasks = checked.at("tasks").get<std::vector<std::string>>();
  recipe.any_seed = checked.at("any_seed");
  recipe.repetitions = checked.at("repetitions");
  recipe.budgets = checked.at("budgets").get<std::vector<std::int64_t>>();
  recipe.reference_point = checked.at("hypervolume").at("reference");
  if ((recipe.report == "test") == recipe.test_metric.empty())
    throw document.error("/test_metric", "goes with report: test, and only with it");
  if ((recipe.report == "hypervolume") != recipe.objective.contains("pareto"))
    throw document.error("/report", "hypervolume goes with objective: pareto, and only with it");
  if (!std::is_sorted(recipe.budgets.begin(), recipe.budgets.end())) throw document.error("/budgets", "must ascend");
  for (const auto& [label, method] : checked.at("methods").items())
    recipe.methods[label] = checked_method(document, label, method);
  for (const Json& given : checked.at("references")) recipe.references.push_back(read_reference(given));
  return recipe;
}

Json Reproduction::to_json() const {
  Json value = {{"name", recipe.name},   {"table", table},          {"fidelity", fidelity},
                {"unit", recipe.unit},   {"report", recipe.report}, {"seconds", seconds},
                {"trials", trials},      {"only_test", only_test},  {"repetitions", repetitions},
                {"rows", Json::array()}, {"others", Json::array()}};
  for (const ReproducedRow& row : rows) {
    Json one = {{"method", row.method}, {"task", row.task},           {"budget", row.budget},
                {"mean", row.mean},     {"deviation", row.deviation}, {"comparisons", Json::array()}};
    if (row.interval) one["interval"] = {row.interval->low, row.interval->high};
    for (const Comparison& comparison : row.comparisons) one["comparisons"].push_back(to_json_of(comparison));
    value["rows"].push_back(std::move(one));
  }
  for (const Comparison& other : others) value["others"].push_back(to_json_of(other));
  return value;
}

Reproduction reproduce(const Recipe& recipe, const base::fs::path& table, int repetitions, std::uint64_t seed,
                       const std::function<void(std::size_t done, std::size_t all)>& progress) {
  return Reproducer(recipe, table).run(repetitions, seed, progress);
}

}  // namespace weft::search
