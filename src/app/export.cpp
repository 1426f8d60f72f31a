#include <fmt/format.h>

#include <memory>

#include "app/commands.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "net/checkpoint.hpp"
#include "net/pytorch.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"

namespace weft::app {
namespace {

namespace fs = base::fs;

struct ExportOptions {
  std::string source, genome, out, weights;
  std::uint64_t seed = 0;
};

// The first comment of a block file, as one line.
std::string about(const std::string& source) {
  std::string text;
  for (const std::string& line : base::split_lines(source)) {
    if (!line.starts_with("#")) break;
    text += (text.empty() ? "" : " ") + std::string(base::trim(line.substr(1)));
  }
  return text;
}

net::PythonLabels labels_of(const space::Space& space, const space::Genome& genome) {
  net::PythonLabels labels{.title = space.name + ", genome " + space::id(space, genome), .space = space.name};
  for (int layer = 0; layer < space.depth(genome); ++layer) {
    const space::Group& group = space.group(genome, layer);
    const bool open = group.block_gene >= 0 && space.genes[static_cast<std::size_t>(group.block_gene)].open;
    std::string name = group.block;
    if (group.block_gene >= 0 && !open)
      name = space.value(genome, group.block_gene, layer).get<std::string>();
    labels.blocks.push_back(open ? "" : name);
    if (!open) labels.about[name] = about(space.snapshot().at("blocks").at(name).get<std::string>());
  }
  return labels;
}

void export_genome(const ExportOptions& options) {
  const space::Space space = space::Space::load(options.source);
  const auto genome = space::from_text(space, options.genome);
  if (!genome) throw base::Error(genome.error(), "genome");
  auto architecture = space::decode(space, *genome, space.input);
  if (!architecture) throw base::Error(architecture.error(), "genome");
  const net::PythonSource source = net::write_python(*architecture, labels_of(space, *genome));
  const net::Network network = net::make_network(std::move(*architecture));
  const net::Weights weights = net::initialise(network, options.seed, at::kCPU);
  fs::create_directories(options.out);
  net::write_safetensors(fs::path(options.out) / "model.safetensors", net::to_state_dict(network, weights));
  base::write_file(fs::path(options.out) / "model.py", source.text);
}

}  // namespace

void add_export(CLI::App& app) {
  auto options = std::make_shared<ExportOptions>();
  auto* command = app.add_subcommand("export", "");
  command->add_option("source", options->source, "")->required();
  command->add_option("genome", options->genome, "");
  command->add_option("-o,--out", options->out, "")->required();
  command->callback([options] { export_genome(*options); });
}

}  // namespace weft::app
