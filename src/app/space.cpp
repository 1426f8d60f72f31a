#include <fmt/format.h>

#include <memory>

#include "app/commands.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"

namespace weft::app {
namespace {

using base::Json;

constexpr std::size_t kFewDigits = 5;  // a space of more genomes is not looked at one by one

struct SpaceOptions {
  std::string space;
  bool json = false, notation = false;
  int count = 5;
  std::uint64_t seed = 1;
};

void show(const SpaceOptions& options) {
  const space::Space space = space::Space::load(options.space);
  if (options.json) {
    fmt::print(
        "{}\n",
        Json{{"name", space.name}, {"description", space::describe(space)}, {"snapshot", space.snapshot()}}.dump(2));
    return;
  }
  const space::Size size = space::count(space);
  fmt::print("{}Size: {}{}\n", space::describe(space), base::grouped(size.count),
             size.open ? " choices of the closed genes, times any block program" : " architectures, before limits");
}

Json row_of(const space::Space& space, const space::Genome& genome, space::Counter& counter) {
  Json row = {{"id", space::id(space, genome)}, {"genome", space::to_json(space, genome)}};
  if (space.text.exists()) row["text"] = space::to_notation(space, genome);
  const auto counts = counter.count(genome);
  if (!counts) {
    row["invalid"] = counts.error();
  } else {
    row["params"] = counts->params;
    row["flops"] = 2 * counts->macs;
  }
  return row;
}

void sample(const SpaceOptions& options) {
  const space::Space space = space::Space::load(options.space);
  if (options.notation && !space.text.exists())
    throw base::Error("the space has no notation of its own ('text')", "--text");
  space::Counter counter(space, space.input);
  for (int i = 0; i < options.count; ++i) {
    base::Random random(options.seed, "sample", static_cast<std::uint64_t>(i));
    const space::Genome genome = space::sample(space, random);
    const Json row = row_of(space, genome, counter);
    if (options.json) {
      fmt::print("{}\n", row.dump());
      continue;
    }
    const std::string cost = row.contains("invalid") ? row.at("invalid").get<std::string>()
                                                     : fmt::format("{} parameters, {} FLOPs",
                                                                   base::short_count(row.at("params").get<double>()),
                                                                   base::short_count(row.at("flops").get<double>()));
    fmt::print("{}  {}\n{}\n", row.at("id").get<std::string>(), cost,
               options.notation ? row.at("text").get<std::string>() : space::genome_form(space, genome));
  }
}

void count(const SpaceOptions& options) {
  const space::Space space = space::Space::load(options.space);
  const space::Size size = space::count(space);
  const bool few = !size.open && size.count.size() <= kFewDigits;
  const std::int64_t networks = few ? space::count_networks(space) : 0;
  if (options.json) {
    Json row = {{"count", size.count}, {"open", size.open}};
    if (few) row["networks"] = networks;
    fmt::print("{}\n", row.dump());
    return;
  }
  fmt::print("{}{}\n", base::grouped(size.count),
             size.open ? " (closed genes; a gene is open)"
             : few     ? fmt::format(" genomes, {} distinct networks", base::grouped(std::to_string(networks)))
                       : "");
}

CLI::App* part(CLI::App& parent, const char* name, const char* help, const std::shared_ptr<SpaceOptions>& options,
               void (*action)(const SpaceOptions&)) {
  auto* command = parent.add_subcommand(name, help);
  command->add_option("space", options->space, "A space: a name in search_spaces/, or a path to a .yaml file")
      ->required();
  command->add_flag("--json", options->json, "Prints JSON");
  command->callback([options, action] { action(*options); });
  return command;
}

}  // namespace

void add_space(CLI::App& app) {
  auto options = std::make_shared<SpaceOptions>();
  auto* command =
      app.add_subcommand("space", "Shows a search space: its genes, exact size, random genomes, JSON schema, grammar.");
  command->require_subcommand(1);
  part(*command, "show", "Prints the genes, as a language model is told of them.\nExample: weft space show gpt_nano",
       options, show);
  auto* samples = part(*command, "sample",
                       "Prints random genomes with their cost.\nExample: weft space sample gpt_nano -n 3 --seed 7",
                       options, sample);
  samples->add_option("-n,--count", options->count, "How many genomes (default 5)")->check(CLI::Range(1, 100'000'000));
  samples->add_flag("--text", options->notation, "Prints genomes in the space's own notation, where it has one");
  samples->add_option("--seed", options->seed, "Seed of the random numbers (default 1)");
  part(*command, "count", "Prints the exact number of genomes.\nExample: weft space count gpt_nano", options, count);
  part(*command, "schema",
       "Prints the JSON schema of a genome.\nExample: weft space schema gpt_nano > genome.schema.json", options,
       [](const SpaceOptions& o) { fmt::print("{}\n", space::json_schema(space::Space::load(o.space)).dump(2)); });
  part(*command, "grammar",
       "Prints the GBNF grammar of a genome, for llama.cpp and vLLM.\nExample: weft space grammar gpt_nano > "
       "genome.gbnf",
       options, [](const SpaceOptions& o) { fmt::print("{}", space::grammar(space::Space::load(o.space))); });
}

}  // namespace weft::app
