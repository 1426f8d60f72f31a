#include "space/describe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.hpp"
#include "space/genome_text.hpp"

namespace weft::space {
namespace {

using base::Json;

constexpr int kMaxObjects = 100;  // of a reply that are tried

Json value_schema(const Gene& gene) {
  const bool gaps = gene.per_layer && gene.when;  // null in the layers where it is inactive
  if (gene.open)
    return {{"type", gaps ? Json{"string", "null"} : Json("string")},
            {"description", "A program in the block language."}};
  Json values = gene.values;
  if (gaps) values.push_back(nullptr);
  return {{"enum", std::move(values)}};
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

std::string limits_text(const Limits& limits, bool open) {
  std::string text;
  if (limits.params > 0) text += fmt::format("At most {} parameters.\n", limits.params);
  if (limits.flops > 0) text += fmt::format("At most {} FLOPs a forward pass.\n", limits.flops);
  if (limits.activations > 0) text += fmt::format("At most {} bytes of activations.\n", limits.activations);
  if (open) text += fmt::format("At most {} statements in a program.\n", limits.statements);
  return text;
}

std::string language(const Space& space) {
  std::string text =
      "\nA block program maps x, a tensor [batch, time, channels], to a tensor of the same shape. It is one function "
      "of "
      "assignments and a return, in Python's syntax, without loops or conditions. Names in capitals are the genes "
      "above. "
      "Tensors of equal shape combine with + - and *. The ops:\n";
  for (const block::Op* op : space.program_ops()) text += fmt::format("- {}: {}\n", block::signature(*op), op->doc);
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

// Whether a line begins with this word.
bool begins_with(std::string_view line, std::string_view word) {
  const bool longer = line.size() > word.size();
  return line.starts_with(word) &&
         (!longer || (std::isalnum(static_cast<unsigned char>(line[word.size()])) == 0 && line[word.size()] != '_'));
}

// From a line that starts with "def" to the end of its return, and the defs that follow it up to one called block:
// without a fence around them, and as far to the left. Comments are not read.
std::string program_in(std::string_view text) {
  std::string program;
  std::size_t indent = 0;
  std::ptrdiff_t open = 0;
  bool returned = false, block = false;
  for (const std::string& line : base::split_lines(text)) {
    const std::string_view code = std::string_view(line).substr(0, line.find('#')), words = base::trim(code);
    const std::size_t margin = std::min(line.find_first_not_of(" \t"), line.size());
    if (program.empty() && !begins_with(words, "def")) continue;
    if (returned && open <= 0 && !base::trim(line).empty()) {
      if (block || !begins_with(words, "def")) break;
      returned = false;
    }
    block = block || words.starts_with("def block(");
    if (words.starts_with("```")) break;
    if (program.empty()) indent = margin;
    program += line.substr(std::min(indent, margin)) + "\n";
    returned = returned || begins_with(words, "return");
    open += std::count(code.begin(), code.end(), '(') - std::count(code.begin(), code.end(), ')');
  }
  return program;
}

// A model reads the error of the candidate that looks most like a genome.
struct Candidates {
  int likeness = 0;
  std::string error = "the reply has no JSON object";

  void refuse(const Space& space, const base::Result<Json>& value, const std::string& why) {
    const auto is_gene = [&](const Gene& gene) { return value->contains(gene.name); };
    const bool names_genes = value && std::any_of(space.genes.begin(), space.genes.end(), is_gene);
    const int like = !value ? 1 : names_genes ? 3 : 2;
    if (like <= likeness) return;
    likeness = like;
    error = why;
  }
};

// Shows `visit` the JSON objects of a reply one after the other, with where each begins and ends, until it returns
// true.
template <class Visit>
void each_object(std::string_view reply, Visit visit) {
  std::size_t start = reply.find('{');
  for (int attempt = 0; attempt < kMaxObjects && start != std::string_view::npos; ++attempt) {
    const std::size_t end = object_end(reply, start);
    if (end != std::string_view::npos && visit(base::parse_json(reply.substr(start, end - start), 16), start, end))
      return;
    start = reply.find('{', start + 1);
  }
}

// The program that stands after the JSON, or else before it.
void add_program(const std::string& gene, Json& value, std::string_view reply, std::size_t start, std::size_t end) {
  if (value.contains(gene)) return;
  std::string program = program_in(reply.substr(end));
  if (program.empty()) program = program_in(reply.substr(0, start));
  if (!program.empty()) value[gene] = program;
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
      for (const Json& depth : depths)
        least = std::min(least, depth.get<int>() + (space.depth_gene < 0 ? 0 : space.fixed_depth));
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
  bool open = false, lists = false;
  for (const Gene& gene : space.genes) {
    open = open || gene.open;
    lists = lists || gene.per_layer;
    text +=
        fmt::format("- {}{}: {}", gene.name, gene.per_layer ? " (a list, one value a layer)" : "", domain_line(gene));
    if (!gene.description.empty()) text += "; " + gene.description;
    if (gene.when) text += "; only where " + gene.when->text();
    text += "\n";
  }
  if (space.depth_gene >= 0 && lists)
    text += fmt::format("{} counts the layers, so every list has that many values.\n",
                        space.genes[static_cast<std::size_t>(space.depth_gene)].name);
  for (const Condition& condition : space.require) text += "Constraint: " + condition.text() + ".\n";
  text += limits_text(space.limits, open);
  if (!open) return text;
  for (const auto& [name, value] : space.open_group().bind)
    text += fmt::format("In programs, {} is {}.\n", name, value.is_string() ? value.get<std::string>() : value.dump());
  for (const auto& [name, formula] : space.open_group().let)
    text += fmt::format("In programs, {} is {}.\n", name, formula.text());
  return text + language(space);
}

int open_gene(const Space& space) {
  int found = -1;
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    const Gene& row = space.genes[static_cast<std::size_t>(gene)];
    if (!row.open) continue;
    if (found >= 0 || row.when) return -1;
    found = gene;
  }
  return found;
}

int program_gene(const Space& space) {
  const int open = open_gene(space);
  return open >= 0 && space.genes[static_cast<std::size_t>(open)].per_layer ? -1 : open;
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

std::optional<Json> reply_object(const Space& space, std::string_view reply) {
  const int open = program_gene(space);
  std::optional<Json> object;
  each_object(reply, [&](base::Result<Json> value, std::size_t start, std::size_t end) {
    if (!value || !value->is_object() || !value->contains(space.genes.front().name)) return false;
    if (open >= 0) add_program(space.genes[static_cast<std::size_t>(open)].name, *value, reply, start, end);
    object = std::move(*value);
    return true;
  });
  return object;
}

base::Result<Genome> from_reply(const Space& space, std::string_view reply) {
  const int open = program_gene(space);
  Candidates refused;
  std::optional<Genome> found;
  each_object(reply, [&](base::Result<Json> value, std::size_t start, std::size_t end) {
    if (value && open >= 0) add_program(space.genes[static_cast<std::size_t>(open)].name, *value, reply, start, end);
    auto genome = value ? from_json(space, *value) : base::Result<Genome>(base::failure(value.error()));
    if (genome) {
      found = std::move(*genome);
    } else {
      refused.refuse(space, value, genome.error());
    }
    return found.has_value();
  });
  if (found) return std::move(*found);
  if (space.text.exists() && refused.likeness == 0) {
    if (auto genome = from_text(space, reply)) return genome;
  }
  return base::failure(refused.error);
}

}  // namespace weft::space
