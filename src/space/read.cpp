#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/schema.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"
#include "space/gene_reader.hpp"
#include "space/space.hpp"

namespace weft::space {
namespace {

constexpr int kMaxDepth = 256;

}  // namespace

// Turns a checked document into a Space. Blocks come from files, or from the snapshot that a run keeps.
class SpaceReader {
 public:
  SpaceReader(const base::Document& document, const base::Json& known_blocks)
      : document_(document), genes_(document, known_blocks, space_.genes) {}

  Space run() {
    const base::Json checked = base::check(base::load_schema("space"), document_);
    space_.name = checked.at("name");
    space_.description = checked.at("description");
    space_.task = checked.at("task") == "language_model" ? Task::language_model : Task::image_classification;
    space_.causal = checked.value("causal", space_.task == Task::language_model);
    for (const auto& [name, gene] : checked.at("genes").items()) genes_.add_gene(name, gene);
    const base::Json& layers = checked.at("layers");
    read_count(layers.at("count"));
    read_block(layers.at("block"));
    for (const auto& [name, value] : layers.at("bind").items()) bind(name, value);
    check_width();
    read_ends(checked.at("stem"), checked.at("head"));
    read_limits(checked.at("limits"));
    for (const base::Json& text : checked.at("require")) {
      const std::string pointer = "/require/" + std::to_string(space_.require.size());
      space_.require.push_back(genes_.condition(text.get<std::string>(), pointer));
    }
    space_.lay_out();
    take_blocks();
    return std::move(space_);
  }

 private:
  [[noreturn]] void fail(const std::string& pointer, const std::string& what) const { genes_.fail(pointer, what); }

  // The gene of this name, which `pointer` needs.
  int gene_named(const std::string& name, const std::string& pointer, const std::string& otherwise = "no gene ") const {
    const int index = genes_.index(name);
    if (index < 0) fail(pointer, otherwise + base::quote(name) + base::did_you_mean(name, genes_.names()));
    return index;
  }
  const Gene& gene(int index) const { return space_.genes[static_cast<std::size_t>(index)]; }

  void read_count(const base::Json& count) {
    if (!count.is_string()) {
      space_.fixed_depth = space_.max_depth = count.get<int>();
      return;
    }
    space_.depth_gene = gene_named(count, "/layers/count");
    const Gene& row = gene(space_.depth_gene);
    if (row.per_layer || row.when || row.open)
      fail("/layers/count", "the gene that counts the layers must be global, closed and unconditional");
    for (const base::Json& value : row.values) {
      if (!value.is_number_integer() || value.get<std::int64_t>() < 1 || value.get<std::int64_t>() > kMaxDepth)
        fail("/genes/" + row.name, "layers are counted from 1 to 256, not " + value.dump());
      space_.max_depth = std::max(space_.max_depth, value.get<int>());
    }
  }

  void read_block(const std::string& block) {
    if (is_block_file(block)) {
      space_.fixed_block = genes_.add_block(block, "/layers/block");
      return;
    }
    space_.block_gene = gene_named(block, "/layers/block", "neither a gene nor a .block file: ");
    const Gene& row = gene(space_.block_gene);
    if (row.when) fail("/layers/block", "the gene that chooses the block must be unconditional");
    for (const base::Json& value : row.values) {
      if (!value.is_string() || !genes_.blocks().contains(value.get<std::string>()))
        fail("/genes/" + block, "the gene that chooses the block must list .block files, not " + value.dump());
    }
  }

  void bind(const std::string& name, const base::Json& value) {
    const std::string pointer = "/layers/bind/" + name;
    if (name.empty() || name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != std::string::npos ||
        std::isupper(static_cast<unsigned char>(name[0])) == 0)
      fail(pointer, "a bound name is in capitals, not " + base::quote(name));
    if (value.is_string()) {
      const Gene& row = gene(gene_named(value, pointer));
      for (const Scalar& one : row.scalars) {
        if (std::holds_alternative<std::string>(one))
          fail(pointer,
               fmt::format("'{}' can stand for numbers and flags, not for the names of gene '{}'", name, row.name));
      }
    }
    space_.bind[name] = value;
  }

  // D is one positive whole number for all layers of a genome.
  void check_width() const {
    const auto found = space_.bind.find("D");
    if (found == space_.bind.end()) fail("/layers/bind", "'bind' needs D, the model's width");
    std::vector<base::Json> widths{found->second};
    if (found->second.is_string()) {
      const Gene& row = gene(genes_.index(found->second.get<std::string>()));
      if (row.per_layer || row.when)
        fail("/layers/bind/D", "the gene of D, the model's width, must be global and unconditional");
      widths = row.values;
    }
    for (const base::Json& width : widths) {
      const double value = width.is_number() ? width.get<double>() : 0;
      if (!(value >= 1 && value <= block::kMaxWidth) || value != std::floor(value))
        fail("/layers/bind/D", "D, the model's width, must be a whole number from 1 to 1048576, not " + width.dump());
    }
  }

  void read_ends(const base::Json& stem, const base::Json& head) {
    if (space_.task == Task::image_classification) {
      if (!stem.contains("patch")) fail("/stem", "a space for images needs stem: {patch: pixels}");
      if (is_written("stem", "embedding")) fail("/stem/embedding", "a space for images has no embedding");
      if (is_written("head", "tied")) fail("/head/tied", "a space for images has no embedding to tie");
      space_.patch = stem.at("patch");
    } else if (stem.contains("patch")) {
      fail("/stem/patch", "a language model has no patches");
    } else if (stem.at("embedding").is_number()) {
      space_.vocabulary = stem.at("embedding");
    } else if (stem.at("embedding") != "bytes") {
      fail("/stem/embedding", "expected 'bytes' or a vocabulary size, not " + stem.at("embedding").dump());
    }
    space_.learned_position = stem.at("position") == "learned";
    const std::string norm = head.at("norm");
    space_.norm = norm == "none" ? Norm::none : norm == "layernorm" ? Norm::layernorm : Norm::rmsnorm;
    space_.tied = space_.task == Task::language_model && head.at("tied").get<bool>();
  }

  // Whether the file itself has the key, rather than its default.
  bool is_written(const char* part, const char* key) const {
    return document_.value.contains(part) && document_.value.at(part).contains(key);
  }

  void read_limits(const base::Json& limits) {
    space_.limits = {.params = limits.value("params", std::int64_t{0}),
                     .flops = limits.value("flops", std::int64_t{0}),
                     .activations = limits.value("activations", std::int64_t{0}),
                     .statements = limits.at("statements").get<int>()};
  }

  void take_blocks() {
    base::Json sources = base::Json::object();
    for (const auto& [name, block] : genes_.blocks()) {
      check_program(name, block.program->program);
      sources[name] = block.source;
      space_.blocks[name] = block.program->program;
      space_.seeds_[name] = block.program;
    }
    space_.snapshot_ = {{"file", document_.file}, {"yaml", document_.value}, {"blocks", sources}};
  }

  // A program may name only what is bound, and be no longer than its space allows.
  void check_program(const std::string& name, const block::Program& program) const {
    if (program.statements > space_.limits.statements)
      fail("/limits/statements", fmt::format("{}.block has {} statements; the limit is {}", name, program.statements,
                                             space_.limits.statements));
    std::vector<std::string> bound;
    for (const auto& [known, value] : space_.bind) bound.push_back(known);
    for (const std::string& gene : block::genes(program)) {
      if (!space_.bind.contains(gene))
        fail("/layers/bind",
             fmt::format("{}.block names {}, which is not bound; bound are {}", name, gene, base::join(bound, ", ")));
    }
  }

  const base::Document& document_;
  Space space_;
  GeneReader genes_;
};

Space Space::load(const std::string& name, const base::fs::path& beside) {
  const base::Document document = base::read_yaml(base::find_data(name, "search_spaces", ".yaml", beside));
  return SpaceReader(document, nullptr).run();
}

Space Space::from_snapshot(const base::Json& snapshot) {
  const base::Document document{.value = snapshot.at("yaml"), .file = snapshot.at("file"), .marks = {}};
  return SpaceReader(document, snapshot.at("blocks")).run();
}

}  // namespace weft::space
