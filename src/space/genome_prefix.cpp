#include "space/genome_prefix.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"

namespace weft::space {
namespace {

using base::Json;

constexpr int kSteps = 20'000;  // values that are tried for one line

Genome with_program(const Space& space, const Genome& genome, const block::Program& program) {
  Genome whole = genome;
  whole.programs = {make_text(program)};
  whole.codes[space.slot(program_gene(space), 0)] = 0;
  return whole;
}

const block::Program& identity() {
  static const block::Program kProgram = *block::parse("def block(x):\n    return x\n", "identity");
  return kProgram;
}

// The JSON of the closed genes as genome_form() writes it, value by value, held against the text that is there.
class LineSearch {
 public:
  LineSearch(const Space& space, const Input& input, std::string_view given)
      : space_(space), input_(input), given_(given) {
    genome_.codes.assign(space.slots(), Genome::kInactive);
  }

  /// The whole line, or nothing where none begins so.
  std::optional<std::string> run() {
    const int depth = space_.depth_gene;
    if (depth < 0) return genes() ? std::optional(line_) : std::nullopt;
    const auto values = space_.genes[static_cast<std::size_t>(depth)].values.size();
    for (std::size_t code = 0; code < values; ++code) {  // it says how long the lists are
      genome_.codes[space_.slot(depth, 0)] = static_cast<std::int32_t>(code);
      if (genes()) return line_;
    }
    return std::nullopt;
  }
  const Genome& genome() const { return genome_; }

 private:
  bool genes() {
    line_.clear();
    return add("{", [&] { return gene(0); });
  }

  template <class Then>
  bool add(const std::string& text, Then then) {
    const std::size_t size = line_.size(),
                      shared = std::min(text.size(), given_.size() - std::min(size, given_.size()));
    if (given_.compare(std::min(size, given_.size()), shared, text, 0, shared) != 0) return false;
    line_ += text;
    if (then()) return true;
    line_.resize(size);
    return false;
  }

  bool gene(int index) {
    if (index == static_cast<int>(space_.genes.size())) return add("}", [&] { return finished(); });
    const Gene& row = space_.genes[static_cast<std::size_t>(index)];
    if (row.open) return gene(index + 1);
    const int copies = space_.copies(index, genome_);
    bool active = false;
    for (int layer = 0; layer < copies; ++layer) active = active || space_.active(index, genome_, layer);
    if (!active) return gene(index + 1);
    const std::string begin =
        fmt::format("{}\"{}\":{}", line_.size() > 1 ? "," : "", row.name, row.per_layer ? "[" : "");
    return add(begin, [&] { return slot(index, 0, copies); });
  }

  bool slot(int index, int layer, int copies) {
    const Gene& row = space_.genes[static_cast<std::size_t>(index)];
    if (layer == copies) return row.per_layer ? add("]", [&] { return gene(index + 1); }) : gene(index + 1);
    const std::string comma = layer > 0 ? "," : "";
    const auto next = [&] { return slot(index, layer + 1, copies); };
    if (!space_.active(index, genome_, layer)) return add(comma + "null", next);
    std::int32_t& code = genome_.codes[space_.slot(index, layer)];
    const std::int32_t before = code;
    for (std::size_t i = 0; i < row.values.size(); ++i) {
      if (index == space_.depth_gene && static_cast<std::int32_t>(i) != before) continue;
      if (++steps_ > kSteps) break;
      code = static_cast<std::int32_t>(i);
      if (holds() && add(comma + row.values[i].dump(), next)) return true;
    }
    code = before;
    return false;
  }

  // Conditions on genes that have no value yet hold.
  bool holds() const {
    return std::all_of(space_.require.begin(), space_.require.end(),
                       [&](const Condition& condition) { return space_.holds(condition, genome_); });
  }

  bool finished() const {
    return line_.size() >= given_.size() &&
           decode(space_, with_program(space_, genome_, identity()), input_).has_value();
  }

  const Space& space_;
  const Input& input_;
  std::string_view given_;
  Genome genome_;
  std::string line_;
  int steps_ = 0;
};

}  // namespace

block::Prefix::Setting setting_of(const Space& space, const Genome& genome, const Input& input) {
  block::Prefix::Setting setting;
  const int open = program_gene(space);
  for (int layer = 0; layer < space.depth(genome); ++layer) {
    block::Binding binding = bind_layer(space, genome, layer);
    if (space.group(genome, layer).block_gene == open &&
        std::find(setting.bindings.begin(), setting.bindings.end(), binding) == setting.bindings.end())
      setting.bindings.push_back(std::move(binding));
  }
  if (setting.bindings.empty()) setting.bindings.push_back(bind_layer(space, genome, 0));
  setting.input = {width_of(setting.bindings.front()), false};
  setting.place = space.place();
  setting.statements = space.limits.statements;
  setting.fits = [&space, genome, input](const block::Program& program) {
    return decode(space, with_program(space, genome, program), input).has_value();
  };
  return setting;
}

bool GenomePrefix::covers(const Space& space) {
  return program_gene(space) >= 0 && (space.task == Task::language_model || space.ends.patch > 0);
}

GenomePrefix::GenomePrefix(const Space& space, const Input& input) : space_(&space), input_(input) {
  if (!extend("")) throw base::Error("space '" + space.name + "': its constraints and limits allow no genome");
}

bool GenomePrefix::extend(std::string_view more) {
  if (program_) {
    if (!program_->extend(more)) return false;
    completion_ = program_->completion();
    return true;
  }
  const std::size_t end = more.find('\n');
  const std::string given = line_ + std::string(more.substr(0, end));
  LineSearch search(*space_, input_, given);
  const auto line = search.run();
  if (!line || (end != std::string_view::npos && *line != given)) return false;
  block::Prefix::Setting setting = setting_of(*space_, search.genome(), input_);
  setting.bounds = block::kPlain;
  block::Prefix program(std::make_shared<const block::Prefix::Setting>(std::move(setting)));
  if (end == std::string_view::npos) {
    line_ = given;
    completion_ = line->substr(given.size()) + "\n" + program.completion();
    return true;
  }
  if (!program.extend(more.substr(end + 1))) return false;
  line_ = given + "\n";
  completion_ = program.completion();
  program_ = std::move(program);
  return true;
}

std::string where_wrong(const Space& space, const Input& input, std::string_view reply) {
  constexpr std::size_t kWords = 12;  // that are named
  auto parts = GenomePrefix::covers(space) ? reply_parts(space, reply) : std::nullopt;
  if (!parts) return "";
  auto& [genes, program] = *parts;
  if (program.find("\ndef ") != std::string::npos) return "";  // sub-blocks are not followed
  genes[space.genes[static_cast<std::size_t>(program_gene(space))].name] = block::print(identity());
  const auto genome = from_json(space, genes);
  if (!genome || !decode(space, *genome, input)) return "";
  const block::Prefix prefix =
      block::viable(std::make_shared<const block::Prefix::Setting>(setting_of(space, *genome, input)), program);
  const std::string& text = prefix.text();
  if (text.size() == program.size()) return "";
  const std::size_t line = text.rfind('\n') + 1;  // 0 where there is none
  std::vector<std::string> words = prefix.next();
  for (std::string& word : words) word = word == "\n" ? "the end of the line" : word;
  if (words.size() > kWords) {
    words.resize(kWords);
    words.emplace_back("...");
  }
  return fmt::format(" (the program can be completed up to line {}, column {}: {}{})",
                     std::count(text.begin(), text.end(), '\n') + 1, text.size() - line + 1,
                     base::quote(text.substr(line)), words.empty() ? "" : ", then may come " + base::join(words, " "));
}

}  // namespace weft::space
