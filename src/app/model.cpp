#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <memory>

#include "app/commands.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"

namespace weft::app {
namespace {

using base::Json;

struct ModelOptions {
  std::string space, genome;
  std::int64_t context = 0;
  bool json = false;
};

// A genome on the command line, in a file, or on standard input ("-"): JSON, or the space's own notation.
space::Genome read_genome(const space::Space& space, const std::string& given) {
  std::string text = given;
  if (given == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else if (!given.starts_with("{") && !given.starts_with("[") && !(space.text.exists() && !base::fs::exists(given))) {
    text = base::read_file(given, 1 << 20);
  }
  auto genome = space::program_gene(space) >= 0 ? space::from_reply(space, text) : space::from_text(space, text);
  if (!genome) throw base::Error(genome.error(), given.starts_with("{") ? "genome" : given);
  return std::move(*genome);
}

void count(const ModelOptions& options) {
  const space::Space space = space::Space::load(options.space);
  const space::Genome genome = read_genome(space, options.genome);
  space::Input input = space.input;
  if (options.context > 0) input.context = options.context;
  const auto architecture = space::decode(space, genome, input);
  if (!architecture) throw base::Error(architecture.error(), "genome");
  const block::Counts& counts = architecture->counts;
  if (options.json) {
    Json row = {{"id", space::id(space, genome)},
                {"params", counts.params},
                {"macs", counts.macs},
                {"flops", architecture->flops()},
                {"activations_bytes", counts.activations},
                {"layers", architecture->layers.size()},
                {"positions", architecture->positions()}};
    if (space.text.exists()) row["text"] = space::to_notation(space, genome);
    fmt::print("{}\n", row.dump());
    return;
  }
  const auto line = [](const char* name, std::int64_t value, const char* unit) {
    fmt::print("{:12} {:>15} {}\n", name, base::grouped(std::to_string(value)), unit);
  };
  const std::size_t layers = architecture->layers.size();
  fmt::print("{}: {} layer{}{}\n", space::id(space, genome), layers, layers == 1 ? "" : "s",
             architecture->width > 0 ? fmt::format(" of width {}", architecture->width) : "");
  if (space.text.exists()) fmt::print("{}\n", space::to_notation(space, genome));
  line("parameters", counts.params, "");
  line("macs", counts.macs, "for one example");
  line("flops", architecture->flops(), "twice the macs");
  line("activations", counts.activations, "bytes of one example in float32");
}

}  // namespace

void add_model(CLI::App& app) {
  auto options = std::make_shared<ModelOptions>();
  auto* command = app.add_subcommand("model", "Counts an architecture: parameters, FLOPs, activations.");
  command->require_subcommand(1);
  auto* costs =
      command->add_subcommand("count",
                              "Prints exact parameters, FLOPs and activations of a genome.\n"
                              "Example: weft model count gpt_nano '{\"embed_dim\": 64, \"depth\": 2, \"block\": "
                              "\"gpt2\", \"num_heads\": [4, 4], \"mlp_ratio\": [2, 2]}'");
  costs->add_option("space", options->space, "A space: a name in search_spaces/, or a path to a .yaml file")
      ->required();
  costs
      ->add_option("genome", options->genome,
                   "A genome: JSON, or the space's own notation; a file that holds it, or - for standard input")
      ->required();
  costs->add_option("--context", options->context, "Tokens a sequence, for language models (default 128)")
      ->check(CLI::Range(1, 1 << 24));
  costs->add_flag("--json", options->json, "Prints JSON");
  costs->callback([options] { count(*options); });
}

}  // namespace weft::app
