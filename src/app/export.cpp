#include <fmt/format.h>

#include <memory>

#include "app/commands.hpp"
#include "app/genome.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "evolve/objective.hpp"
#include "net/checkpoint.hpp"
#include "net/device.hpp"
#include "net/pytorch.hpp"
#include "search/session.hpp"
#include "space/genome_text.hpp"
#include "train/trainer.hpp"
#include "view/model_card.hpp"

namespace weft::app {
namespace {

namespace fs = base::fs;

struct ExportOptions {
  std::string source, genome, out, weights;
  std::int64_t trial = -1;
  std::uint64_t seed = 0;
  bool train = false, fresh = false, force = false;
};

// What is written, wherever it comes from.
struct Model {
  space::Space space;
  space::Genome genome;
  net::Network network;
  net::Weights weights;
  std::string about_weights;
};

// Weights that need no run: of a file, or fresh ones.
void take_weights(const ExportOptions& options, Model& model) {
  if (options.weights.empty()) {
    model.weights = net::initialise(model.network, options.seed, c10::Device(c10::kCPU));
    model.about_weights = fmt::format("fresh, drawn with seed {}: it is not trained", options.seed);
  } else {
    model.weights = net::read_weights(model.network, net::read_safetensors(options.weights), options.weights);
    model.about_weights = "those of a file that was given";
  }
}

void write(const ExportOptions& options, const Model& model, const journal::Journal* journal, journal::TrialId trial) {
  const fs::path out = options.out;
  std::error_code code;
  fs::create_directories(out, code);
  if (code) throw base::Error("cannot be made: " + code.message(), options.out);
  net::TensorFile file = net::to_state_dict(model.network, model.weights);
  file.metadata["genome"] = space::id(model.space, model.genome);
  const space::Architecture& a = model.network.architecture;
  const std::string source = net::write_python(a, net::labels_of(model.space, model.genome)).text;
  const std::string card = view::model_card({model.space, model.genome, a, model.about_weights, journal, trial});
  net::write_safetensors(out / "model.safetensors", file);
  base::write_file(out / "model.py", source);
  base::write_file(out / "README.md", card);
  for (const char* name : {"model.py", "model.safetensors", "README.md"}) fmt::print("{}\n", (out / name).string());
}

void export_genome(const ExportOptions& options) {
  if (options.trial >= 0 || options.train)
    throw base::Error("--trial and --train belong to a run's folder, not to a genome");
  Model model{.space = space::Space::load(options.source)};
  model.genome = read_genome(model.space, options.genome);
  model.network = net::make_network(decoded(model.space, model.genome, model.space.input));
  take_weights(options, model);
  write(options, model, nullptr, -1);
}

journal::Trial trial_of(const ExportOptions& options, const journal::Journal& journal,
                        const search::Experiment& experiment) {
  const auto trials = journal.trials();
  if (options.trial >= 0) {
    if (options.trial >= static_cast<std::int64_t>(trials.size()))
      throw base::Error(fmt::format("no trial {}; the run has {}", options.trial, trials.size()), "--trial");
    const journal::Trial& trial = trials[static_cast<std::size_t>(options.trial)];
    if (!trial.proposal.invalid.empty())
      throw base::Error(fmt::format("trial {} has no genome: {}", trial.id, base::one_line(trial.proposal.invalid)),
                        "--trial");
    if (!trial.outcome || !trial.outcome->ok())
      throw base::Error(
          fmt::format("trial {} failed: {}", trial.id, trial.outcome ? trial.outcome->failure : "no outcome"),
          "--trial");
    return trial;
  }
  const journal::Trial* best = evolve::Objective::from_json(experiment.checked.at("objective")).best_trial(trials);
  if (best == nullptr) throw base::Error("no trial of this run has a score: nothing to export", options.source);
  return *best;
}

// The options by which the run trained, in the last stage that did.
base::Json recipe_of(const search::Experiment& experiment) {
  base::Json recipe;
  for (const evaluate::Stage& stage : evaluate::stages_of(experiment.checked.at("evaluate"))) {
    if (stage.name() == "train") recipe = stage.options();
  }
  if (recipe.is_null())
    throw base::Error("the run did not train its genomes (evaluate: " + experiment.evaluator() + ")", "--train");
  return recipe;
}

// Trains the genome as the run did.
void train_again(const search::Experiment& experiment, const journal::Trial& trial, Model& model) {
  const base::Json trains = recipe_of(experiment);
  const evaluate::Plan plan = evaluate::make_plan(experiment.plan(), experiment.traits(), false);
  net::set_threads(plan.threads);
  const evaluate::Setup setup = experiment.setup();
  const auto data = train::open_dataset(train::TaskConfig::from_json(setup.task));
  train::Recipe recipe = train::Recipe::from_json(trains);
  recipe.device = plan.devices.front();
  const journal::Outcome outcome = train::train(model.network.architecture, *data, recipe, {},
                                                search::evaluation_seed(experiment, trial.proposal.id), &model.weights);
  if (!outcome.ok()) throw base::Error(outcome.failure + ": " + outcome.detail, "training");
  const double loss = outcome.metrics.at("val_loss"), before = trial.outcome->metrics.at("val_loss");
  fmt::print(stderr, "trained again: val_loss {:.6f}, {:.6f} in the run\n", loss, before);
  model.about_weights = fmt::format(
      "trained again with the run's recipe and seed: validation loss {:.6f}, {:.6f} in the run", loss, before);
}

// The trained weights that the run kept, if they are this genome's.
bool take_kept(const fs::path& folder, const std::string& id, Model& model) {
  const std::string path = search::kept_weights(folder);
  if (!fs::exists(path)) return false;
  const net::TensorFile file = net::read_safetensors(path);
  const auto genome = file.metadata.find("genome");
  if (genome == file.metadata.end() || genome->second != id) return false;
  model.weights = net::read_weights(model.network, file, path);
  model.about_weights = "those of the run's training";
  return true;
}

void export_run(const ExportOptions& options) {
  const auto journal = journal::Journal::open(options.source, journal::Journal::Mode::read);
  const search::Experiment experiment = search::Experiment::from_header(journal->header());
  const journal::Trial trial = trial_of(options, *journal, experiment);
  const auto genome = space::from_text(experiment.space, trial.proposal.text);
  if (!genome) throw base::Error(genome.error(), "trial " + std::to_string(trial.id));
  Model model{.space = experiment.space, .genome = *genome};
  model.network = net::make_network(decoded(model.space, model.genome, evaluate::task_input(experiment.setup())));
  if (options.train) {
    train_again(experiment, trial, model);
  } else if (options.fresh || !options.weights.empty()) {
    take_weights(options, model);
  } else if (!take_kept(options.source, trial.proposal.id, model)) {
    throw base::Error(
        fmt::format("no weights of trial {} are kept (a run keeps those of its winner, when it ends); --train "
                    "trains it again as the run did, --fresh takes untrained ones",
                    trial.id),
        options.source);
  }
  write(options, model, journal.get(), trial.id);
}

void export_model(const ExportOptions& options) {
  std::error_code code;
  if (fs::exists(options.out, code) && !fs::is_directory(options.out, code))
    throw base::Error("is a file; a folder is needed", options.out);
  if (!options.force && fs::is_directory(options.out, code) && !fs::is_empty(options.out, code))
    throw base::Error("is not empty; --force writes into it", options.out);
  if (!options.genome.empty()) return export_genome(options);
  if (!fs::is_directory(options.source, code))
    throw base::Error("is no run's folder; for a space give a genome as well", options.source);
  export_run(options);
}

}  // namespace

void add_export(CLI::App& app) {
  auto options = std::make_shared<ExportOptions>();
  auto* command = app.add_subcommand(
      "export",
      "Writes a run's winner, or any genome, as PyTorch: model.py, model.safetensors and a model card.\n"
      "Example: weft export runs/quickstart -o my_model\n"
      "Example: weft export nasbench201 genome.json -o my_model --seed 3");
  command->add_option("source", options->source, "A run's folder; or, with a genome, a space")->required();
  command->add_option(
      "genome", options->genome,
      "A genome of the space: JSON, or the space's own notation; a file that holds it, or - for standard input");
  command->add_option("-o,--out", options->out, "The folder to write to")->required();
  command->add_option("--trial", options->trial, "A trial of the run (default: its winner)")
      ->check(CLI::NonNegativeNumber);
  auto* train = command->add_flag("--train", options->train, "Trains the genome again, with the run's recipe and seed");
  auto* fresh = command->add_flag("--fresh", options->fresh, "Takes untrained weights (the default for a genome)");
  command->add_option("--weights", options->weights, "Takes the weights of a model.safetensors of this architecture")
      ->excludes(train)
      ->excludes(fresh);
  command->add_option("--seed", options->seed, "Seed of untrained weights (default 0)");
  command->add_flag("--force", options->force, "Writes into a folder that is not empty");
  train->excludes(fresh);
  command->callback([options] { export_model(*options); });
}

}  // namespace weft::app
