#include "search/experiment.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/schema.hpp"
#include "base/text.hpp"
#include "net/device.hpp"
#include "search/supernet.hpp"
#include "train/data.hpp"

namespace weft::search {
namespace {

using base::Json;

template <class T>
std::optional<T> optional_value(const Json& object, const char* key) {
  return object.contains(key) ? std::optional<T>(object.at(key).get<T>()) : std::nullopt;
}

// What the schema cannot say of evaluators.
void check_evaluators(const base::Document& document, const Json& evaluate) {
  for (const evaluate::Stage& stage : evaluate::stages_of(evaluate)) {
    const std::string where = "/evaluate" + stage.where;
    if (stage.evaluate.size() != 1)
      throw document.error(where,
                           "a stage of a cascade names exactly one evaluator, and what it keeps: {count: {}, "
                           "keep: {params: 1M}}");
    for (const std::string& recipe : evaluate::recipes_of(stage)) {
      const Json& train = stage.options().at(Json::json_pointer(recipe));
      const int budgets = static_cast<int>(train.contains("steps")) + static_cast<int>(train.contains("tokens")) +
                          static_cast<int>(train.contains("seconds"));
      if (budgets == 1) continue;
      const std::string name = recipe.empty() ? "train" : recipe.substr(1);
      throw document.error(where + "/" + stage.name() + recipe,
                           "'" + name + "' needs exactly one of steps, tokens and seconds as its budget");
    }
  }
}

// What the schema cannot say.
void check_further(const base::Document& document, const Json& checked, const std::string& method) {
  check_evaluators(document, checked.at("evaluate"));
  check_mixture(document, checked);
  const Json& options = checked.at("search").at("method").begin().value();
  if (method == "evolution" && !options.at("refill") && options.at("mutations") == 0 && options.at("crossovers") == 0)
    throw document.error("/search/method/evolution",
                         "without mutations, crossovers and refill a generation has no trial");
  if (evolve::traits_of(method).uses_model && !checked.contains("llm")) {
    throw document.error(
        "/search/method",
        "the method " + method + " asks a language model; add llm: {provider: llama, model: smollm2-135m}");
  }
  const std::string evaluator = checked.at("evaluate").begin().key();
  if (evolve::traits_of(method).budgets && !evaluate::traits_of(checked.at("evaluate")).budgets) {
    throw document.error("/search/method", "the method " + method +
                                               " evaluates at shares of the budget; the evaluator '" + evaluator +
                                               "' has none to share: train, table and command have");
  }
  const Json& objective = checked.at("objective");
  const bool lossy =
      objective.contains("minimize") ||
      (objective.contains("maximize") && objective.at("maximize").get<std::string>().ends_with("accuracy"));
  if (options.value("fitness", "") == "product" && !lossy) {
    throw document.error(
        "/search/method",
        "fitness: product multiplies the parameters with a metric to minimize, or with what an accuracy "
        "lacks of 1; the objective is neither");
  }
  const Budget budget = Budget::from_json(checked);
  const bool ends = budget.trials || budget.evaluations || budget.minutes || budget.usd || budget.tokens ||
                    budget.calls || budget.simulated_hours;
  if (!ends && !evolve::traits_of(method).ends)
    throw document.error("/search", "nothing ends this run; set search.trials, search.evaluations or budget.minutes");
}

// A threshold on a metric that neither its stage nor one before it gives.
void check_thresholds(const base::Document& document, const Experiment& experiment) {
  Json stages = Json::array();
  for (const evaluate::Stage& stage : evaluate::stages_of(experiment.checked.at("evaluate"))) {
    stages.push_back(stage.evaluate);
    const auto known = evaluate::metric_names({{"cascade", stages}}, experiment.space.task);
    for (const auto& [metric, limit] : stage.keep.items()) {
      if (known.empty() || std::find(known.begin(), known.end(), metric) != known.end()) continue;
      throw document.error("/evaluate" + stage.where + "/keep/" + metric,
                           "no stage so far gives a metric " + base::quote(metric) + "; they give " +
                               base::join(known, ", ") + base::did_you_mean(metric, known));
    }
  }
}

// A metric that no candidate will ever have.
void check_objective(const base::Document& document, const Experiment& experiment) {
  const Json& evaluate = experiment.checked.at("evaluate");
  check_thresholds(document, experiment);
  const auto known = evaluate::metric_names(evaluate, experiment.space.task);
  if (known.empty()) return;
  if (Budget::from_json(experiment.checked).simulated_hours &&
      std::find(known.begin(), known.end(), "simulated_s") == known.end())
    throw document.error("/budget/simulated_hours",
                         "nothing says what an evaluation would have taken: that needs a table with a metric of cost: "
                         "true");
  for (const auto& goal : evolve::Objective::from_json(experiment.checked.at("objective")).goals) {
    if (std::find(known.begin(), known.end(), goal.metric) != known.end()) continue;
    throw document.error("/objective", "the evaluator '" + experiment.evaluator() + "' gives no metric " +
                                           base::quote(goal.metric) + "; it gives " + base::join(known, ", ") +
                                           base::did_you_mean(goal.metric, known));
  }
}

// Data that are not for the space's task.
void check_data(const base::Document& document, const Experiment& experiment, const std::string& data) {
  const space::Space& space = experiment.space;
  if (train::dataset_traits(data).task == space.task) return;
  const bool images = space.task == space::Task::image_classification;
  std::vector<std::string> fitting;
  for (const std::string& name : train::dataset_names()) {
    if (train::dataset_traits(name).task == space.task) fitting.push_back(name);
  }
  throw document.error("/task/data", "the space '" + space.name + "' is for " +
                                         (images ? "images" : "language models") + ", the data " + data +
                                         " is not; there are " + base::join(fitting, ", "));
}

// A key that the data set does not read would be a typing error or a misunderstanding.
void check_keys(const base::Document& document, const Json& task, const std::string& data) {
  const train::DataTraits traits = train::dataset_traits(data);
  if (traits.own_vocabulary && !task.contains("vocabulary"))
    throw document.error("/task", "the data " + data + " needs task.vocabulary, as 50257 for GPT-2's tokens");
  for (const auto& [key, read] : {std::pair{"vocabulary", traits.own_vocabulary},
                                  {"image_size", traits.scaled_images},
                                  {"augment", traits.scaled_images}}) {
    if (task.contains(key) && !read)
      throw document.error(std::string("/task/") + key, "the data " + data + " has no use for task." + key);
  }
}

void check_task(const base::Document& document, const Experiment& experiment) {
  if (!experiment.traits().trains) return;
  const Json& task = experiment.checked.at("task");
  const std::string data = task.at("data");
  const space::Space& space = experiment.space;
  if (space.vocabulary > 0 && space.vocabulary < 256 && !train::dataset_traits(data).own_vocabulary) {
    throw document.error("/space", "the space '" + space.name + "' has an embedding of " +
                                       std::to_string(space.vocabulary) + " tokens; the data " + data +
                                       " are bytes and need 256 (stem: {embedding: bytes})");
  }
  check_data(document, experiment, data);
  check_keys(document, task, data);
}

// A gene that decides nothing would make many genomes of one network.
void check_genes(const base::Document& document, const Experiment& experiment) {
  for (const evaluate::Stage& stage : evaluate::stages_of(experiment.checked.at("evaluate"))) {
    if (stage.name() == "command") return;  // genes mean what the program makes of them
  }
  const std::string gene = experiment.space.unused_gene();
  if (gene.empty()) return;
  throw document.error("/space", "the gene '" + gene + "' of the space '" + experiment.space.name +
                                     "' decides nothing; name it in layers.bind, or remove it");
}

}  // namespace

Budget Budget::from_json(const Json& checked) {
  const Json &search = checked.at("search"), &budget = checked.at("budget");
  return {.trials = optional_value<std::int64_t>(search, "trials"),
          .evaluations = optional_value<double>(search, "evaluations"),
          .tokens = optional_value<double>(budget, "tokens"),
          .calls = optional_value<double>(budget, "calls"),
          .minutes = optional_value<double>(budget, "minutes"),
          .usd = optional_value<double>(budget, "usd"),
          .simulated_hours = optional_value<double>(budget, "simulated_hours"),
          .repairs = search.at("repairs")};
}

Experiment Experiment::load(const std::string& name, const std::vector<std::string>& settings) {
  const base::fs::path path = base::find_data(name, "experiments", ".yaml");
  base::Document document = base::read_yaml(path);
  for (const std::string& setting : settings) base::set_value(document, setting);
  Experiment experiment;
  experiment.file = path.string();
  experiment.checked = base::check(base::load_schema("experiment"), document);
  experiment.name = experiment.checked.value("name", path.stem().string());
  if (experiment.name.empty() || experiment.name.find_first_of("/\\") != std::string::npos ||
      experiment.name.front() == '.') {
    throw document.error("/name", "a name that can be a folder's was expected");
  }
  check_further(document, experiment.checked, experiment.method());
  try {
    experiment.space = space::Space::load(experiment.checked.at("space"), path.parent_path());
  } catch (const base::Error& error) {
    throw document.error("/space", error.what());
  }
  check_task(document, experiment);
  check_genes(document, experiment);
  check_objective(document, experiment);
  experiment.prompts = evolve::load_prompts(evolve::traits_of(experiment.method()).prompts,
                                            experiment.checked.at("search").at("prompts"), path.parent_path());
  return experiment;
}

Experiment Experiment::from_header(const Json& header) {
  Experiment experiment;
  experiment.file = header.at("file");
  experiment.name = header.at("name");
  experiment.checked = header.at("experiment");
  experiment.space = space::Space::from_snapshot(header.at("space"));
  for (const auto& [prompt, text] : header.at("prompts").items())
    experiment.prompts[prompt] = {text.get<std::string>()};
  return experiment;
}

Json Experiment::header() const {
  Json texts = Json::object();
  for (const auto& [prompt_name, prompt] : prompts) texts[prompt_name] = prompt.text;
  return {{"file", file}, {"name", name}, {"experiment", checked}, {"space", space.snapshot()}, {"prompts", texts}};
}

std::optional<llm::ProviderConfig> Experiment::provider() const {
  if (!uses_model()) return std::nullopt;
  llm::ProviderConfig config = llm::ProviderConfig::from_json(checked.at("llm"));
  const int threads = plan().model_threads;
  config.threads = threads;
  if (config.recorded) config.recorded->threads = threads;
  return config;
}

evaluate::Setup Experiment::setup() const {
  const evaluate::Plan wished = plan();
  return {.space = space.snapshot(),
          .task = checked.at("task"),
          .evaluate = checked.at("evaluate"),
          .threads = std::max(1, wished.threads),
          .device = "cpu"};
}

evaluate::Plan Experiment::plan() const {
  const Json& local = checked.at("engine").at("local");
  return {.workers = local.value("workers", 0),
          .threads = local.value("threads", 0),
          .model_threads = local.value("model_threads", 0),
          .memory_limit = local.value("memory", 0.0)};
}

namespace {

// Where a file that an evaluator reads lies, and a hash of it, so that an evaluation's key tells another one apart: the
// base model of `train`, the table of `latency`.
void settle_file(Json& evaluate, const std::string& evaluator, const std::string& key) {
  if (!evaluate.contains(evaluator) || !evaluate.at(evaluator).contains(key)) return;
  Json& options = evaluate[evaluator];
  const base::fs::path path = base::fs::absolute(options.at(key).get<std::string>());
  options[key + "_hash"] = base::short_hash(base::read_file(path, std::size_t{1} << 34U));
  options[key] = path.string();
}

// The manifest of a table or a surrogate has the hashes of its files in it.
void settle_manifest(Json& evaluate, const std::string& evaluator, const char* name) {
  if (!evaluate.contains(evaluator)) return;
  Json& options = evaluate[evaluator];
  const base::fs::path path = base::fs::absolute(options.at("path").get<std::string>());
  options["hash"] = base::short_hash(base::read_file(base::fs::is_directory(path) ? path / name : path));
  options["path"] = path.string();
}

void settle_files(Json& evaluate) {
  for (const evaluate::Stage& stage : evaluate::stages_of(evaluate)) {
    Json& one = evaluate[Json::json_pointer(stage.where)];
    settle_file(one, "train", "base");
    settle_file(one, "latency", "table");
    settle_manifest(one, "table", "table.yaml");
    settle_manifest(one, "surrogate", "surrogate.yaml");
  }
}

}  // namespace

void Experiment::check_files() const {
  Json now = checked.at("evaluate");
  settle_files(now);
  for (const evaluate::Stage& stage : evaluate::stages_of(now)) {
    if (stage.options() == checked.at("evaluate").at(Json::json_pointer(stage.where)).at(stage.name())) continue;
    for (const char* key : {"base", "table", "path"}) {
      if (stage.options().contains(key))
        throw base::Error("is not the file that the run started with; put it back to go on", stage.options().at(key));
    }
  }
}

void Experiment::resolve() {
  const bool local_model =
      uses_model() &&
      (checked.at("llm").at("provider") == "llama" ||
       (checked.at("llm").contains("record") && checked.at("llm").at("record").at("provider") == "llama"));
  const evaluate::Plan plan = evaluate::make_plan(this->plan(), traits(), local_model);
  Json& local = checked["engine"]["local"];
  local["workers"] = plan.workers;
  local["threads"] = plan.threads;
  if (plan.model_threads > 0) local["model_threads"] = plan.model_threads;
  if (!checked["search"].contains("window"))
    checked["search"]["window"] = traits().instant ? plan.workers : 6 * plan.workers;
  settle_files(checked["evaluate"]);
  evaluate::Setup measured = setup();
  measured.device = plan.devices.front();
  checked["evaluate"] = evaluate::resolve_autos(measured);
}

std::string evaluation_key(const Experiment& experiment, const std::string& genome_id,
                           const journal::Fidelity& fidelity) {
  Json identity = {{"genome", genome_id},
                   {"task", experiment.checked.at("task")},
                   {"evaluate", experiment.checked.at("evaluate")},
                   {"budget", fidelity.budget},
                   {"test", fidelity.test},
                   {"seed", experiment.seed()}};
  if (fidelity.replicate != 0) identity["replicate"] = fidelity.replicate;
  return "e1-" + base::short_hash(base::canonical_text(identity));
}

std::uint64_t evaluation_seed(const Experiment& experiment, const std::string& genome_id) {
  return base::hash64(evaluation_key(experiment, genome_id, {}));
}

}  // namespace weft::search
