#include "search/supernet.hpp"

#include <fmt/format.h>

#include <atomic>
#include <memory>

#include "app/commands.hpp"
#include "app/signals.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "search/session.hpp"
#include "train/supernet_run.hpp"
#include "view/progress.hpp"

namespace weft::app {
namespace {

using base::Json;

struct SupernetOptions {
  std::string experiment, folder;
  std::vector<std::string> settings;
};

std::string point_text(const Json& point, const char* name) {
  return point.at(name).is_null() ? "-" : fmt::format("{:.4f}", point.at(name).get<double>());
}

void print_end(const base::fs::path& file, const base::fs::path& folder, bool done) {
  const Json state = train::supernet_state(file);
  const Json& last = state.at("curve").back();
  fmt::print("{}: {} steps in {}, val_loss {} of the largest, {} of the middle, {} of the smallest sub-network\n",
             file.string(), state.at("step").get<std::int64_t>(),
             base::short_duration(state.at("seconds").get<double>()), point_text(last, "largest"),
             point_text(last, "middle"), point_text(last, "smallest"));
  fmt::print("{}\n", done ? "search over it:  weft resume " + folder.string()
                          : "stopped; go on:  weft supernet train EXPERIMENT -o " + folder.string());
}

// The journal of a run that is new or was begun; of one process where several train.
std::unique_ptr<journal::Journal> open_journal(const SupernetOptions& options, const base::fs::path& folder,
                                               search::Experiment& experiment) {
  if (!base::fs::exists(folder / "journal.sqlite")) return search::start_run(experiment, folder);
  auto journal = search::reopen_run(folder, {}, experiment);
  if (!options.settings.empty())
    throw base::Error(
        "holds a run already, whose experiment stays as it is; leave out --set, or train into another "
        "folder",
        folder.string());
  return journal;
}

void train_supernet(const SupernetOptions& options) {
  search::Experiment experiment = search::Experiment::load(options.experiment, options.settings);
  const auto stage = search::own_supernet(experiment);
  if (!stage)
    throw base::Error("its evaluator has no supernet to train; write evaluate: {supernet: {train: {steps: 1000}}}",
                      experiment.file);
  const base::fs::path folder = options.folder.empty() ? "runs/" + experiment.name : options.folder;
  const bool first = train::rank_of_process() == 0, alone = train::ranks_of_process() == 1;
  if (!alone && stage->options().at("train").at("precision") == "auto")
    throw base::Error("several ranks must train in one precision; set evaluate.supernet.train.precision",
                      experiment.file);
  std::unique_ptr<journal::Journal> journal;
  if (first) {
    journal = open_journal(options, folder, experiment);
  } else {
    experiment.resolve();
  }
  search::Progress progress(evolve::Objective::from_json(experiment.checked.at("objective")));
  std::atomic<view::ProgressView*> screen = nullptr;
  StopSignals signals([&](const std::string& line) {
    if (view::ProgressView* view = screen) view->tell("weft: " + line);
  });
  view::ProgressView shown(experiment, progress, !first);
  screen = &shown;
  const std::shared_ptr<void> before_it_goes(nullptr, [&](void*) { screen = nullptr; });
  const bool done = search::train_own_supernet(experiment, folder, progress, signals.signs().gently);
  shown.finish();
  if (first) print_end(search::supernet_file(folder), folder, done);
}

}  // namespace

void add_supernet(CLI::App& app) {
  auto options = std::make_shared<SupernetOptions>();
  auto* command =
      app.add_subcommand("supernet", "Trains a space's supernet, and says whether its scores can be trusted.");
  command->require_subcommand(1);
  auto* train = command->add_subcommand(
      "train",
      "Trains the supernet of an experiment's evaluator into a run's folder, or goes on with it. `weft run` does the "
      "same "
      "before it searches; alone it may be spread over several processes.\n"
      "Example: weft supernet train experiments/oneshot_gpt_nano.yaml -o runs/oneshot\n"
      "Example: torchrun --nproc-per-node 2 --no-python weft supernet train experiments/oneshot_gpt_nano.yaml "
      "--set evaluate.supernet.train.precision=fp32");
  train
      ->add_option("experiment", options->experiment,
                   "An experiment: a name in experiments/, or a path to a .yaml file")
      ->required();
  train->add_option("-o,--out", options->folder, "The run's folder (default: runs/<name>)");
  train->add_option("--set", options->settings, "Sets a key of the experiment: key=value")->allow_extra_args(false);
  train->callback([options] { train_supernet(*options); });
}

}  // namespace weft::app
