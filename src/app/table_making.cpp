#include <fmt/format.h>

#include "app/run.hpp"
#include "app/table.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "bench/merge.hpp"
#include "journal/journal.hpp"
#include "search/experiment.hpp"
#include "search/run_table.hpp"

namespace weft::app {
namespace {

using base::Json;

struct MakingOptions {
  std::string recipe, run, output;
  std::vector<std::string> settings, tables;
  bool by_genome = false, allow_command = false;
};

std::string counted(const bench::Manifest& manifest) {
  return base::grouped(std::to_string(manifest.rows)) + " rows of " + base::grouped(std::to_string(manifest.genomes)) +
         " genomes";
}

void build(const MakingOptions& options) {
  const search::Built built = search::table_of_run(options.run, options.output);
  fmt::print("{}: {}{}\n", options.output, counted(built.manifest),
             built.failed > 0 ? fmt::format("; {} evaluations failed and have none", built.failed) : "");
}

void merge(const MakingOptions& options) {
  const std::vector<base::fs::path> tables(options.tables.begin(), options.tables.end());
  const bench::Manifest merged =
      options.by_genome ? bench::add_metrics(tables, options.output) : bench::merge_tables(tables, options.output);
  fmt::print("{}: {}\n", options.output, counted(merged));
}

// What the same command goes on with must be what it would begin.
void check_same(const search::Experiment& experiment, const std::string& run) {
  const auto journal = journal::Journal::open(run, journal::Journal::Mode::read);
  const Json& known = journal->header().at("experiment");
  for (const char* key : {"/space", "/seed", "/search/method"}) {
    const Json::json_pointer place(key);
    if (known.value(place, Json()) != experiment.checked.value(place, Json()))
      throw base::Error("is the run of another recipe or part; go on with that one, or name another --run", run);
  }
}

// Begins the run, or goes on with it; and makes the table of what it has, also where it is stopped.
void generate(MakingOptions options) {
  search::Experiment experiment = search::Experiment::load(options.recipe, options.settings);
  if (experiment.method() != "grid")
    throw base::Error("the method grid was expected: search: {method: {grid: {sample: 500, seeds: 3}}}",
                      experiment.file);
  if (options.run.empty()) options.run = (base::fs::path("runs") / experiment.name).string();
  if (options.output.empty()) options.output = (base::fs::path("tables") / experiment.name).string();
  RunOptions run_options{.experiment = options.recipe, .folder = options.run, .settings = options.settings};
  run_options.allow_command = options.allow_command;
  run_options.again = "weft table generate, as before";
  if (base::fs::exists(base::fs::path(options.run) / "journal.sqlite")) {
    check_same(experiment, options.run);
    run_options.settings.clear();  // a run that goes on keeps its own
    resume(run_options);
  } else {
    run(run_options);
  }
  build(options);
}

}  // namespace

void add_table_making(CLI::App& table) {
  auto options = std::make_shared<MakingOptions>();
  auto* generated = add_part<MakingOptions>(
      table, "generate",
      "Evaluates genomes with several seeds, as an experiment with the method grid says, and makes a table of them. "
      "Stopped or killed, the same command goes on.\nExample: weft table generate nasbench/recipes/nano_gpt.yaml",
      options, [](const MakingOptions& given) { generate(given); });
  generated->add_option("recipe", options->recipe, "The experiment: a path to a .yaml file")->required();
  generated->add_option("--run", options->run, "The run's folder (default: runs/<name>)");
  generated->add_option("-o,--output", options->output, "The table's folder (default: tables/<name>)");
  generated
      ->add_option("--set", options->settings,
                   "Sets a key of the experiment: key=value, as search.method.grid.shard=2/5")
      ->allow_extra_args(false);
  generated->add_flag("--allow-command", options->allow_command, "Lets the recipe run a program of its own");
  auto* built = add_part<MakingOptions>(
      table, "build",
      "Makes a table of what a run has evaluated so far.\nExample: weft table build runs/nano_gpt -o tables/nano_gpt",
      options, build);
  built->add_option("run", options->run, "The run's folder")->required();
  built->add_option("-o,--output", options->output, "The table's folder")->required();
  auto* merged =
      add_part<MakingOptions>(table, "merge",
                              "Joins tables of one space and recipe, such as the shards that several machines made. "
                              "Cells that contradict each other are refused.\nExample: weft table merge tables/part1 "
                              "tables/part2 -o tables/whole",
                              options, merge);
  merged->add_option("tables", options->tables, "The tables")->required()->expected(2, 10'000);
  merged->add_option("-o,--output", options->output, "The folder of the joint one")->required();
  merged->add_flag("--by-genome", options->by_genome,
                   "The others have other metrics, and one row a genome (latencies of another machine, say): they are "
                   "added to each row of that genome in the first");
}

}  // namespace weft::app
