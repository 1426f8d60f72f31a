#include "app/run.hpp"

#include <fmt/format.h>

#include <atomic>
#include <memory>

#include "app/commands.hpp"
#include "app/signals.hpp"
#include "base/error.hpp"
#include "base/process.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"
#include "search/session.hpp"
#include "search/supernet.hpp"
#include "train/supernet_run.hpp"
#include "view/progress.hpp"
#include "view/report.hpp"
#include "view/summary.hpp"

namespace weft::app {
namespace {

// What an experiment names cannot be made; nothing was asked for and nothing is journaled.
class NotBegun : public base::Error {
 public:
  explicit NotBegun(const base::Error& error) : base::Error(error) {}
};

void check_program(const search::Experiment& experiment, const std::vector<std::string>& argv, bool allowed) {
  if (!allowed) {
    throw base::Error("this experiment runs a program of its own, '" + base::join(argv, " ") +
                          "'; pass --allow-command if you trust it",
                      experiment.file);
  }
  if (base::find_program(argv[0]).empty()) {
    throw base::Error("evaluate.command.run: there is no program '" + argv[0] + "' that may be run; install it, or " +
                          "give its path",
                      experiment.file);
  }
}

void check_command(const search::Experiment& experiment, bool allowed) {
  for (const evaluate::Stage& stage : evaluate::stages_of(experiment.checked.at("evaluate"))) {
    if (stage.name() == "command")
      check_program(experiment, stage.options().at("run").get<std::vector<std::string>>(), allowed);
  }
}

void write_report(const journal::Journal& journal) {
  base::write_file(journal.folder() / "report.html", view::render_report(journal, view::Format::html));
}

void run_and_show(const search::Experiment& experiment, journal::Journal& journal, const RunOptions& options) {
  const bool json = options.json;
  const std::string again = options.again.empty() ? "weft resume " + journal.folder().string() : options.again;
  if (!json) std::fputs((view::heading(experiment, journal.folder()) + "\n").c_str(), stderr);
  search::Progress progress(evolve::Objective::from_json(experiment.checked.at("objective")));
  std::atomic<view::ProgressView*> screen = nullptr;
  // Before any other thread, so that all of them leave the signals to it.
  StopSignals signals([&](const std::string& line) {
    if (view::ProgressView* view = screen) view->tell("weft: " + line);
  });
  view::ProgressView shown(experiment, progress, json);
  screen = &shown;
  const std::shared_ptr<void> before_it_goes(nullptr, [&](void*) { screen = nullptr; });
  std::string ended;
  try {
    ended = search::run_session(experiment, journal, progress, signals.signs());
  } catch (const base::Error& error) {
    shown.finish();
    if (journal.size() == 0 && progress.snapshot().phase == "starting") throw NotBegun(error);
    journal.add_event("error", base::redact(error.what()));
    try {
      write_report(journal);
    } catch (const base::Error&) {  // the disk may be what failed: the first error is the one to tell
    }
    const std::string what = error.what();
    throw base::Error(what + (what.find(again) == std::string::npos ? "; nothing is lost: " + again : ""), "",
                      error.fault());
  }
  shown.finish();
  base::Json summary = view::summarize(journal);
  write_report(journal);
  const std::string unscored = ended == "stopped" ? "" : view::why_unscored(summary);
  if (json) {
    summary.erase("trials");
    fmt::print("{}\n", summary.dump(-1, ' ', false, base::Json::error_handler_t::replace));
  } else {
    fmt::print("{}", view::closing_words(summary, ended, journal.folder(), again));
  }
  if (!unscored.empty()) throw base::Error("no trial has a score: " + unscored, journal.folder().string());
}

// A search is one process, also where torchrun or Slurm started several.
void check_ranks(const search::Experiment& experiment) {
  if (train::ranks_of_process() > 1 && search::own_supernet(experiment))
    throw base::Error("several processes can train a supernet, but not search; first: weft supernet train",
                      "WORLD_SIZE");
}

}  // namespace

void run(const RunOptions& options) {
  search::Experiment experiment = search::Experiment::load(options.experiment, options.settings);
  check_command(experiment, options.allow_command);
  check_ranks(experiment);
  const base::fs::path folder = search::run_folder(options.folder, experiment.name);
  if (options.dry) {
    experiment.resolve();
    evaluate::describe_data(experiment.setup());
    fmt::print("{}\nnothing is wrong with it\n", view::heading(experiment, folder));
    return;
  }
  if (base::fs::exists(folder / "journal.sqlite"))
    throw base::Error("holds a run already; go on with: weft resume " + folder.string(), folder.string());
  auto journal = search::start_run(experiment, folder);
  try {
    run_and_show(experiment, *journal, options);
  } catch (const NotBegun&) {
    journal::Journal::discard(std::move(journal));
    throw;
  }
}

void resume(const RunOptions& options) {
  search::Experiment experiment;
  const auto journal = search::reopen_run(options.folder, options.settings, experiment);
  check_command(experiment, options.allow_command);
  check_ranks(experiment);
  run_and_show(experiment, *journal, options);
}

void add_run(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  auto* command =
      app.add_subcommand("run",
                         "Runs an experiment, journals it, and writes its report.\n"
                         "Example: weft run experiments/quickstart.yaml --set search.trials=20 --set seed=2");
  command
      ->add_option("experiment", options->experiment,
                   "An experiment: a name in experiments/, or a path to a .yaml file")
      ->required();
  command->add_option("-o,--out", options->folder, "The run's folder (default: runs/<name>)");
  command->add_option("--set", options->settings, "Sets a key of the experiment: key=value, as search.trials=20")
      ->allow_extra_args(false);
  command->add_flag("--allow-command", options->allow_command,
                    "Allows an experiment with evaluate: {command: ...} to start its program");
  command->add_flag("--json", options->json, "Prints no progress, and at the end the summary as JSON");
  command->add_flag("--dry-run", options->dry, "Checks the experiment and its data, says what would run, and ends");
  command->callback([options] { run(*options); });
}

void add_resume(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  auto* command = app.add_subcommand("resume",
                                     "Goes on with a run that was stopped or killed, or with new limits.\n"
                                     "Example: weft resume runs/quickstart --set search.trials=200");
  command->add_option("folder", options->folder, "The run's folder")->required();
  command
      ->add_option("--set", options->settings,
                   "Changes a limit or the number of workers: key=value, as search.trials=200")
      ->allow_extra_args(false);
  command->add_flag("--allow-command", options->allow_command,
                    "Allows an experiment with evaluate: {command: ...} to start its program");
  command->add_flag("--json", options->json, "Prints no progress, and at the end the summary as JSON");
  command->callback([options] { resume(*options); });
}

}  // namespace weft::app
