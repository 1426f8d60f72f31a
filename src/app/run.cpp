#include <fmt/format.h>

#include <memory>

#include "app/commands.hpp"
#include "app/signals.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "search/session.hpp"
#include "view/progress.hpp"

namespace weft::app {
namespace {

struct RunOptions {
  std::string experiment, folder;
  std::vector<std::string> settings;
  bool allow_command = false, json = false;
};

void check_command(const search::Experiment& experiment, bool allowed) {
  if (experiment.evaluator() != "command" || allowed) return;
  const auto argv = experiment.checked.at("evaluate").at("command").at("run").get<std::vector<std::string>>();
  throw base::Error("this experiment runs a program of its own, '" + base::join(argv, " ") + "'; pass --allow-command if you trust it", experiment.file);
}

void run_and_show(const search::Experiment& experiment, journal::Journal& journal, bool json) {
  search::Progress progress(evolve::Objective::from_json(experiment.checked.at("objective")));
  view::ProgressView shown(experiment, progress, json);
  StopSignals signals([&](const std::string& line) { shown.tell(line); });
  const std::string ended = search::run_session(experiment, journal, progress, signals.signs());
  shown.finish();
  view::print_summary(journal, ended, json);
}

void run(const RunOptions& options) {
  search::Experiment experiment = search::Experiment::load(options.experiment, options.settings);
  check_command(experiment, options.allow_command);
  const base::fs::path folder = search::run_folder(options.folder, experiment.name);
  const auto journal = search::start_run(experiment, folder);
  run_and_show(experiment, *journal, options.json);
}

void resume(const RunOptions& options) {
  search::Experiment experiment;
  const auto journal = search::reopen_run(options.folder, options.settings, experiment);
  check_command(experiment, options.allow_command);
  run_and_show(experiment, *journal, options.json);
}

}  // namespace

void add_run(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  auto* command = app.add_subcommand("run", "Runs an experiment, journals it, and writes its report.\n"
                                            "Example: weft run experiments/quickstart.yaml --set search.trials=20 --set seed=2");
  command->add_option("experiment", options->experiment, "An experiment: a name in experiments/, or a path to a .yaml file")->required();
  command->add_option("-o,--out", options->folder, "The run's folder (default: runs/<name>)");
  command->add_option("--set", options->settings, "Sets a key of the experiment: key=value, as search.trials=20")->allow_extra_args(false);
  command->add_flag("--allow-command", options->allow_command, "Lets the experiment run the program that it names");
  command->add_flag("--json", options->json, "Prints the result as JSON and no progress");
  command->callback([options] { run(*options); });
}

void add_resume(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  auto* command = app.add_subcommand("resume", "Goes on with a run that was stopped or killed, or with new limits.\n"
                                               "Example: weft resume runs/quickstart --set search.trials=200");
  command->add_option("folder", options->folder, "The run's folder")->required();
  command->add_option("--set", options->settings, "Changes a limit or the number of workers: key=value")->allow_extra_args(false);
  command->add_flag("--allow-command", options->allow_command, "Lets the experiment run the program that it names");
  command->add_flag("--json", options->json, "Prints the result as JSON and no progress");
  command->callback([options] { resume(*options); });
}

}  // namespace weft::app
