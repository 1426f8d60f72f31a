#include "space/describe.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "space/genome_text.hpp"

namespace weft::space {
namespace {

using base::Json;

Json value_schema(const Gene& gene) {
  if (gene.open) return {{"type", "string"}, {"description", "A program in the block language."}};
  return {{"enum", gene.values}};
}

std::string domain_line(const Gene& gene) {
  if (gene.open) return "any valid block program";
  const bool steps =
      gene.values.size() > 3 &&
      std::all_of(gene.values.begin(), gene.values.end(), [](const Json& v) { return v.is_number_integer(); }) &&
      gene.values.back().get<std::int64_t>() - gene.values.front().get<std::int64_t>() ==
          static_cast<std::int64_t>(gene.values.size()) - 1;
  if (steps) return fmt::format("a whole number from {} to {}", gene.values.front().dump(), gene.values.back().dump());
  std::vector<std::string> values;
  for (const Json& value : gene.values) values.push_back(value.is_string() ? value.get<std::string>() : value.dump());
  return "one of " + base::join(values, ", ");
}

// Whether a program of the space may use the op at all: nothing that sees later positions where it is causal.
bool usable(const block::Op& op, bool causal) {
  if (!op.symbol.empty()) return false;
  if (!op.mixes) return true;
  const std::vector<block::Type> inputs(static_cast<std::size_t>(op.min_inputs), block::Type{64, false});
  const std::vector<double> attributes(op.attributes.size(), 2);
  return !causal || op.mixes({inputs, attributes, causal}) != block::Mixing::all;
}

std::string language(bool causal) {
  std::string text =
      "\nA block program maps x, a tensor [batch, time, channels], to a tensor of the same shape. It is one function "
      "of "
      "assignments and a return, in Python's syntax, without loops or conditions. Names in capitals are the genes "
      "above. "
      "Tensors of equal shape combine with + - and *. The ops:\n";
  for (const block::Op* op : block::ops()) {
    if (usable(*op, causal)) text += fmt::format("- {}: {}\n", block::signature(*op), op->doc);
  }
  return text;
}

// The end of the JSON object that starts at `start`, or npos.
std::size_t object_end(std::string_view text, std::size_t start) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = start; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// From "def" to the line of the first return, without a fence around it.
std::string program_in(std::string_view text) {
  const std::size_t start = text.find("def ");
  if (start == std::string_view::npos) return "";
  std::string program;
  for (const std::string& line : base::split_lines(text.substr(start))) {
    if (line.starts_with("```")) break;
    program += line + "\n";
    if (base::trim(line).starts_with("return")) break;
  }
  return program;
}

}  // namespace

Json json_schema(const Space& space) {
  Json properties = Json::object(), required = Json::array();
  for (const Gene& gene : space.genes) {
    Json schema = value_schema(gene);
    if (gene.per_layer) {
      const Json depths = space.depth_gene < 0 ? Json{space.fixed_depth}
                                               : Json(space.genes[static_cast<std::size_t>(space.depth_gene)].values);
      int least = space.max_depth;
      for (const Json& depth : depths) least = std::min(least, depth.get<int>());
      schema = {{"type", "array"}, {"items", schema}, {"minItems", least}, {"maxItems", space.max_depth}};
    }
    if (!gene.description.empty()) schema["description"] = gene.description;
    properties[gene.name] = std::move(schema);
    if (!gene.when) required.push_back(gene.name);
  }
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
          {"title", space.name},
          {"type", "object"},
          {"properties", properties},
          {"required", required},
          {"additionalProperties", false}};
}

std::string describe(const Space& space) {
  std::string text = fmt::format("Search space {}", space.name);
  text += space.description.empty() ? ".\n" : ": " + space.description + "\n";
  text += "Genes:\n";
  bool open = false;
  for (const Gene& gene : space.genes) {
    open = open || gene.open;
    text +=
        fmt::format("- {}{}: {}", gene.name, gene.per_layer ? " (a list, one value a layer)" : "", domain_line(gene));
    if (!gene.description.empty()) text += "; " + gene.description;
    if (gene.when) text += "; only where " + gene.when->text();
    text += "\n";
  }
  if (space.depth_gene >= 0)
    text += fmt::format("{} counts the layers, so every list has that many values.\n",
                        space.genes[static_cast<std::size_t>(space.depth_gene)].name);
  for (const Condition& condition : space.require) text += "Constraint: " + condition.text() + ".\n";
  if (space.limits.params > 0)
    text += fmt::format("At most {} parameters.\n", base::short_count(static_cast<double>(space.limits.params)));
  if (!open) return text;
  for (const auto& [name, value] : space.bind)
    text += fmt::format("In programs, {} is {}.\n", name, value.is_string() ? value.get<std::string>() : value.dump());
  return text + language(space.causal);
}

int program_gene(const Space& space) {
  int found = -1;
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    const Gene& row = space.genes[static_cast<std::size_t>(gene)];
    if (!row.open) continue;
    if (found >= 0 || row.per_layer || row.when) return -1;
    found = gene;
  }
  return found;
}

std::string genome_form(const Space& space, const Genome& genome) {
  const int open = program_gene(space);
  Json object = to_json(space, genome);
  if (open < 0) return object.dump();
  const std::string& name = space.genes[static_cast<std::size_t>(open)].name;
  const std::string program = object.at(name);
  object.erase(name);
  return object.dump() + "\n" + program;
}

base::Result<Genome> from_reply(const Space& space, std::string_view reply) {
  const int open = program_gene(space);
  std::string first_error = "the reply has no JSON object";
  std::size_t start = reply.find('{');
  for (int attempt = 0; attempt < 20 && start != std::string_view::npos; ++attempt) {
    const std::size_t end = object_end(reply, start);
    if (end == std::string_view::npos) break;
    auto value = base::parse_json(reply.substr(start, end - start), 16);
    if (value && open >= 0 && value->is_object()) {
      const std::string& gene = space.genes[static_cast<std::size_t>(open)].name;
      if (!value->contains(gene)) (*value)[gene] = program_in(reply.substr(end));
    }
    auto genome = value ? from_json(space, *value) : base::Result<Genome>(base::failure(value.error()));
    if (genome) return genome;
    if (attempt == 0) first_error = genome.error();
    start = reply.find('{', end);
  }
  return base::failure(first_error);
}

}  // namespace weft::space
