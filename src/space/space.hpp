// A search space: genes, constraints, and the architecture that they decode to. Read from YAML, then only read: any
// thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/json.hpp"
#include "block/program.hpp"
#include "space/architecture.hpp"
#include "space/condition.hpp"
#include "space/text_form.hpp"

namespace weft::space {

/// One named choice.
struct Gene {
  std::string name;
  std::string description;
  bool per_layer = false;
  bool open = false;                       ///< any valid block program; `values` then names the seeds
  std::vector<base::Json> values;          ///< the domain: numbers, texts or booleans
  std::vector<Scalar> scalars;             ///< the same, for conditions
  std::vector<std::string> texts;          ///< the same, as canonical JSON
  std::optional<Condition> when;           ///< inactive where this does not hold
  std::vector<const block::Op*> ops = {};  ///< that an open gene's programs may use; empty: all

  /// What is wrong with a program of an open gene: an op that the gene does not list. Empty where nothing is.
  std::string foreign_op(const block::Program& program) const;
};

/// The text of an open gene's program: canonical, checked for syntax.
struct ProgramText {
  block::Program program;
  std::string text, id;
};

/// One assignment of all genes, packed: a slot for each global gene, and one a layer for each per-layer gene. A slot
/// holds an index into the gene's domain (for an open gene into `programs`), or kInactive.
struct Genome {
  static constexpr std::int32_t kInactive = -1;
  std::vector<std::int32_t> codes;
  std::vector<std::shared_ptr<const ProgramText>> programs;
};

/// Layers that share where their block comes from and what its names mean.
struct Group {
  int count = 1;                           ///< how many, where no gene counts them
  bool counted = false;                    ///< the space's depth gene does
  int block_gene = -1;                     ///< index of the gene that chooses the block, or -1
  std::string block;                       ///< the block where no gene chooses it
  std::map<std::string, base::Json> bind;  ///< a name in capitals → a gene's name, a number or a boolean
  /// Names that follow by arithmetic, in order. Behind the genes, `let_names` counts the names that a formula may use.
  std::vector<std::pair<std::string, Condition>> let;
  std::vector<std::string> let_names;

  /// Every name that the group's programs may use.
  std::vector<std::string> bound_names() const;
};

struct Limits {
  std::int64_t params = 0, flops = 0, activations = 0;  ///< 0: none; activations in bytes for one example
  int statements = 60;
};

class Listing;

class Space {
 public:
  std::string name, description;
  Task task = Task::language_model;
  bool causal = true;
  std::vector<Gene> genes;
  TextForm text;  ///< the space's own notation, where it has one
  std::vector<Condition> require;
  std::vector<Group> groups;                     ///< of layers, one after the other
  std::map<std::string, block::Program> blocks;  ///< every closed program and seed, by name
  int position_gene = -1;                        ///< index of the flag gene that adds learned positions, or -1
  int depth_gene = -1;                           ///< index of the gene that counts the layers of a group, or -1
  int fixed_depth = 0;                           ///< layers of the other groups
  int max_depth = 0;
  std::int64_t vocabulary = 0;  ///< 0: as the data has it
  Ends ends;
  Input input;  ///< what the space was made for
  Limits limits;
  std::shared_ptr<const Listing> listing;  ///< the genomes that a search is confined to; null: all
  bool autoformer_bias = false;            ///< a compatibility flag, see the schema

  /// Reads `search_spaces/<name>.yaml` or a path; relative block files are looked for beside it. Throws Error with the
  /// line.
  static Space load(const std::string& name, const base::fs::path& beside = {});
  /// What load() read, as one value that from_snapshot() turns into the same space without any file.
  const base::Json& snapshot() const { return snapshot_; }
  static Space from_snapshot(const base::Json& snapshot);

  /// Whether blocks see an image rather than a sequence.
  bool images() const { return task == Task::image_classification && ends.patch == 0; }
  /// Where blocks stand.
  block::Place place() const { return {.causal = causal, .grid = ends.patch > 0}; }
  int gene_index(std::string_view name) const;
  /// The genes in the order of their names.
  const std::vector<int>& by_name() const { return by_name_; }
  /// The first gene that neither the layers nor a condition name; empty where there is none.
  std::string unused_gene() const;
  std::size_t slots() const { return slots_; }
  /// The slot of a gene in a layer (0 for a global gene).
  std::size_t slot(int gene, int layer) const {
    const auto index = static_cast<std::size_t>(gene);
    return offsets_[index] + (genes[index].per_layer ? static_cast<std::size_t>(layer) : 0);
  }
  int depth(const Genome& genome) const;
  /// The group of a layer.
  const Group& group(const Genome& genome, int layer) const;
  /// The first group whose block is an open gene's, or the first of all: what its names mean is told to who writes
  /// programs.
  const Group& open_group() const;
  /// The ops that its programs may call by name.
  std::vector<const block::Op*> program_ops() const;
  /// Layers that a gene of this scope has in this genome: its depth, or 1.
  int copies(int gene, const Genome& genome) const {
    return genes[static_cast<std::size_t>(gene)].per_layer ? depth(genome) : 1;
  }
  /// Slots that every genome has for it.
  int most_copies(int gene) const { return genes[static_cast<std::size_t>(gene)].per_layer ? max_depth : 1; }
  /// A gene's value for a condition, or null where inactive.
  const Scalar* scalar(const Genome& genome, int gene, int layer) const;
  base::Json value(const Genome& genome, int gene, int layer) const;
  /// Whether the condition names a per-layer gene.
  bool layered(const Condition& condition) const;
  /// Whether the condition holds in every layer; a condition on an inactive gene does.
  bool holds(const Condition& condition, const Genome& genome) const;
  bool holds(const Condition& condition, const Genome& genome, int layer) const;
  /// Whether the gene's own condition holds in this layer.
  bool active(int gene, const Genome& genome, int layer) const;
  /// The seed programs of an open gene.
  std::shared_ptr<const ProgramText> seed(int gene, std::size_t index) const;

  friend class SpaceReader;

 private:
  void lay_out();
  std::vector<std::size_t> offsets_;
  std::vector<int> by_name_;
  std::size_t slots_ = 0;
  std::map<std::string, std::shared_ptr<const ProgramText>> seeds_;
  base::Json snapshot_;
};

/// The canonical text of a program, with its number of statements.
std::shared_ptr<const ProgramText> make_text(block::Program program);
/// A genome's program text, parsed and put in canonical form.
block::Checked<std::shared_ptr<const ProgramText>> program_text(std::string_view text, const std::string& name);

}  // namespace weft::space
