#include "space/space.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weft::space {

std::string Gene::foreign_op(const block::Program& program) const {
  if (ops.empty()) return "";
  for (const block::Site& site : program.sites) {
    if (std::find(ops.begin(), ops.end(), site.op) != ops.end()) continue;
    std::vector<std::string> known;
    for (const block::Op* op : ops) known.emplace_back(op->name);
    return fmt::format("programs of '{}' have no op '{}'; they have {}", name, site.op->name, base::join(known, ", "));
  }
  return "";
}

std::vector<std::string> Group::bound_names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : bind) names.push_back(name);
  for (const auto& [name, formula] : let) names.push_back(name);
  return names;
}

void Space::lay_out() {
  offsets_.clear();
  by_name_.clear();
  slots_ = 0;
  for (std::size_t i = 0; i < genes.size(); ++i) by_name_.push_back(static_cast<int>(i));
  std::sort(by_name_.begin(), by_name_.end(), [&](int a, int b) {
    return genes[static_cast<std::size_t>(a)].name < genes[static_cast<std::size_t>(b)].name;
  });
  for (const Gene& gene : genes) {
    offsets_.push_back(slots_);
    slots_ += gene.per_layer ? static_cast<std::size_t>(max_depth) : 1;
  }
}

int Space::gene_index(std::string_view gene) const {
  for (std::size_t i = 0; i < genes.size(); ++i) {
    if (genes[i].name == gene) return static_cast<int>(i);
  }
  return -1;
}

std::string Space::unused_gene() const {
  std::vector<bool> used(genes.size(), false);
  const auto mark = [&](const std::vector<int>& list) {
    for (const int gene : list) {
      if (static_cast<std::size_t>(gene) < used.size()) used[static_cast<std::size_t>(gene)] = true;
    }
  };
  if (depth_gene >= 0) mark({depth_gene});
  if (position_gene >= 0) mark({position_gene});
  for (const Group& group : groups) {
    for (const auto& [bound, formula] : group.let) mark(formula.genes());
    if (group.block_gene >= 0) mark({group.block_gene});
    for (const auto& [bound, value] : group.bind) {
      if (value.is_string()) mark({gene_index(value.get_ref<const std::string&>())});
    }
  }
  for (const Condition& condition : require) mark(condition.genes());
  for (const Gene& gene : genes) {
    if (gene.when) mark(gene.when->genes());
  }
  const auto found = std::find(used.begin(), used.end(), false);
  return found == used.end() ? "" : genes[static_cast<std::size_t>(found - used.begin())].name;
}

int Space::depth(const Genome& genome) const {
  if (depth_gene < 0) return fixed_depth;
  const auto code = static_cast<std::size_t>(genome.codes[slot(depth_gene, 0)]);
  return fixed_depth + genes[static_cast<std::size_t>(depth_gene)].values[code].get<int>();
}

const Group& Space::group(const Genome& genome, int layer) const {
  for (const Group& one : groups) {
    layer -= one.counted ? depth(genome) - fixed_depth : one.count;
    if (layer < 0) return one;
  }
  return groups.back();
}

const Group& Space::open_group() const {
  const auto found = std::find_if(groups.begin(), groups.end(), [&](const Group& one) {
    return one.block_gene >= 0 && genes[static_cast<std::size_t>(one.block_gene)].open;
  });
  return found == groups.end() ? groups.front() : *found;
}

std::vector<const block::Op*> Space::program_ops() const {
  std::vector<const block::Op*> list = block::callable_ops(place());
  const int index = open_group().block_gene;
  if (index < 0) return list;
  const std::vector<const block::Op*>& allowed = genes[static_cast<std::size_t>(index)].ops;
  std::erase_if(list, [&](const block::Op* op) {
    return !allowed.empty() && std::find(allowed.begin(), allowed.end(), op) == allowed.end();
  });
  return list;
}

const Scalar* Space::scalar(const Genome& genome, int gene, int layer) const {
  const std::int32_t code = genome.codes[slot(gene, layer)];
  const Gene& row = genes[static_cast<std::size_t>(gene)];
  return code == Genome::kInactive || row.open ? nullptr : &row.scalars[static_cast<std::size_t>(code)];
}

base::Json Space::value(const Genome& genome, int gene, int layer) const {
  const std::int32_t code = genome.codes[slot(gene, layer)];
  if (code == Genome::kInactive) return nullptr;
  const Gene& row = genes[static_cast<std::size_t>(gene)];
  if (row.open) return genome.programs[static_cast<std::size_t>(code)]->text;
  return row.values[static_cast<std::size_t>(code)];
}

bool Space::holds(const Condition& condition, const Genome& genome, int layer) const {
  return condition.holds([&](int gene) { return scalar(genome, gene, layer); }).value_or(true);
}

bool Space::layered(const Condition& condition) const {
  const std::vector<int> named = condition.genes();
  return std::any_of(named.begin(), named.end(),
                     [&](int gene) { return genes[static_cast<std::size_t>(gene)].per_layer; });
}

bool Space::holds(const Condition& condition, const Genome& genome) const {
  const int layers = layered(condition) ? depth(genome) : 1;
  for (int layer = 0; layer < layers; ++layer) {
    if (!holds(condition, genome, layer)) return false;
  }
  return true;
}

bool Space::active(int gene, const Genome& genome, int layer) const {
  const auto& when = genes[static_cast<std::size_t>(gene)].when;
  return !when || when->holds([&](int other) { return scalar(genome, other, layer); }).value_or(false);
}

std::shared_ptr<const ProgramText> Space::seed(int gene, std::size_t index) const {
  return seeds_.at(genes[static_cast<std::size_t>(gene)].values.at(index).get<std::string>());
}

std::shared_ptr<const ProgramText> make_text(block::Program program) {
  auto made = std::make_shared<ProgramText>();
  made->text = block::print(program);
  made->id = block::id_of_text(made->text);
  program.statements = block::count_statements(made->text);
  made->program = std::move(program);
  return made;
}

block::Checked<std::shared_ptr<const ProgramText>> program_text(std::string_view text, const std::string& name) {
  auto program = block::parse(text, name);
  if (!program) return tl::unexpected(program.error());
  return make_text(std::move(*program));
}

}  // namespace weft::space
