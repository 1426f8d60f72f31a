#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/schema.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"
#include "space/space.hpp"

namespace weft::space {
namespace {

constexpr int kMaxDepth = 256;

bool is_block_file(const std::string& text) {
  return text.ends_with(".block");
}
std::string block_name(const std::string& file) {
  return base::fs::path(file).stem().string();
}

Scalar to_scalar(const base::Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1.0 : 0.0;
  if (value.is_number()) return value.get<double>();
  return value.get<std::string>();
}

}  // namespace

// Turns a checked document into a Space. Blocks come from files, or from the snapshot that a run keeps.
class SpaceReader {
 public:
  SpaceReader(base::Document document, const base::Json& known_blocks)
      : document_(std::move(document)), known_blocks_(known_blocks) {}

  Space run() {
    const base::Json checked = base::check(base::load_schema("space"), document_);
    space_.name = checked.at("name");
    space_.description = checked.at("description");
    space_.task = checked.at("task") == "language_model" ? Task::language_model : Task::image_classification;
    space_.causal = checked.value("causal", space_.task == Task::language_model);
    for (const auto& [name, gene] : checked.at("genes").items()) add_gene(name, gene);
    read_layers(checked.at("layers"));
    read_ends(checked.at("stem"), checked.at("head"));
    read_limits(checked.at("limits"));
    for (const base::Json& text : checked.at("require")) {
      const std::string pointer = "/require/" + std::to_string(space_.require.size());
      space_.require.push_back(condition(text.get<std::string>(), pointer, space_.genes.size()));
    }
    space_.lay_out();
    check_programs();
    space_.snapshot_ = {{"file", document_.file}, {"yaml", document_.value}, {"blocks", block_texts_}};
    return std::move(space_);
  }

 private:
  [[noreturn]] void fail(const std::string& pointer, const std::string& what) const {
    throw document_.error(pointer, what);
  }

  std::vector<std::string> gene_names() const {
    std::vector<std::string> names;
    for (const Gene& gene : space_.genes) names.push_back(gene.name);
    return names;
  }

  Condition condition(const std::string& text, const std::string& pointer, std::size_t known) const {
    auto parsed = Condition::parse(text, [&](std::string_view name) {
      const int index = space_.gene_index(name);
      return index < static_cast<int>(known) ? index : -1;
    });
    if (!parsed) fail(pointer, parsed.error() + "; genes are " + base::join(gene_names(), ", "));
    return std::move(*parsed);
  }

  void add_gene(const std::string& name, const base::Json& given) {
    const std::string pointer = "/genes/" + name;
    if (name.empty() || name.size() > 40 ||
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos ||
        std::isdigit(static_cast<unsigned char>(name[0])) != 0) {
      fail(pointer, "a gene's name is small letters, digits and '_', not " + base::quote(name));
    }
    const int kinds = static_cast<int>(given.contains("choice")) + static_cast<int>(given.contains("range")) +
                      static_cast<int>(given.contains("flag")) + static_cast<int>(given.contains("program"));
    if (kinds != 1) fail(pointer, "gene '" + name + "' needs exactly one of choice, range, flag and program");
    Gene gene;
    gene.name = name;
    gene.description = given.at("description");
    gene.per_layer = given.at("per_layer");
    if (given.contains("when")) gene.when = condition(given.at("when"), pointer + "/when", space_.genes.size());
    if (given.contains("choice")) gene.values = choice(given.at("choice"), pointer + "/choice");
    if (given.contains("range")) gene.values = range(given, pointer + "/range");
    if (given.contains("flag")) gene.values = {false, true};
    if (given.contains("program")) {
      gene.open = true;
      gene.values = choice(given.at("program").at("seeds"), pointer + "/program/seeds");
    }
    for (const base::Json& value : gene.values) gene.scalars.push_back(to_scalar(value));
    if (gene.when) check_when(gene, pointer + "/when");
    space_.genes.push_back(std::move(gene));
  }

  void check_when(const Gene& gene, const std::string& pointer) const {
    for (const int other : gene.when->genes()) {
      if (space_.genes[static_cast<std::size_t>(other)].per_layer && !gene.per_layer) {
        fail(pointer, "a global gene cannot depend on the per-layer gene '" +
                          space_.genes[static_cast<std::size_t>(other)].name + "'");
      }
    }
  }

  std::vector<base::Json> choice(const base::Json& values, const std::string& pointer) {
    std::vector<base::Json> domain;
    for (std::size_t i = 0; i < values.size(); ++i) {
      base::Json value = values[i];
      if (value.is_string() && is_block_file(value)) value = add_block(value, pointer + "/" + std::to_string(i));
      if (std::find(domain.begin(), domain.end(), value) != domain.end()) {
        fail(pointer + "/" + std::to_string(i), "the value " + value.dump() + " stands here twice");
      }
      domain.push_back(std::move(value));
    }
    return domain;
  }

  std::vector<base::Json> range(const base::Json& given, const std::string& pointer) const {
    const auto first = given.at("range")[0].get<double>(), last = given.at("range")[1].get<double>(),
               step = given.at("step").get<double>();
    const double count = std::floor((last - first) / step + 1e-9) + 1;
    if (!(count >= 1 && count <= 10000))
      fail(pointer, fmt::format("range [{}, {}] in steps of {} must have 1 to 10000 values", first, last, step));
    std::vector<base::Json> domain;
    for (int i = 0; i < static_cast<int>(count); ++i) {
      const double value = std::stod(fmt::format("{:.12g}", first + i * step));
      if (value == std::floor(value)) {
        domain.emplace_back(static_cast<std::int64_t>(value));
      } else {
        domain.emplace_back(value);
      }
    }
    return domain;
  }

  // Reads a block file once, keeps its text for the snapshot, and returns its name.
  std::string add_block(const std::string& file, const std::string& pointer) {
    const std::string name = block_name(file);
    if (space_.blocks.contains(name)) return name;
    std::string text;
    if (!known_blocks_.is_null()) {
      text = known_blocks_.at(name);
    } else {
      try {
        text = base::read_file(
            base::find_data(file, "search_spaces/blocks", ".block", base::fs::path(document_.file).parent_path()));
      } catch (const base::Error& error) {
        fail(pointer, error.what());
      }
    }
    auto program = program_text(text, file);
    if (!program) throw base::Error(program.error().text());
    space_.blocks[name] = (*program)->program;
    space_.seeds_[name] = std::move(*program);
    block_texts_[name] = text;
    return name;
  }

  void read_layers(const base::Json& layers) {
    if (layers.at("count").is_string()) {
      const std::string name = layers.at("count");
      space_.depth_gene = space_.gene_index(name);
      if (space_.depth_gene < 0)
        fail("/layers/count", "no gene " + base::quote(name) + base::did_you_mean(name, gene_names()));
      const Gene& gene = space_.genes[static_cast<std::size_t>(space_.depth_gene)];
      if (gene.per_layer || gene.when || gene.open)
        fail("/layers/count", "the gene that counts the layers must be global, closed and unconditional");
      for (const base::Json& value : gene.values) {
        if (!value.is_number_integer() || value.get<int>() < 1 || value.get<int>() > kMaxDepth)
          fail("/genes/" + name, "layers are counted from 1 to 256");
        space_.max_depth = std::max(space_.max_depth, value.get<int>());
      }
    } else {
      space_.fixed_depth = space_.max_depth = layers.at("count").get<int>();
    }
    read_block(layers.at("block"));
    for (const auto& [name, value] : layers.at("bind").items()) {
      const std::string pointer = "/layers/bind/" + name;
      if (name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != std::string::npos)
        fail(pointer, "a bound name is in capitals, not " + base::quote(name));
      if (value.is_string() && space_.gene_index(value.get<std::string>()) < 0) {
        fail(pointer, "no gene " + base::quote(value.get<std::string>()) +
                          base::did_you_mean(value.get<std::string>(), gene_names()));
      }
      space_.bind[name] = value;
    }
    if (!space_.bind.contains("D")) fail("/layers/bind", "'bind' needs D, the model's width");
  }

  void read_block(const std::string& block) {
    if (is_block_file(block)) {
      space_.fixed_block = add_block(block, "/layers/block");
      return;
    }
    space_.block_gene = space_.gene_index(block);
    if (space_.block_gene < 0)
      fail("/layers/block",
           "neither a gene nor a .block file: " + base::quote(block) + base::did_you_mean(block, gene_names()));
    const Gene& gene = space_.genes[static_cast<std::size_t>(space_.block_gene)];
    for (const base::Json& value : gene.values) {
      if (!value.is_string() || !space_.blocks.contains(value.get<std::string>()))
        fail("/genes/" + block, "the gene that chooses the block must list .block files");
    }
  }

  void read_ends(const base::Json& stem, const base::Json& head) {
    if (space_.task == Task::image_classification) {
      if (!stem.contains("patch")) fail("/stem", "a space for images needs stem: {patch: pixels}");
      space_.patch = stem.at("patch");
    } else if (stem.contains("patch")) {
      fail("/stem/patch", "a language model has no patches");
    } else if (stem.at("embedding").is_number()) {
      space_.vocabulary = stem.at("embedding");
    } else if (stem.at("embedding") != "bytes") {
      fail("/stem/embedding", "expected 'bytes' or a vocabulary size");
    }
    space_.learned_position = stem.at("position") == "learned";
    const std::string norm = head.at("norm");
    space_.norm = norm == "none" ? Norm::none : norm == "layernorm" ? Norm::layernorm : Norm::rmsnorm;
    space_.tied = space_.task == Task::language_model && head.at("tied").get<bool>();
  }

  void read_limits(const base::Json& limits) {
    space_.limits = {.params = limits.value("params", std::int64_t{0}),
                     .flops = limits.value("flops", std::int64_t{0}),
                     .activations = limits.value("activations", std::int64_t{0}),
                     .statements = limits.at("statements").get<int>()};
  }

  // Every program may name only what is bound.
  void check_programs() const {
    for (const auto& [name, program] : space_.blocks) {
      for (const std::string& gene : block::genes(program)) {
        if (space_.bind.contains(gene)) continue;
        std::vector<std::string> bound;
        for (const auto& [known, value] : space_.bind) bound.push_back(known);
        fail("/layers/bind",
             fmt::format("{}.block names {}, which is not bound; bound are {}", name, gene, base::join(bound, ", ")));
      }
    }
  }

  base::Document document_;
  const base::Json& known_blocks_;
  base::Json block_texts_ = base::Json::object();
  Space space_;
};

Space Space::load(const std::string& name, const base::fs::path& beside) {
  return SpaceReader(base::read_yaml(base::find_data(name, "search_spaces", ".yaml", beside)), nullptr).run();
}

Space Space::from_snapshot(const base::Json& snapshot) {
  base::Document document{.value = snapshot.at("yaml"), .file = snapshot.at("file"), .marks = {}};
  const base::Json blocks = snapshot.at("blocks");
  return SpaceReader(std::move(document), blocks).run();
}

}  // namespace weft::space
