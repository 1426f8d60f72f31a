#include <fmt/format.h>

#include <cstdio>

#include "app/genome.hpp"
#include "app/table.hpp"
#include "app/terminal.hpp"
#include "base/text.hpp"
#include "bench/surrogate.hpp"
#include "bench/table.hpp"
#include "search/run_table.hpp"

namespace weft::app {
namespace {

using base::Json;

struct SurrogateOptions {
  std::string source, output, genome, task, metric;
  double fidelity = 0;
  std::int64_t seed = 0;
  bool json = false;
};

// A table; or of a run the one of what it has evaluated, which is made in its folder.
bench::Table read_table(const SurrogateOptions& options) {
  base::fs::path folder = options.source;
  if (base::fs::exists(folder / "journal.sqlite")) {
    search::table_of_run(options.source, folder / "table");
    folder /= "table";
  }
  return bench::Table::load(folder, {.metrics = std::vector{options.metric}});
}

void fit(const SurrogateOptions& options) {
  const bench::Table table = read_table(options);
  const bench::Manifest& m = table.manifest();
  const bench::SurrogateTarget target{.metric = options.metric,
                                      .task = options.task.empty() ? m.tasks.front() : options.task,
                                      .fidelity = options.fidelity > 0 ? options.fidelity : m.fidelities.back()};
  bench::SurrogateQuality quality;
  Pace pace;
  const auto tell = [&](int members, int of) {
    if (pace.due()) fmt::print(stderr, "{} of {} members fitted\n", members, of);
  };
  const auto surrogate = bench::Surrogate::fit(
      table, target, {.seed = static_cast<std::uint64_t>(options.seed), .progress = tell}, quality);
  surrogate.save(options.output, quality);
  if (options.json) {
    fmt::print("{}\n", quality.to_json().dump(2));
    return;
  }
  const auto tau = [](const std::optional<double>& value) { return value ? fmt::format("{:.3f}", *value) : "-"; };
  fmt::print("{}: {} on {}, fidelity {}\n", options.output, target.metric, target.task,
             base::number_text(target.fidelity));
  fmt::print("on {} genomes that it had not seen, fitted to {}:\n", quality.held_out, quality.fitted);
  fmt::print("  R2 {:.3f}, root mean square error {:.4g} {}\n", quality.r2, quality.rmse,
             m.metrics[m.metric(target.metric)].unit);
  fmt::print("  Kendall's tau {}; of sorting by parameters {}\n", tau(quality.tau), tau(quality.params_tau));
  fmt::print("  within its intervals of 50, 80, 95 %: {:.0f}, {:.0f}, {:.0f} % of the scores\n", 100 * quality.within50,
             100 * quality.within80, 100 * quality.within95);
}

void predict(const SurrogateOptions& options) {
  const auto surrogate = bench::Surrogate::load(options.source);
  const bench::Prediction said = surrogate.predict(read_genome(surrogate.space(), options.genome));
  if (options.json) {
    fmt::print("{}\n", Json{{"metric", surrogate.metric()}, {"mean", said.mean}, {"deviation", said.deviation}}.dump());
  } else {
    fmt::print("{}{}\n", base::number_text(said.mean),
               said.deviation > 0 ? fmt::format(" ± {:.4g}", said.deviation) : "");
  }
}

}  // namespace

void add_table_surrogates(CLI::App& table) {
  auto options = std::make_shared<SurrogateOptions>();
  auto* fitted = add_part<SurrogateOptions>(table, "surrogate",
                                            "Fits a surrogate to a table or a run, and says how good it is on genomes "
                                            "that it had not seen.\nExample: weft table "
                                            "surrogate tables/nano_gpt --metric val_loss -o surrogates/nano_gpt",
                                            options, fit);
  fitted->add_option("source", options->source, "A table's folder, or a run's")->required();
  fitted->add_flag("--json", options->json, "Prints JSON");
  fitted->add_option("--metric", options->metric, "What is to be predicted")->required();
  fitted->add_option("--task", options->task, "The task (default: the table's first)");
  fitted->add_option("--fidelity", options->fidelity, "The fidelity (default: the full one)");
  fitted->add_option("--seed", options->seed, "Seed of the split and of the trees (default 0)");
  fitted->add_option("-o,--output", options->output, "The surrogate's folder")->required();
  auto* predicted = add_part<SurrogateOptions>(table, "predict",
                                               "Prints what a surrogate predicts for a genome.\nExample: weft table "
                                               "predict surrogates/nano_gpt --genome genome.json",
                                               options, predict);
  predicted->add_option("surrogate", options->source, "A surrogate's folder")->required();
  predicted->add_flag("--json", options->json, "Prints JSON");
  predicted->add_option("--genome", options->genome, "The genome: JSON, the space's own notation, a file, or -")
      ->required();
}

}  // namespace weft::app
