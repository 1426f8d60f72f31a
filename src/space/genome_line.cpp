#include "space/genome_line.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "space/decode.hpp"
#include "space/describe.hpp"

namespace weft::space {
namespace {

constexpr int kSteps = 20'000;  // values that are tried for one line

// Value by value, held against the text that is there.
class LineSearch {
 public:
  LineSearch(const Space& space, const Input& input, std::string_view given)
      : space_(space), input_(input), given_(given) {
    genome_.codes.assign(space.slots(), Genome::kInactive);
  }

  std::optional<GenomeLine> run() {
    const int depth = space_.depth_gene;
    const auto found = [&] { return GenomeLine{std::move(line_), std::move(genome_)}; };
    if (depth < 0) return genes() ? std::optional(found()) : std::nullopt;
    const auto values = space_.genes[static_cast<std::size_t>(depth)].values.size();
    for (std::size_t code = 0; code < values; ++code) {  // it says how long the lists are
      genome_.codes[space_.slot(depth, 0)] = static_cast<std::int32_t>(code);
      if (genes()) return found();
    }
    return std::nullopt;
  }

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
    if (index == static_cast<int>(space_.genes.size())) return add("}\n", [&] { return decodes(); });
    const Gene& row = space_.genes[static_cast<std::size_t>(index)];
    if (row.open && !row.per_layer) return gene(index + 1);
    const int copies = space_.copies(index, genome_);
    bool active = false;
    for (int layer = 0; layer < copies; ++layer) active = active || space_.active(index, genome_, layer);
    if (!active) return gene(index + 1);
    const std::string begin =
        fmt::format("{}\"{}\":{}", line_.size() > 1 ? "," : "", row.name, row.per_layer ? "[" : "");
    if (row.open) return add(begin + '"', [&] { return decodes(); });
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

  bool decodes() const { return decode(space_, with_programs(space_, genome_, {}), input_).has_value(); }

  const Space& space_;
  const Input& input_;
  std::string_view given_;
  Genome genome_;
  std::string line_;
  int steps_ = 0;
};

}  // namespace

std::optional<GenomeLine> find_line(const Space& space, const Input& input, std::string_view given) {
  return LineSearch(space, input, given).run();
}

const std::shared_ptr<const ProgramText>& identity() {
  static const auto kProgram = make_text(*block::parse("def block(x):\n    return x\n", "identity"));
  return kProgram;
}

int count_programs(const Space& space, const Genome& genome) {
  return space.copies(open_gene(space), genome);
}

Genome with_programs(const Space& space, const Genome& genome,
                     std::vector<std::shared_ptr<const ProgramText>> programs) {
  Genome whole = genome;
  const int open = open_gene(space), count = count_programs(space, genome);
  programs.push_back(identity());
  const auto last = static_cast<std::int32_t>(programs.size()) - 1;
  whole.programs = std::move(programs);
  for (int i = 0; i < count; ++i) whole.codes[space.slot(open, i)] = std::min(i, last);
  return whole;
}

}  // namespace weft::space
