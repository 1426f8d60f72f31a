#include "search/supernet.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "app/commands.hpp"
#include "app/signals.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "search/rank_run.hpp"
#include "search/session.hpp"
#include "train/supernet_run.hpp"
#include "view/progress.hpp"
#include "view/rank_report.hpp"

namespace weft::app {
namespace {

using base::Json;

struct SupernetOptions {
  std::string experiment, folder;
  std::vector<std::string> settings;
  search::RankOptions rank;
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
  if (last.contains("derived"))
    fmt::print("val_loss {} of the mixture, {} of its most probable sub-network\n", point_text(last, "mixture"),
               point_text(last, "derived"));
  fmt::print("{}\n", done ? "search over it:  weft resume " + folder.string()
                          : "stopped; go on:  weft supernet train EXPERIMENT -o " + folder.string());
}

// Whether an experiment is what a run began with, as far as its supernet goes: then the same command goes on with it.
bool trains_the_same(const search::Experiment& asked, const search::Experiment& begun) {
  const auto one = search::own_supernet(asked), other = search::own_supernet(begun);
  if (!one || !other) return false;
  Json train = one->options().at("train");
  if (train.at("precision") == "auto") train["precision"] = other->options().at("train").at("precision");
  const auto text = [](const search::Experiment& experiment, const Json& how, const Json& subnets) {
    return base::canonical_text({how, subnets, experiment.checked.at("task"), experiment.seed()});
  };
  return text(asked, train, one->options().at("subnets")) ==
         text(begun, other->options().at("train"), other->options().at("subnets"));
}

// The journal of a run that is new or was begun; of one process where several train.
std::unique_ptr<journal::Journal> open_journal(const SupernetOptions& options, const base::fs::path& folder,
                                               search::Experiment& experiment) {
  if (!base::fs::exists(folder / "journal.sqlite")) return search::start_run(experiment, folder);
  const search::Experiment asked = experiment;
  auto journal = search::reopen_run(folder, {}, experiment);
  if (!options.settings.empty() && !trains_the_same(asked, experiment))
    throw base::Error(
        "holds a run already, whose experiment stays as it is; leave out --set, or train into another "
        "folder",
        folder.string());
  return journal;
}

// What each process would measure for itself.
void check_for_ranks(const Json& train, const std::string& file) {
  if (train.at("precision") == "auto")
    throw base::Error("several ranks must train in one precision; set evaluate.supernet.train.precision", file);
  if (train.contains("seconds"))
    throw base::Error(
        "several ranks need steps or tokens as their budget, for their clocks differ; set "
        "evaluate.supernet.train.steps in the place of seconds",
        file);
}

void train_supernet(const SupernetOptions& options) {
  search::Experiment experiment = search::Experiment::load(options.experiment, options.settings);
  const auto stage = search::own_supernet(experiment);
  if (!stage)
    throw base::Error("its evaluator has no supernet to train; write evaluate: {supernet: {train: {steps: 1000}}}",
                      experiment.file);
  const base::fs::path folder = options.folder.empty() ? "runs/" + experiment.name : options.folder;
  const bool first = train::rank_of_process() == 0;
  if (train::ranks_of_process() > 1) check_for_ranks(stage->options().at("train"), experiment.file);
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
  const std::stop_callback at_once(signals.signs().at_once, [] {  // a rank that waits for another cannot end by itself
    std::fputs("weft: stopped at once; the last checkpoint stays\n", stderr);
    ::_exit(1);
  });
  view::ProgressView shown(experiment, progress, !first);
  screen = &shown;
  const std::shared_ptr<void> before_it_goes(nullptr, [&](void*) { screen = nullptr; });
  const bool done = search::train_own_supernet(experiment, folder, progress, signals.signs().gently);
  shown.finish();
  if (first) print_end(search::supernet_file(folder), folder, done);
}

// "  12/240  train" on one line of a terminal, or a line now and then.
class RankLine {
 public:
  void tell(std::int64_t done, std::int64_t all, const std::string& what) {
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_ && done < all && now - told_ < std::chrono::seconds(10)) return;
    told_ = now;
    std::fputs(fmt::format("{}{}/{} measured, {} now{}", terminal_ ? "\r\033[K" : "", done, all, what,
                           terminal_ && done < all ? "" : "\n")
                   .c_str(),
               stderr);
  }

 private:
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  std::chrono::steady_clock::time_point told_{};
};

void rank_genomes(const SupernetOptions& options) {
  const auto journal = journal::Journal::open(options.folder, journal::Journal::Mode::read);
  const search::Experiment experiment = search::Experiment::from_header(journal->header());
  StopSignals signals([](const std::string& line) { std::fputs(("weft: " + line + "\n").c_str(), stderr); });
  RankLine line;
  const auto study = search::measure_ranks(
      experiment, options.folder, options.rank,
      [&](std::int64_t done, std::int64_t all, const std::string& what) { line.tell(done, all, what); },
      signals.signs().gently);
  if (!study) {
    fmt::print("stopped; nothing is lost: the same command goes on\n");
    return;
  }
  const base::fs::path folder = base::fs::path(options.folder) / "rank";
  base::write_file(folder / "rank.json", study->to_json().dump(1));
  base::write_file(folder / "rank.html", view::render_rank(*study, view::RankFormat::html));
  fmt::print("{}report: {}\n", view::render_rank(*study, view::RankFormat::text), (folder / "rank.html").string());
}

void add_rank_command(CLI::App& command, const std::shared_ptr<SupernetOptions>& options) {
  auto* rank = command.add_subcommand(
      "rank",
      "Says whether a run's supernet can be trusted: scores random genomes with it and with proxies, trains each alone "
      "with several seeds, and compares the rankings. Goes on where it was stopped.\n"
      "Example: weft supernet rank runs/oneshot --genomes 60 --seeds 3");
  rank->add_option("folder", options->folder, "A run's folder with a trained supernet")->required();
  rank->add_option("--genomes", options->rank.genomes, "Random genomes (default 60)")->check(CLI::Range(2, 100000));
  rank->add_option("--seeds", options->rank.seeds, "Stand-alone trainings of each (default 3)")
      ->check(CLI::Range(1, 100));
  rank->add_option("--proxies", options->rank.proxies,
                   "Zero-cost proxies to compare with, as naswot,synflow (default: none)")
      ->delimiter(',')
      ->check(CLI::IsMember(evaluate::proxy_names()));
  rank->callback([options] { rank_genomes(*options); });
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
  add_rank_command(*command, options);
}

}  // namespace weft::app
