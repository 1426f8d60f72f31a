#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "app/commands.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "block/difference.hpp"
#include "block/dot.hpp"
#include "block/graph.hpp"

namespace weft::app {
namespace {

using base::Json;

struct BlockOptions {
  std::string file, other, picture, image;
  std::vector<std::string> genes;
  std::int64_t time = 128;
  bool json = false, not_causal = false;
};

// D=64 H=4 on the command line, over values that any block can be looked at with.
block::Binding binding_of(const BlockOptions& options) {
  block::Binding binding{{"D", 64}, {"H", 4}, {"R", 4}};
  for (const std::string& gene : options.genes) {
    const std::size_t equals = gene.find('=');
    try {
      if (equals == std::string::npos || equals == 0) throw std::invalid_argument(gene);
      std::size_t end = 0;
      binding[gene.substr(0, equals)] = std::stod(gene.substr(equals + 1), &end);
      if (equals + 1 + end != gene.size()) throw std::invalid_argument(gene);
    } catch (const std::exception&) {
      throw base::Error("expected NAME=number, as in D=128", "--gene " + gene);
    }
  }
  return binding;
}

block::Type input_of(const BlockOptions& options, const block::Binding& binding) {
  if (options.image.empty()) return {static_cast<std::int64_t>(binding.at("D")), false};
  std::int64_t channels = 0, height = 0, width = 0;
  if (std::sscanf(options.image.c_str(), "%5ldx%5ldx%5ld", &channels, &height, &width) != 3 ||
      std::min({channels, height, width}) < 1)
    throw base::Error("expected channels, height and width, as in 16x32x32", "--image " + options.image);
  return block::Type::image(channels, height, width);
}

block::Place place_of(const BlockOptions& options) {
  return {.causal = !options.not_causal && options.image.empty(), .grid = options.not_causal};
}

struct Checked {
  block::Program program;
  block::Graph graph;
};

block::Program parse(const std::string& file) {
  const base::fs::path path = base::find_data(file, "search_spaces/blocks", ".block");
  auto program = block::parse(base::read_file(path), path.string());
  if (!program) throw base::Error(program.error().text());
  return std::move(*program);
}

Checked read(const BlockOptions& options) {
  block::Program program = parse(options.file);
  const block::Binding binding = binding_of(options);
  auto graph = block::check(program, binding, input_of(options, binding), place_of(options));
  if (!graph) throw base::Error(graph.error().text());
  return {std::move(program), std::move(*graph)};
}

void check(const BlockOptions& options) {
  const Checked checked = read(options);
  if (options.json) {
    fmt::print("{}\n", Json{{"valid", true},
                            {"id", block::id(checked.program)},
                            {"ops", checked.graph.nodes.size()},
                            {"genes", block::genes(checked.program)}}
                           .dump());
  } else {
    fmt::print("valid: {} ops, {}\n", checked.graph.nodes.size(), block::id(checked.program));
  }
}

void show(const BlockOptions& options) {
  const Checked checked = read(options);
  if (!options.picture.empty()) {
    base::write_file(options.picture, block::to_svg(block::to_dot(checked.graph)));
    fmt::print("{}\n", options.picture);
  } else if (options.json) {
    fmt::print("{}\n", Json{{"id", block::id(checked.program)},
                            {"text", block::print(checked.program)},
                            {"dot", block::to_dot(checked.graph)}}
                           .dump());
  } else {
    fmt::print("# {}, in canonical form\n{}", block::id(checked.program), block::print(checked.program));
  }
}

void diff(const BlockOptions& options) {
  const block::Difference difference = block::compare(parse(options.file), parse(options.other));
  const std::vector<std::string> lines = block::describe(difference);
  if (!options.picture.empty()) base::write_file(options.picture, block::to_svg(block::to_dot(difference)));
  if (options.json) {
    fmt::print("{}\n", Json{{"before", block::id(difference.before)},
                            {"after", block::id(difference.after)},
                            {"changes", lines},
                            {"dot", block::to_dot(difference)}}
                           .dump());
    return;
  }
  fmt::print("{} → {}: {}\n", block::id(difference.before), block::id(difference.after),
             lines.empty() ? "equal" : fmt::format("{} change{}", lines.size(), lines.size() == 1 ? "" : "s"));
  for (const std::string& line : lines) fmt::print("  {}\n", line);
  if (!options.picture.empty()) fmt::print("{}\n", options.picture);
}

void count(const BlockOptions& options) {
  const Checked checked = read(options);
  const block::Counts counts = block::count(checked.graph, options.time, place_of(options));
  if (options.json) {
    fmt::print("{}\n", Json{{"params", counts.params},
                            {"macs", counts.macs},
                            {"flops", 2 * counts.macs},
                            {"activations_bytes", counts.activations},
                            {"time", options.time}}
                           .dump());
    return;
  }
  const auto line = [](const char* name, std::int64_t value, const char* unit) {
    fmt::print("{:12} {:>15} {}\n", name, base::grouped(std::to_string(value)), unit);
  };
  line("parameters", counts.params, "");
  line("macs", counts.macs, fmt::format("for a sequence of {}", options.time).c_str());
  line("flops", 2 * counts.macs, "twice the macs");
  line("activations", counts.activations, "bytes in float32");
}

const char* domain_of(block::Attribute::Kind kind) {
  return kind == block::Attribute::Kind::flag    ? "true or false"
         : kind == block::Attribute::Kind::whole ? "whole number"
                                                 : "number";
}

Json describe(const block::Op& op) {
  Json attributes = Json::array();
  for (const block::Attribute& one : op.attributes) {
    Json row = {{"name", one.name}, {"domain", domain_of(one.kind)}, {"doc", one.doc}};
    if (one.kind != block::Attribute::Kind::flag) row["range"] = {one.minimum, one.maximum};
    if (!std::isnan(one.fallback))
      row["default"] = one.kind == block::Attribute::Kind::flag ? Json(one.fallback != 0) : Json(one.fallback);
    attributes.push_back(std::move(row));
  }
  return {{"name", op.name},
          {"signature", block::signature(op)},
          {"takes", op.takes.text()},
          {"doc", op.doc},
          {"source", op.source},
          {"attributes", attributes},
          {"weights", static_cast<bool>(op.parameters)}};
}

void list_ops(bool json) {
  Json rows = Json::array();
  for (const block::Op* op : block::ops()) {
    if (!json) fmt::print("{}\n    {}\n", block::signature(*op), op->doc);
    rows.push_back(describe(*op));
  }
  if (json) fmt::print("{}\n", rows.dump());
}

CLI::App* part(CLI::App& parent, const char* name, const char* help, const std::shared_ptr<BlockOptions>& options,
               void (*action)(const BlockOptions&)) {
  auto* command = parent.add_subcommand(name, help);
  command->add_option("file", options->file, "A program: a name in search_spaces/blocks/, or a path to a .block file")
      ->required();
  command
      ->add_option("--gene", options->genes,
                   "Value of a name in capitals, as D=128; once for each name (default D=64 H=4 R=4)")
      ->allow_extra_args(false);
  command->add_flag("--not-causal", options->not_causal, "Checks for a space in which positions may see later ones");
  command->add_option("--image", options->image,
                      "Checks for blocks that take images of so many channels, rows and columns, as 16x32x32");
  command->add_flag("--json", options->json, "Prints JSON");
  command->callback([options, action] { action(*options); });
  return command;
}

}  // namespace

void add_block(CLI::App& app) {
  auto options = std::make_shared<BlockOptions>();
  auto* command = app.add_subcommand("block", "Checks, prints, draws and counts a block program.");
  command->require_subcommand(1);
  part(*command, "check",
       "Says whether a program is valid, or what is wrong and where.\nExample: weft block check primer", options,
       check);
  auto* picture =
      part(*command, "show",
           "Prints a program in canonical form, or draws it.\nExample: weft block show llama --svg llama.svg", options,
           show);
  picture->add_option("--svg", options->picture, "Draws the graph into this file");
  auto* change = command->add_subcommand("diff",
                                         "Says how one program differs from another, or draws it: what came, what "
                                         "went, what changed.\nExample: weft block "
                                         "diff gpt2 primer --svg diff.svg");
  change->add_option("before", options->file, "A program: a name in search_spaces/blocks/, or a path")->required();
  change->add_option("after", options->other, "The other program")->required();
  change->add_option("--svg", options->picture, "Draws the difference into this file");
  change->add_flag("--json", options->json, "Prints JSON");
  change->callback([options] { diff(*options); });
  auto* costs = part(*command, "count",
                     "Prints exact parameters, FLOPs and activations.\nExample: weft block count gpt2 --gene D=768 "
                     "--gene H=12 --time 1024",
                     options, count);
  costs->add_option("--time", options->time, "Positions of the sequence (default 128)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 24));
  auto* list = command->add_subcommand("ops", "Lists the ops of the block language.\nExample: weft block ops --json");
  list->add_flag("--json", options->json, "Prints JSON, with every attribute's domain");
  list->callback([options] { list_ops(options->json); });
}

}  // namespace weft::app
