#include "evaluate/evaluator.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
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
  Traits traits;
  std::vector<std::string> (*metrics)(space::Task);
  std::unique_ptr<Evaluator> (*make)(const Setup&);
};

std::vector<std::string> train_metrics(space::Task task) {
  std::vector<std::string> names{"val_loss", "train_loss", "params",       "trainable_params", "flops",
                                 "steps",    "tokens",     "tokens_per_s", "train_s",          "memory_bytes"};
  if (task == space::Task::image_classification) names.insert(names.begin() + 1, "val_accuracy");
  return names;
}

std::vector<std::string> count_metrics(space::Task /*task*/) {
  return {"params", "trainable_params", "flops", "activations_bytes", "score"};
}

std::vector<std::string> proxy_metrics(space::Task /*task*/) {
  std::vector<std::string> names = train::proxy_names();
  names.insert(names.end(), {"params", "trainable_params", "flops"});
  return names;
}

std::vector<std::string> unknown_metrics(space::Task /*task*/) {
  return {};
}

constexpr std::array kEvaluators{
    Row{"train", {.instant = false, .trains = true, .tests = true}, train_metrics, evaluators::train},
    Row{"proxy", {.instant = false, .trains = true, .tests = false}, proxy_metrics, evaluators::proxy},
    Row{"count", {.instant = true, .trains = false, .tests = false}, count_metrics, evaluators::count},
    Row{"command", {.instant = false, .trains = false, .tests = true}, unknown_metrics, evaluators::command}};

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
  return {
      value.at("key"), value.at("genome"), {value.at("budget"), value.at("test")}, value.at("seed"), value.at("keep")};
}

base::Json Setup::to_json() const {
  return {{"space", space}, {"task", task}, {"evaluate", evaluate}, {"threads", threads}, {"device", device}};
}

Setup Setup::from_json(const base::Json& value) {
  return {value.at("space"), value.at("task"), value.at("evaluate"), value.at("threads"), value.at("device")};
}

Traits traits_of(const std::string& name) {
  return find(name).traits;
}

std::vector<std::string> metric_names(const base::Json& evaluate, space::Task task) {
  std::vector<std::string> names = find(evaluate.begin().key()).metrics(task);
  if (!evaluate.contains("proxy")) return names;
  const auto asked = evaluate.at("proxy").at("scores").get<std::vector<std::string>>();
  for (const std::string& proxy : train::proxy_names()) {
    if (std::find(asked.begin(), asked.end(), proxy) == asked.end()) std::erase(names, proxy);
  }
  return names;
}

std::vector<std::string> evaluator_names() {
  std::vector<std::string> names;
  for (const Row& row : kEvaluators) names.emplace_back(row.name);
  return names;
}

std::unique_ptr<Evaluator> make_evaluator(const Setup& setup) {
  return find(setup.name()).make(setup);
}

space::Input task_input(const Setup& setup) {
  if (traits_of(setup.name()).trains) return train::open_dataset(train::TaskConfig::from_json(setup.task))->input();
  space::Input input = space::Space::from_snapshot(setup.space).input;
  if (input.task == space::Task::language_model) input.context = setup.task.at("context");
  return input;
}

DataInfo describe_data(const Setup& setup) {
  if (!traits_of(setup.name()).trains) return {};
  const auto data = train::open_dataset(train::TaskConfig::from_json(setup.task));
  return {data->hash(), data->description()};
}

base::Json resolve_autos(const Setup& setup) {
  base::Json resolved = setup.evaluate;
  if (setup.name() != "train" || resolved.at("train").at("precision") != "auto") return resolved;
  const auto data = train::open_dataset(train::TaskConfig::from_json(setup.task));
  const space::Space space = space::Space::from_snapshot(setup.space);
  // A typical architecture decides for all: the precision is one of the run's settings, not a candidate's.
  base::Random random(0, "precision");
  std::string precision = "fp32";
  for (int attempt = 0; attempt < 100; ++attempt) {
    const auto architecture = space::decode(space, space::sample(space, random), data->input());
    if (!architecture) continue;
    base::Json recipe = resolved.at("train");
    recipe["device"] = setup.device;
    precision = train::faster_precision(*architecture, *data, train::Recipe::from_json(recipe));
    break;
  }
  resolved["train"]["precision"] = precision;
  return resolved;
}

}  // namespace weft::evaluate
