#include "space/genome_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "space/recipe.hpp"

namespace weft::space {
namespace {

using base::Json;

std::string domain_text(const Gene& gene) {
  if (gene.open) return "a block program";
  std::vector<std::string> values;
  for (const Json& value : gene.values) {
    if (values.size() == 20) {
      values.emplace_back("...");
      break;
    }
    values.push_back(value.dump());
  }
  return base::either(values);
}

class Reader {
 public:
  explicit Reader(const Space& space) : space_(space) { genome_.codes.assign(space.slots(), Genome::kInactive); }

  // Throws a message, caught in from_json().
  Genome run(const Json& given) {
    const Json value = as_object(given);
    if (!value.is_object()) throw std::string("a genome is a JSON object with the genes ") + base::join(names(), ", ");
    for (const auto& [key, member] : value.items()) {
      if (space_.gene_index(key) < 0)
        throw "unknown gene " + base::quote(key) + "; genes are " + base::join(names(), ", ") +
            base::did_you_mean(key, names());
    }
    // The depth first: it says how long the lists are.
    if (space_.depth_gene >= 0) read_gene(value, space_.depth_gene);
    for (int gene = 0; gene < static_cast<int>(space_.genes.size()); ++gene) {
      if (gene != space_.depth_gene) read_gene(value, gene);
    }
    return std::move(genome_);
  }

 private:
  // What the space's own notation, a list of its genes' values, or a recipe alone, stands for.
  Json as_object(const Json& given) const {
    if (space_.genes.size() == 1 && space_.genes[0].open && !given.contains(space_.genes[0].name) && is_recipe(given))
      return {{space_.genes[0].name, given}};
    if (!space_.text.exists() || !(given.is_string() || given.is_array())) return given;
    if (given.is_string()) {
      auto read = read_text(space_.text, space_.genes, given.get_ref<const std::string&>());
      if (!read) throw read.error();
      return std::move(*read);
    }
    if (given.size() != space_.genes.size())
      throw fmt::format("a list of {} values was expected, one for each gene, not {}", space_.genes.size(),
                        given.size());
    Json object = Json::object();
    for (std::size_t i = 0; i < given.size(); ++i) object[space_.genes[i].name] = given[i];
    return object;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> list;
    for (const Gene& gene : space_.genes) list.push_back(gene.name);
    return list;
  }

  void read_gene(const Json& value, int index) {
    const Gene& gene = space_.genes[static_cast<std::size_t>(index)];
    const bool given = value.contains(gene.name) && !value.at(gene.name).is_null();
    if (!gene.per_layer) {
      read_slot(given ? value.at(gene.name) : Json(nullptr), index, 0);
      return;
    }
    const int depth = space_.depth(genome_);
    if (given && (!value.at(gene.name).is_array() || static_cast<int>(value.at(gene.name).size()) != depth)) {
      const Json& list = value.at(gene.name);
      throw fmt::format("gene '{}' must be a list of {} values, one a layer{}", gene.name, depth,
                        list.is_array() ? fmt::format(", not {}", list.size()) : "");
    }
    for (int layer = 0; layer < depth; ++layer) {
      read_slot(given ? value.at(gene.name)[static_cast<std::size_t>(layer)] : Json(nullptr), index, layer);
    }
  }

  void read_slot(const Json& value, int index, int layer) {
    const Gene& gene = space_.genes[static_cast<std::size_t>(index)];
    const std::string where =
        gene.per_layer ? fmt::format("gene '{}' in layer {}", gene.name, layer) : fmt::format("gene '{}'", gene.name);
    if (!space_.active(index, genome_, layer)) {
      if (!value.is_null())
        throw fmt::format("{} is inactive, since {} does not hold; leave it out", where, gene.when->text());
      return;
    }
    if (value.is_null()) throw fmt::format("{} is missing; it is {}", where, domain_text(gene));
    genome_.codes[space_.slot(index, layer)] =
        gene.open ? program(program_value(index, value, where)) : code(gene, value, where);
  }

  std::int32_t code(const Gene& gene, const Json& value, const std::string& where) const {
    for (std::size_t i = 0; i < gene.values.size(); ++i) {
      if (gene.values[i] == value) return static_cast<std::int32_t>(i);
    }
    std::vector<std::string> names;
    for (const Json& known : gene.values) {
      if (known.is_string()) names.push_back(known.get<std::string>());
    }
    const std::string shown = base::shorten(value.dump(-1, ' ', false, Json::error_handler_t::replace), 60);
    throw fmt::format("{} is {}; it must be {}{}", where, shown, domain_text(gene),
                      value.is_string() ? base::did_you_mean(value.get<std::string>(), names) : "");
  }

  // A program's text; or the recipe of a cell, which takes its place in the gene's first seed.
  std::shared_ptr<const ProgramText> program_value(int gene, const Json& value, const std::string& where) const {
    if (value.is_object()) {
      auto made = with_recipe(space_.seed(gene, 0)->program, value);
      if (!made) throw where + ": " + made.error();
      made->name = where;
      return make_text(std::move(*made));
    }
    if (!value.is_string()) throw where + " must be the text of a block program";
    auto parsed = program_text(value.get<std::string>(), where);
    if (!parsed) throw where + ": " + parsed.error().brief();
    return std::move(*parsed);
  }

  std::int32_t program(std::shared_ptr<const ProgramText> given) {
    for (std::size_t i = 0; i < genome_.programs.size(); ++i) {
      if (genome_.programs[i]->id == given->id) return static_cast<std::int32_t>(i);
    }
    genome_.programs.push_back(std::move(given));
    return static_cast<std::int32_t>(genome_.programs.size()) - 1;
  }

  const Space& space_;
  Genome genome_;
};

void append_value(const Space& space, const Genome& genome, int gene, int layer, std::string& text) {
  const Gene& row = space.genes[static_cast<std::size_t>(gene)];
  const std::int32_t code = genome.codes[space.slot(gene, layer)];
  if (code == Genome::kInactive) {
    text += "null";
  } else if (row.open) {
    text += base::canonical_text(genome.programs[static_cast<std::size_t>(code)]->text);
  } else {
    text += row.texts[static_cast<std::size_t>(code)];
  }
}

// base::canonical_text(to_json()) without the JSON between.
std::string canonical_text(const Space& space, const Genome& genome) {
  std::string text = "{";
  const int depth = space.depth(genome);
  for (const int gene : space.by_name()) {
    const Gene& row = space.genes[static_cast<std::size_t>(gene)];
    const int copies = row.per_layer ? depth : 1;
    bool any = false;
    for (int layer = 0; layer < copies; ++layer)
      any = any || genome.codes[space.slot(gene, layer)] != Genome::kInactive;
    if (!any) continue;
    text += text.size() > 1 ? ",\"" : "\"";
    text += row.name;  // letters, digits and _
    text += row.per_layer ? "\":[" : "\":";
    for (int layer = 0; layer < copies; ++layer) {
      if (layer > 0) text += ',';
      append_value(space, genome, gene, layer, text);
    }
    if (row.per_layer) text += ']';
  }
  return text + "}";
}

double program_distance(const block::Program& a, const block::Program& b) {
  std::map<std::string_view, std::pair<int, int>> uses;
  for (const block::Site& site : a.sites) ++uses[site.op->name].first;
  for (const block::Site& site : b.sites) ++uses[site.op->name].second;
  int common = 0, all = 1;  // programs that differ in attributes or wiring alone are still apart
  for (const auto& [name, count] : uses) {
    common += std::min(count.first, count.second);
    all += std::max(count.first, count.second);
  }
  return 1 - static_cast<double>(common) / all;
}

}  // namespace

Json to_json(const Space& space, const Genome& genome) {
  Json object = Json::object();
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    const Gene& row = space.genes[static_cast<std::size_t>(gene)];
    if (!row.per_layer) {
      if (Json value = space.value(genome, gene, 0); !value.is_null()) object[row.name] = std::move(value);
      continue;
    }
    Json list = Json::array();
    bool any = false;
    for (int layer = 0; layer < space.depth(genome); ++layer) {
      list.push_back(space.value(genome, gene, layer));
      any = any || !list.back().is_null();
    }
    if (any) object[row.name] = std::move(list);
  }
  return object;
}

std::string to_text(const Space& space, const Genome& genome) {
  return to_json(space, genome).dump();
}

std::string to_notation(const Space& space, const Genome& genome) {
  return space.text.exists() ? write_text(space.text, space.genes, genome.codes) : "";
}

std::string id(const Space& space, const Genome& genome) {
  return "g1-" + base::short_hash(canonical_text(space, genome));
}

base::Result<Genome> from_json(const Space& space, const Json& value) {
  try {
    return Reader(space).run(value);
  } catch (const std::string& error) {
    return tl::unexpected(error);
  }
}

base::Result<Genome> from_text(const Space& space, std::string_view text) {
  const std::string_view words = base::trim(text);
  if (space.text.exists() && !words.empty() && std::string_view("{[\"").find(words[0]) == std::string_view::npos)
    return from_json(space, std::string(words));
  const auto value = base::parse_json(text, 16);
  if (!value) return base::failure(value.error());
  return from_json(space, *value);
}

double distance(const Space& space, const Genome& a, const Genome& b) {
  double different = 0, slots = 0;
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    const Gene& row = space.genes[static_cast<std::size_t>(gene)];
    for (int layer = 0; layer < space.most_copies(gene); ++layer) {
      const std::int32_t left = a.codes[space.slot(gene, layer)], right = b.codes[space.slot(gene, layer)];
      if (left == Genome::kInactive && right == Genome::kInactive) continue;
      ++slots;
      if (!row.open || left == Genome::kInactive || right == Genome::kInactive) {
        different += left != right;
        continue;
      }
      const ProgramText &p = *a.programs[static_cast<std::size_t>(left)],
                        &q = *b.programs[static_cast<std::size_t>(right)];
      if (p.id != q.id) different += program_distance(p.program, q.program);
    }
  }
  return slots == 0 ? 0 : different / slots;
}

}  // namespace weft::space
