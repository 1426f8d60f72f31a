#include "evaluate/evaluator.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "bench/manifest.hpp"
#include "bench/surrogate.hpp"
#include "evaluate/evaluators/all.hpp"
#include "net/device.hpp"
#include "space/decode.hpp"
#include "space/vary.hpp"
#include "train/proxies.hpp"
#include "train/trainer.hpp"

namespace weft::evaluate {
namespace {

struct Row {
  const char* name;
  Traits (*traits)(const base::Json& options);
  std::vector<std::string> (*metrics)(space::Task, const base::Json& options);
  std::unique_ptr<Evaluator> (*make)(const Setup&);
};

using Options = base::Json;
using Names = std::vector<std::string>;

Names train_metrics(space::Task task, const Options& /*options*/) {
  Names names{"val_loss", "train_loss", "params",       "trainable_params", "flops",
              "steps",    "tokens",     "tokens_per_s", "train_s",          "memory_bytes"};
  if (task == space::Task::image_classification) names.insert(names.begin() + 1, "val_accuracy");
  return names;
}

Names supernet_metrics(space::Task task, const Options& options) {
  Names names{"val_loss"};
  if (task == space::Task::image_classification) names.emplace_back("val_accuracy");
  if (options.contains("finetune")) {
    for (const std::string& name : Names(names)) names.push_back("inherited_" + name);
  }
  names.insert(names.end(), {"params", "flops", "evaluate_s"});
  return names;
}

Names count_metrics(space::Task /*task*/, const Options& /*options*/) {
  return {"params", "trainable_params", "flops", "activations_bytes", "score"};
}

Names latency_metrics(space::Task /*task*/, const Options& options) {
  return options.contains("table") ? Names{"latency_s"} : Names{"latency_s", "latency_iqr_s"};
}

// Those that are asked for, and counts.
Names proxy_metrics(space::Task /*task*/, const Options& options) {
  Names names = options.at("scores").get<Names>();
  names.insert(names.end(), {"params", "trainable_params", "flops"});
  return names;
}

// Those of the table; its test scores among them only where it has nothing else.
Names table_metrics(space::Task /*task*/, const Options& options) {
  const bench::Manifest manifest = bench::Manifest::load(options.at("path").get<std::string>());
  Names names;
  for (const bench::Metric& metric : manifest.metrics) {
    if (!metric.curve && (!metric.test || manifest.only_test)) names.push_back(metric.name);
  }
  const auto& all = manifest.metrics;
  if (std::any_of(all.begin(), all.end(), [](const bench::Metric& metric) { return metric.cost; }))
    names.emplace_back("simulated_s");
  return names;
}

Names surrogate_metrics(space::Task /*task*/, const Options& options) {
  return {bench::Surrogate::load(options.at("path").get<std::string>()).metric(), "deviation"};
}

Names unknown_metrics(space::Task /*task*/, const Options& /*options*/) {
  return {};
}

Traits count_traits(const Options& /*options*/) {
  return {.instant = true};
}

Traits train_traits(const Options& /*options*/) {
  return {.trains = true, .computes = true, .budgets = true, .tests = true};
}

Traits supernet_traits(const Options& /*options*/) {
  return {.trains = true, .computes = true, .tests = true};
}

Traits proxy_traits(const Options& /*options*/) {
  return {.trains = true, .computes = true};
}

Traits table_traits(const Options& /*options*/) {
  return {.instant = true, .budgets = true, .tests = true};
}

Traits command_traits(const Options& /*options*/) {
  return {.budgets = true, .tests = true};
}

// A table is looked into, with nothing to measure.
Traits latency_traits(const Options& options) {
  return {.instant = options.contains("table"), .computes = !options.contains("table")};
}

std::vector<Stage> cascade_stages(const Options& list) {
  std::vector<Stage> stages;
  for (const base::Json& given : list) {
    Stage stage{"/cascade/" + std::to_string(stages.size()), given};
    stage.keep = given.value("keep", base::Json::object());
    stage.evaluate.erase("keep");
    stages.push_back(std::move(stage));
  }
  return stages;
}

Traits cascade_traits(const Options& options) {
  Traits traits{.instant = true};
  for (const Stage& stage : cascade_stages(options)) {
    const Traits own = traits_of(stage.evaluate);
    traits.instant = traits.instant && own.instant;
    traits.trains = traits.trains || own.trains;
    traits.computes = traits.computes || own.computes;
    traits.budgets = traits.budgets || own.budgets;
    traits.tests = traits.tests || own.tests;
  }
  return traits;
}

// Nothing where a stage's are not known.
Names cascade_metrics(space::Task task, const Options& options) {
  Names names;
  for (const Stage& stage : cascade_stages(options)) {
    const Names own = metric_names(stage.evaluate, task);
    if (own.empty()) return {};
    for (const std::string& name : own) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

constexpr std::array kEvaluators{Row{"train", train_traits, train_metrics, evaluators::train},
                                 Row{"supernet", supernet_traits, supernet_metrics, evaluators::supernet},
                                 Row{"proxy", proxy_traits, proxy_metrics, evaluators::proxy},
                                 Row{"count", count_traits, count_metrics, evaluators::count},
                                 Row{"latency", latency_traits, latency_metrics, evaluators::latency},
                                 Row{"table", table_traits, table_metrics, evaluators::table},
                                 Row{"surrogate", count_traits, surrogate_metrics, evaluators::surrogate},
                                 Row{"command", command_traits, unknown_metrics, evaluators::command},
                                 Row{"cascade", cascade_traits, cascade_metrics, evaluators::cascade}};

const Row& find(const std::string& name) {
  for (const Row& row : kEvaluators) {
    if (name == row.name) return row;
  }
  throw base::Error("no evaluator '" + name + "'" + base::did_you_mean(name, evaluator_names()));
}

}  // namespace

base::Json Evaluation::to_json() const {
  return {{"key", key},   {"genome", genome}, {"budget", fidelity.budget}, {"test", fidelity.test},
          {"seed", seed}, {"keep", keep}};
}

Evaluation Evaluation::from_json(const base::Json& value) {
  return {.key = value.at("key"),
          .genome = value.at("genome"),
          .fidelity = {value.at("budget"), value.at("test")},
          .seed = value.at("seed"),
          .keep = value.at("keep")};
}

base::Json Setup::to_json() const {
  return {{"space", space}, {"task", task}, {"evaluate", evaluate}, {"threads", threads}, {"device", device}};
}

Setup Setup::from_json(const base::Json& value) {
  return {value.at("space"), value.at("task"), value.at("evaluate"), value.at("threads"), value.at("device")};
}

std::vector<Stage> stages_of(const base::Json& evaluate) {
  if (!evaluate.contains("cascade")) return {{"", evaluate}};
  return cascade_stages(evaluate.at("cascade"));
}

Traits traits_of(const base::Json& evaluate) {
  return find(evaluate.begin().key()).traits(evaluate.begin().value());
}

std::vector<std::string> metric_names(const base::Json& evaluate, space::Task task) {
  return find(evaluate.begin().key()).metrics(task, evaluate.begin().value());
}

double time_limit(const base::Json& evaluate) {
  double seconds = 0;
  for (const Stage& stage : stages_of(evaluate)) {
    const double own = stage.options().value("time_limit", 0.0);
    if (own == 0 && !traits_of(stage.evaluate).instant) return 0;
    seconds += own;
  }
  return seconds;
}

std::vector<std::string> evaluator_names() {
  std::vector<std::string> names;
  for (const Row& row : kEvaluators) names.emplace_back(row.name);
  return names;
}

std::vector<std::string> proxy_names() {
  return train::proxy_names();
}

std::unique_ptr<Evaluator> make_evaluator(const Setup& setup) {
  return find(setup.name()).make(setup);
}

std::vector<space::Genome> listed_genomes(const Setup& setup) {
  for (const Stage& stage : stages_of(setup.evaluate)) {
    if (stage.name() != "table") continue;
    Setup own = setup;
    own.evaluate = stage.evaluate;
    return evaluators::rows_to_search(own);
  }
  return {};
}

space::Input task_input(const Setup& setup) {
  // All stages of a cascade see the data that one of them trains on.
  const base::Json& evaluate = setup.whole.is_null() ? setup.evaluate : setup.whole;
  if (traits_of(evaluate).trains) return train::open_dataset(train::TaskConfig::from_json(setup.task))->input();
  space::Input input = space::Space::from_snapshot(setup.space).input;
  if (input.task == space::Task::language_model) input.context = setup.task.at("context");
  return input;
}

DataInfo describe_data(const Setup& setup) {
  if (!traits_of(setup.evaluate).trains) return {};
  const auto data = train::open_dataset(train::TaskConfig::from_json(setup.task));
  return {data->hash(), data->description()};
}

namespace {

// The precision in which a typical architecture trains faster: it decides for all, as one of the run's settings.
std::string measured_precision(const Setup& setup, base::Json recipe) {
  const auto data = train::open_dataset(train::TaskConfig::from_json(setup.task));
  const space::Space space = space::Space::from_snapshot(setup.space);
  recipe["device"] = setup.device;
  base::Random random(0, "precision");
  for (int attempt = 0; attempt < 100; ++attempt) {
    const auto architecture = space::decode(space, space::sample(space, random), data->input());
    if (architecture) return train::faster_precision(*architecture, *data, train::Recipe::from_json(recipe));
  }
  return "fp32";
}

}  // namespace

std::vector<std::string> recipes_of(const Stage& stage) {
  std::vector<std::string> list;
  if (stage.name() == "train") list.emplace_back("");
  if (stage.name() != "supernet") return list;
  for (const char* name : {"/train", "/finetune", "/winner_finetune", "/winner_retrain"}) {
    if (stage.options().contains(base::Json::json_pointer(name))) list.emplace_back(name);
  }
  return list;
}

base::Json resolve_autos(const Setup& setup) {
  base::Json resolved = setup.evaluate;
  std::string precision;  // one for all recipes
  for (const Stage& stage : stages_of(setup.evaluate)) {
    for (const std::string& recipe : recipes_of(stage)) {
      base::Json& own = resolved[base::Json::json_pointer(stage.where + "/" + stage.name() + recipe)];
      if (own.at("precision") != "auto") continue;
      if (precision.empty()) precision = measured_precision(setup, own);
      own["precision"] = precision;
    }
  }
  return resolved;
}

}  // namespace weft::evaluate
