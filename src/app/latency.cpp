#include <fmt/format.h>

#include <memory>

#include "app/commands.hpp"
#include "base/files.hpp"
#include "net/device.hpp"
#include "train/latency_table.hpp"

namespace weft::app {
namespace {

struct LatencyOptions {
  std::string space, out, mode = "inference", device = "auto";
  std::int64_t batch = 1, context = 0;
  int warmup = 5, repeats = 30, threads = 1, held_out = 30;
  std::uint64_t seed = 1;
};

void show_progress(const std::string& what, int done, int all) {
  if (done == all || done % 50 == 0) fmt::print(stderr, "{} {} of {}\n", what, done, all);
}

void build(const LatencyOptions& options) {
  const space::Space space = space::Space::load(options.space);
  net::set_threads(options.threads);
  train::TableRequest request{.space = &space,
                              .input = space.input,
                              .recipe = {.batch = options.batch,
                                         .training = options.mode == "training",
                                         .warmup = options.warmup,
                                         .repeats = options.repeats,
                                         .device = options.device},
                              .seed = options.seed,
                              .held_out = options.held_out,
                              .progress = show_progress};
  if (options.context > 0) request.input.context = options.context;
  const train::LatencyTable table = train::build_latency_table(request);
  base::write_file(options.out, table.to_json().dump(1) + "\n");
  fmt::print("{}: {} cells, on {}\n", options.out, table.cells.size(), table.hardware);
  fmt::print("{} held-out genomes: mean absolute error {:.1f} %, Kendall tau {:.3f}\n", table.check.genomes,
             100 * table.check.mape, table.check.kendall_tau);
}

}  // namespace

void add_latency(CLI::App& app) {
  auto options = std::make_shared<LatencyOptions>();
  auto* command = app.add_subcommand("latency", "Measures how long the layers of a space take on this machine.");
  command->require_subcommand(1);
  auto* one = command->add_subcommand(
      "build",
      "Measures each distinct layer of a closed space once, and says how well their sums tell the latency of whole "
      "genomes.\n"
      "Example: weft latency build gpt_nano --out gpt_nano_latency.json");
  one->add_option("space", options->space, "A space: a name in search_spaces/, or a path to a .yaml file")->required();
  one->add_option("-o,--out", options->out, "The table, for evaluate: {latency: {table: ...}}")->required();
  one->add_option("--mode", options->mode, "inference (a forward pass) or training (a step)")
      ->check(CLI::IsMember({"inference", "training"}));
  one->add_option("--batch", options->batch, "Sequences or images of a pass")->check(CLI::Range(1, 65536));
  one->add_option("--context", options->context, "Tokens a sequence (default: as the space has it, or 128)")
      ->check(CLI::Range(2, 65536));
  one->add_option("--device", options->device, "auto, cpu, cuda or cuda:N");
  one->add_option("--threads", options->threads, "Threads of an operation on a CPU")->check(CLI::Range(1, 1024));
  one->add_option("--warmup", options->warmup, "Passes that are not timed")->check(CLI::Range(0, 10000));
  one->add_option("--repeats", options->repeats, "Passes whose median is taken")->check(CLI::Range(1, 100000));
  one->add_option("--check", options->held_out, "Genomes that are measured whole and compared with the sums")
      ->check(CLI::Range(2, 100000));
  one->add_option("--seed", options->seed, "Of the random genomes");
  one->callback([options] { build(*options); });
}

}  // namespace weft::app
