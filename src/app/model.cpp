#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <memory>

#include "app/commands.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "block/dot.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/drawing.hpp"
#include "space/genome_text.hpp"

namespace weft::app {
namespace {

using base::Json;

struct ModelOptions {
  std::string space, genome, picture;
  std::int64_t context = 0;
  bool json = false;
};

// A genome as JSON on the command line, in a file, or on standard input ("-").
space::Genome read_genome(const space::Space& space, const std::string& given) {
  std::string text = given;
  if (given == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else if (!given.starts_with("{")) {
    text = base::read_file(given, 1 << 20);
  }
  auto genome = space::program_gene(space) >= 0 ? space::from_reply(space, text) : space::from_text(space, text);
  if (!genome) throw base::Error(genome.error(), given.starts_with("{") ? "genome" : given);
  return std::move(*genome);
}

space::Architecture decoded(const space::Space& space, const space::Genome& genome, const ModelOptions& options) {
  space::Input input = space.input;
  if (options.context > 0) input.context = options.context;
  auto architecture = space::decode(space, genome, input);
  if (!architecture) throw base::Error(architecture.error(), "genome");
  return std::move(*architecture);
}

void show(const ModelOptions& options) {
  const space::Space space = space::Space::load(options.space);
  const std::string dot = space::to_dot(decoded(space, read_genome(space, options.genome), options));
  base::write_file(options.picture, block::to_svg(dot));
  fmt::print("{}\n", options.picture);
}

void count(const ModelOptions& options) {
  const space::Space space = space::Space::load(options.space);
  const space::Genome genome = read_genome(space, options.genome);
  const space::Architecture architecture = decoded(space, genome, options);
  const block::Counts& counts = architecture.counts;
  if (options.json) {
    fmt::print("{}\n", Json{{"id", space::id(space, genome)},
                            {"params", counts.params},
                            {"macs", counts.macs},
                            {"flops", architecture.flops()},
                            {"activations_bytes", counts.activations},
                            {"layers", architecture.layers.size()},
                            {"positions", architecture.positions()}}
                           .dump());
    return;
  }
  const auto line = [](const char* name, std::int64_t value, const char* unit) {
    fmt::print("{:12} {:>15} {}\n", name, base::grouped(std::to_string(value)), unit);
  };
  const std::size_t layers = architecture.layers.size();
  fmt::print("{}: {} layer{}{}\n", space::id(space, genome), layers, layers == 1 ? "" : "s",
             architecture.width > 0 ? fmt::format(" of width {}", architecture.width) : "");
  line("parameters", counts.params, "");
  line("macs", counts.macs, "for one example");
  line("flops", architecture.flops(), "twice the macs");
  line("activations", counts.activations, "bytes of one example in float32");
}

}  // namespace

void add_model(CLI::App& app) {
  auto options = std::make_shared<ModelOptions>();
  auto* command = app.add_subcommand("model", "Counts an architecture, or draws it.");
  command->require_subcommand(1);
  const auto part = [&](const char* name, const char* help, void (*action)(const ModelOptions&)) {
    auto* one = command->add_subcommand(name, help);
    one->add_option("space", options->space, "A space: a name in search_spaces/, or a path to a .yaml file")
        ->required();
    one->add_option("genome", options->genome, "A genome: JSON, a file that holds it, or - for standard input")
        ->required();
    one->add_option("--context", options->context, "Tokens a sequence, for language models (default 128)")
        ->check(CLI::Range(1, 1 << 24));
    one->callback([options, action] { action(*options); });
    return one;
  };
  part("count",
       "Prints exact parameters, FLOPs and activations of a genome.\n"
       "Example: weft model count gpt_nano '{\"embed_dim\": 64, \"depth\": 2, \"block\": "
       "\"gpt2\", \"num_heads\": [4, 4], \"mlp_ratio\": [2, 2]}'",
       count)
      ->add_flag("--json", options->json, "Prints JSON");
  part("show",
       "Draws a genome's whole architecture: stem, layers and head; like layers once.\n"
       "Example: weft model show gpt_nano genome.json --svg model.svg",
       show)
      ->add_option("--svg", options->picture, "The file to draw into")
      ->required();
}

}  // namespace weft::app
