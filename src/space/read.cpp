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
    static const base::Json kSchema = base::load_schema("space");
    const base::Json checked = base::check(kSchema, document_);
    space_.name = checked.at("name");
    space_.description = checked.at("description");
    space_.task = checked.at("task") == "language_model" ? Task::language_model : Task::image_classification;
    space_.causal = checked.value("causal", space_.task == Task::language_model);
    for (const auto& [name, gene] : checked.at("genes").items()) genes_.add_gene(name, gene);
    if (checked.contains("text")) read_text_form(checked.at("text"));
    read_layers(checked.at("layers"));
    read_ends(checked.at("stem"), checked.at("head"));
    if (!space_.images()) check_widths();
    read_input(checked.at("input"));
    read_limits(checked.at("limits"));
    space_.autoformer_bias = checked.at("compatibility").at("autoformer_bias").get<bool>();
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
  void read_text_form(const std::string& given) {
    auto form = space::read_text_form(given, space_.genes);
    if (!form) fail("/text", form.error());
    space_.text = std::move(*form);
  }

  const Gene& gene(int index) const { return space_.genes[static_cast<std::size_t>(index)]; }

  void read_layers(const base::Json& layers) {
    if (layers.is_object()) return read_group(layers, "/layers");
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::string pointer = "/layers/" + std::to_string(i);
      if (!layers[i].is_object())
        fail(pointer, "a group of layers was expected: {block: ..., count: ..., bind: {...}}");
      read_group(layers[i], pointer);
    }
  }

  void read_group(const base::Json& layers, const std::string& pointer) {
    space_.groups.emplace_back();
    Group& group = space_.groups.back();
    read_count(layers.at("count"), group, pointer + "/count");
    read_block(layers.at("block"), group, pointer + "/block");
    for (const auto& [name, value] : layers.at("bind").items()) bind(name, value, group, pointer + "/bind/" + name);
    read_let(layers, group, pointer + "/let");
    int most = space_.fixed_depth;
    if (space_.depth_gene >= 0) {
      int longest = 0;
      for (const base::Json& value : gene(space_.depth_gene).values) longest = std::max(longest, value.get<int>());
      most += longest;
    }
    if (most > kMaxDepth) fail(pointer, fmt::format("a network has at most {} layers", kMaxDepth));
    space_.max_depth = most;
  }

  void read_count(const base::Json& count, Group& group, const std::string& pointer) {
    if (!count.is_string()) {
      group.count = count.get<int>();
      space_.fixed_depth += group.count;
      return;
    }
    if (space_.depth_gene >= 0) fail(pointer, "one group of layers may be counted by a gene");
    group.counted = true;
    space_.depth_gene = gene_named(count, pointer);
    const Gene& row = gene(space_.depth_gene);
    if (row.per_layer || row.when || row.open)
      fail(pointer, "the gene that counts the layers must be global, closed and unconditional");
    for (const base::Json& value : row.values) {
      if (!value.is_number_integer() || value.get<std::int64_t>() < 1 || value.get<std::int64_t>() > kMaxDepth)
        fail("/genes/" + row.name, "layers are counted from 1 to 256, not " + value.dump());
    }
  }

  void read_block(const std::string& block, Group& group, const std::string& pointer) {
    if (is_block_file(block)) {
      group.block = genes_.add_block(block, pointer);
      return;
    }
    group.block_gene = gene_named(block, pointer, "neither a gene nor a .block file: ");
    const Gene& row = gene(group.block_gene);
    if (row.when) fail(pointer, "the gene that chooses the block must be unconditional");
    for (const base::Json& value : row.values) {
      if (!value.is_string() || !genes_.blocks().contains(value.get<std::string>()))
        fail("/genes/" + block, "the gene that chooses the block must list .block files, not " + value.dump());
    }
  }

  void check_bound_name(const std::string& name, const std::string& pointer) const {
    if (name.empty() || name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != std::string::npos ||
        std::isupper(static_cast<unsigned char>(name[0])) == 0)
      fail(pointer, "a bound name is in capitals, not " + base::quote(name));
  }

  // Formulas may name closed genes, what is bound, and what stands before them.
  void read_let(const base::Json& layers, Group& group, const std::string& pointer) {
    if (!layers.contains("let")) return;
    std::vector<std::string> names;
    for (const Gene& row : space_.genes) names.push_back(row.open ? "" : row.name);
    group.let_names = group.bound_names();
    names.insert(names.end(), group.let_names.begin(), group.let_names.end());
    for (const auto& [name, text] : layers.at("let").items()) {
      check_bound_name(name, pointer + "/" + name);
      if (group.bind.contains(name)) fail(pointer + "/" + name, name + " is bound already");
      auto formula = Condition::parse(text.get<std::string>(), names);
      if (!formula) fail(pointer + "/" + name, formula.error());
      group.let.emplace_back(name, std::move(*formula));
      group.let_names.push_back(name);
      names.push_back(name);
    }
  }

  // A gene of names stands for the place of its value among them, from 0: what pick() takes.
  void bind(const std::string& name, const base::Json& value, Group& group, const std::string& pointer) {
    check_bound_name(name, pointer);
    if (value.is_string()) {
      const Gene& row = gene(gene_named(value, pointer));
      if (row.open) fail(pointer, fmt::format("'{}' cannot stand for the programs of gene '{}'", name, row.name));
    }
    group.bind[name] = value;
  }

  void check_widths() const {
    for (std::size_t i = 0; i < space_.groups.size(); ++i)
      check_width(space_.groups[i], space_.groups.size() == 1 ? "/layers/bind" : fmt::format("/layers/{}/bind", i));
  }

  // D is one positive whole number for all layers of a genome.
  void check_width(const Group& group, const std::string& pointer) const {
    const auto found = group.bind.find("D");
    if (found == group.bind.end()) fail(pointer, "'bind' needs D, the model's width");
    std::vector<base::Json> widths{found->second};
    if (found->second.is_string()) {
      const Gene& row = gene(genes_.index(found->second.get<std::string>()));
      if (row.per_layer || row.when)
        fail(pointer + "/D", "the gene of D, the model's width, must be global and unconditional");
      widths = row.values;
    }
    for (const base::Json& width : widths) {
      const double value = width.is_number() ? width.get<double>() : 0;
      if (!(value >= 1 && value <= block::kMaxWidth) || value != std::floor(value))
        fail(pointer + "/D", "D, the model's width, must be a whole number from 1 to 1048576, not " + width.dump());
    }
  }

  void read_ends(const base::Json& stem, const base::Json& head) {
    Ends& ends = space_.ends;
    if (space_.task == Task::image_classification) {
      if (stem.contains("patch") == stem.at("image").get<bool>())
        fail("/stem",
             "a space for images needs stem: {patch: pixels}, or stem: {image: true} for blocks that take images");
      if (is_written("stem", "embedding")) fail("/stem/embedding", "a space for images has no embedding");
      if (is_written("head", "tied")) fail("/head/tied", "a space for images has no embedding to tie");
      ends.patch = stem.value("patch", std::int64_t{0});
    } else if (stem.contains("patch")) {
      fail("/stem/patch", "a language model has no patches");
    } else if (stem.at("image").get<bool>()) {
      fail("/stem/image", "a language model has no images");
    } else if (stem.at("embedding").is_number()) {
      space_.vocabulary = stem.at("embedding");
    } else if (stem.at("embedding") != "bytes") {
      fail("/stem/embedding", "expected 'bytes' or a vocabulary size, not " + stem.at("embedding").dump());
    }
    ends.class_token = stem.at("class_token").get<bool>();
    if (ends.class_token && ends.patch == 0) fail("/stem/class_token", "only patches have a class token");
    const bool raw = stem.at("image").get<bool>();
    if (raw && is_written("stem", "position")) fail("/stem/position", "an image has no positions");
    ends.learned_position = !raw && stem.at("position") == "learned";
    if (!raw) read_position(stem.at("position"));
    const std::string norm = head.at("norm"), pool = head.at("pool");
    ends.norm = norm == "none" || (raw && !is_written("head", "norm")) ? Norm::none
                : norm == "layernorm"                                  ? Norm::layernorm
                                                                       : Norm::rmsnorm;
    ends.norm_bias = head.at("bias").get<bool>();
    ends.epsilon = head.value("epsilon", ends.norm == Norm::rmsnorm ? 1e-6 : 1e-5);
    ends.frozen_stem = stem.at("frozen").get<bool>();
    ends.frozen_head = head.at("frozen").get<bool>();
    ends.pool = pool == "patches"       ? Ends::Pool::patches
                : pool == "class_token" ? Ends::Pool::class_token
                                        : Ends::Pool::positions;
    if (ends.pool == Ends::Pool::class_token && !ends.class_token)
      fail("/head/pool", "there is no class token; set stem: {class_token: true}");
    ends.tied = space_.task == Task::language_model && head.at("tied").get<bool>();
  }

  void read_position(const std::string& position) {
    if (position == "learned" || position == "none") return;
    space_.position_gene = gene_named(position, "/stem/position", "expected learned, none or a flag gene, not ");
    const Gene& row = gene(space_.position_gene);
    if (row.per_layer || row.when || row.values != std::vector<base::Json>{false, true})
      fail("/stem/position", "the gene that decides on positions must be a global, unconditional flag");
  }

  // Whether the file itself has the key, rather than its default.
  bool is_written(const char* part, const char* key) const {
    return document_.value.contains(part) && document_.value.at(part).contains(key);
  }

  void read_input(const base::Json& input) {
    const bool images = space_.task == Task::image_classification;
    for (const char* key : {"context", "image", "classes"}) {
      if (input.contains(key) && images == (std::string_view(key) == "context"))
        fail(std::string("/input/") + key, images ? "images have no context" : "a language model reads no images");
    }
    space_.input = default_input(space_.task);
    if (space_.vocabulary > 0) space_.input.vocabulary = space_.vocabulary;
    space_.input.context = input.value("context", space_.input.context);
    space_.input.classes = input.value("classes", space_.input.classes);
    if (!input.contains("image")) return;
    space_.input.channels = input.at("image")[0];
    space_.input.height = input.at("image")[1];
    space_.input.width = input.at("image")[2];
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
    for (const Group& group : space_.groups) {
      if (!uses(group, name)) continue;
      const std::vector<std::string> bound = group.bound_names();
      for (const std::string& needed : block::genes(program)) {
        if (std::find(bound.begin(), bound.end(), needed) == bound.end())
          fail("/layers/bind", fmt::format("{}.block names {}, which is not bound; bound are {}", name, needed,
                                           base::join(bound, ", ")));
      }
    }
  }

  bool uses(const Group& group, const std::string& block) const {
    if (group.block_gene < 0) return group.block == block;
    const auto& values = gene(group.block_gene).values;
    return std::find(values.begin(), values.end(), base::Json(block)) != values.end();
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
