#include <fmt/format.h>

#include <memory>

#include "app/commands.hpp"
#include "app/genome.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "block/dot.hpp"
#include "net/forward_file.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/drawing.hpp"
#include "space/genome_text.hpp"

namespace weft::app {
namespace {

using base::Json;

struct ModelOptions {
  std::string space, genome, weights, input, output, supernet, picture;
  std::int64_t context = 0;
  bool json = false;
};

space::Input input_of(const ModelOptions& options, const space::Space& space) {
  space::Input input = space.input;
  if (options.context > 0) input.context = options.context;
  return input;
}

space::Architecture architecture_of(const ModelOptions& options) {
  const space::Space space = space::Space::load(options.space);
  return decoded(space, read_genome(space, options.genome), input_of(options, space));
}

void forward(const ModelOptions& options) {
  const net::ForwardFiles files{options.weights, options.input, options.output};
  if (options.supernet.empty()) return net::forward_file(architecture_of(options), files);
  ModelOptions larger = options;
  larger.genome = options.supernet;
  const space::Architecture whole = architecture_of(larger);
  net::forward_file(architecture_of(options), files, &whole);
}

void list_weights(const ModelOptions& options) {
  fmt::print("{}\n", net::weight_list(architecture_of(options)).dump());
}

void show(const ModelOptions& options) {
  base::write_file(options.picture, block::to_svg(space::to_dot(architecture_of(options))));
  fmt::print("{}\n", options.picture);
}

void count(const ModelOptions& options) {
  const space::Space space = space::Space::load(options.space);
  const space::Genome genome = read_genome(space, options.genome);
  const space::Architecture architecture = decoded(space, genome, input_of(options, space));
  const block::Counts& counts = architecture.counts;
  if (options.json) {
    Json row = {{"id", space::id(space, genome)},       {"params", counts.params},
                {"trainable_params", counts.trainable}, {"macs", counts.macs},
                {"flops", architecture.flops()},        {"activations_bytes", counts.activations},
                {"layers", architecture.layers.size()}, {"positions", architecture.positions()}};
    if (space.text.exists()) row["text"] = space::to_notation(space, genome);
    fmt::print("{}\n", row.dump());
    return;
  }
  const auto line = [](const char* name, std::int64_t value, const char* unit) {
    fmt::print("{:12} {:>15} {}\n", name, base::grouped(std::to_string(value)), unit);
  };
  const std::size_t layers = architecture.layers.size();
  fmt::print("{}: {} layer{}{}\n", space::id(space, genome), layers, layers == 1 ? "" : "s",
             architecture.width > 0 ? fmt::format(" of width {}", architecture.width) : "");
  if (space.text.exists()) fmt::print("{}\n", space::to_notation(space, genome));
  line("parameters", counts.params, "");
  if (counts.trainable < counts.params) line("trainable", counts.trainable, "the rest is frozen");
  line("macs", counts.macs, "for one example");
  line("flops", architecture.flops(), "twice the macs");
  line("activations", counts.activations, "bytes of one example in float32");
}

void add_genome(CLI::App& command, ModelOptions& options) {
  command.add_option("space", options.space, "A space: a name in search_spaces/, or a path to a .yaml file")
      ->required();
  command
      .add_option("genome", options.genome,
                  "A genome: JSON, or the space's own notation; a file that holds it, or - for standard input")
      ->required();
  command
      .add_option("--context", options.context,
                  "Tokens a sequence, for language models (default: as the space has it, or 128)")
      ->check(CLI::Range(1, 1 << 24));
}

}  // namespace

void add_model(CLI::App& app) {
  auto options = std::make_shared<ModelOptions>();
  auto* command =
      app.add_subcommand("model", "Counts an architecture, draws it, lists its weights, runs it on a file.");
  command->require_subcommand(1);
  const auto part = [&](const char* name, const char* help, void (*action)(const ModelOptions&)) {
    auto* one = command->add_subcommand(name, help);
    add_genome(*one, *options);
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
  part("weights", "Prints names and shapes of a genome's weights as JSON, in order.", list_weights);
  auto* run =
      part("forward",
           "Writes the logits of given weights on a given input, as safetensors files.\n"
           "Example: weft model forward gpt2 genome.json --weights model.safetensors --input tokens.safetensors "
           "--output logits.safetensors",
           forward);
  run->add_option("--weights", options->weights, "The genome's weights, named as `weft model weights` names them")
      ->required();
  run->add_option("--input", options->input, "One tensor, input: tokens [batch, time] or images")->required();
  run->add_option("--output", options->output, "Where the tensor logits is written")->required();
  run->add_option("--supernet", options->supernet,
                  "A larger genome of the space: the weights are its, and their leading parts are taken");
}

}  // namespace weft::app
