#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "space/coupling.hpp"
#include "space/describe.hpp"

namespace weft::space {
namespace {

using base::Json;

constexpr int kMaxAlternatives = 2000;
constexpr std::int64_t kMost = 1'000'000;

// A GBNF literal.
std::string literal(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '\n') {
      quoted += "\\n";
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string either_literal(const std::vector<std::string>& texts) {
  std::vector<std::string> parts;
  for (const std::string& text : texts) parts.push_back(literal(text));
  return parts.size() == 1 ? parts[0] : "(" + base::join(parts, " | ") + ")";
}

std::string rule_name(const std::string& gene) {
  std::string name = "gene-" + gene;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

class GrammarWriter {
 public:
  explicit GrammarWriter(const Space& space) : space_(space), coupling_(space, kMost), open_(program_gene(space)) {
    genome_.codes.assign(space.slots(), Genome::kInactive);
  }

  std::string run() {
    coupling_.each_global(genome_, [&] {
      if (static_cast<int>(alternatives_.size()) == kMaxAlternatives) {
        throw base::Error("space '" + space_.name +
                          "' couples too many genes by conditions for a grammar; use structured: none");
      }
      if (collect_allowed()) alternatives_.push_back(alternative());
    });
    if (alternatives_.empty()) throw base::Error("space '" + space_.name + "': its constraints allow no genome");
    std::string text =
        fmt::format("root ::= ({}){}\n", base::join(alternatives_, " |\n  "), open_ >= 0 ? " \"\\n\" program" : "");
    for (int gene = 0; gene < static_cast<int>(space_.genes.size()); ++gene) text += gene_rule(gene);
    return text + (any_open() ? program_rules() : "");
  }

 private:
  bool any_open() const {
    return std::any_of(space_.genes.begin(), space_.genes.end(), [](const Gene& gene) { return gene.open; });
  }

  std::string gene_rule(int index) const {
    const Gene& gene = space_.genes[static_cast<std::size_t>(index)];
    if (coupling_.is_coupled(index) || index == open_) return "";
    if (gene.open)
      return rule_name(gene.name) + " ::= \"\\\"\" ([^\"\\\\\\x00-\\x1F] | \"\\\\\" [\"\\\\n])* \"\\\"\"\n";
    std::vector<std::string> values;
    for (const Json& value : gene.values) values.push_back(value.dump());
    return fmt::format("{} ::= {}\n", rule_name(gene.name), either_literal(values));
  }

  // Under the globals that stand: which values each coupled per-layer gene may take. False where a layer has none.
  bool collect_allowed() {
    allowed_.assign(space_.genes.size(), {});
    for (const Coupling::Genes& part : coupling_.layer_parts()) {
      bool any = false;
      coupling_.each(genome_, part, [&] {
        any = true;
        for (const int gene : part)
          allowed_[static_cast<std::size_t>(gene)].insert(genome_.codes[space_.slot(gene, 0)]);
      });
      if (!any) return false;
    }
    return true;
  }

  std::string slot_text(int index) const {
    const Gene& gene = space_.genes[static_cast<std::size_t>(index)];
    if (!coupling_.is_coupled(index)) return rule_name(gene.name);
    std::vector<std::string> values;
    for (const std::int32_t code : allowed_[static_cast<std::size_t>(index)]) {
      values.push_back(code == Genome::kInactive ? "null" : gene.values[static_cast<std::size_t>(code)].dump());
    }
    return either_literal(values);
  }

  // A list of one value a layer; nothing where no layer has one.
  std::string list_text(int index) const {
    const auto& codes = allowed_[static_cast<std::size_t>(index)];
    if (coupling_.is_coupled(index) && codes.size() == 1 && *codes.begin() == Genome::kInactive) return "";
    const std::string slot = slot_text(index);
    const int depth = space_.depth(genome_);
    const std::string more = depth > 1 ? fmt::format(" (\",\" {}){{{}}}", slot, depth - 1) : "";
    return literal("[") + " " + slot + more + " " + literal("]");
  }

  // A list is, where its gene is inactive in all layers.
  bool may_be_left_out(int index) const {
    const auto& codes = allowed_[static_cast<std::size_t>(index)];
    return space_.genes[static_cast<std::size_t>(index)].per_layer && codes.contains(Genome::kInactive);
  }

  std::string alternative() const {
    std::string text = literal("{");
    bool first = true;
    for (int index = 0; index < static_cast<int>(space_.genes.size()); ++index) {
      if (index == open_) continue;
      const Gene& gene = space_.genes[static_cast<std::size_t>(index)];
      std::string value = rule_name(gene.name);
      if (gene.per_layer) {
        value = list_text(index);
      } else if (coupling_.is_coupled(index)) {
        const Json fixed = space_.value(genome_, index, 0);
        value = fixed.is_null() ? "" : literal(fixed.dump());
      }
      if (value.empty()) continue;
      const std::string item = literal(fmt::format("{}\"{}\":", first ? "" : ",", gene.name)) + " " + value;
      text += may_be_left_out(index) ? " (" + item + ")?" : " " + item;
      first = false;
    }
    return text + " " + literal("}");
  }

  // The syntax of the block language with the space's names; shapes are checked afterwards.
  std::string program_rules() const {
    std::vector<std::string> genes;
    for (const auto& [name, value] : space_.open_group().bind) {
      if (!value.is_boolean()) genes.push_back(name);
    }
    std::string text =
        "program ::= \"def block(x):\\n\" statement{1,12} \"    return \" sum \"\\n\"\n"
        "statement ::= \"    \" (name \" = \" sum | name \", \" name \" = split(\" value \", 2)\") \"\\n\"\n"
        "name ::= [a-z]\n"
        "sum ::= product ((\" + \" | \" - \") product){0,3}\n"
        "product ::= (factor \" * \")? item (\" * \" item)?\n"
        "item ::= value | \"(\" pair \")\"\n"
        "pair ::= value (\" + \" | \" - \" | \" * \") value\n"
        "argument ::= value | pair\n"
        "factor ::= [0-9] | \"0.\" [0-9] [0-9]?\n"
        "value ::= name | call\n"
        "flag ::= \"true\" | \"false\"\n";
    text += "width ::= ([2-8] \" * \")? gene (\" * \" gene)? | gene \" // \" [2-4]\n";
    text += "gene ::= " + either_literal(genes) + "\n";
    std::vector<std::string> calls;
    for (const block::Op* op : space_.program_ops()) {
      if (op->name != "split" && op->name != "pick") calls.push_back(call_rule(*op));
    }
    return text + "call ::= " + base::join(calls, " |\n  ") + "\n";
  }

  static std::string call_rule(const block::Op& op) {
    std::string text = literal(fmt::format("{}(", op.name));
    if (op.max_inputs > op.min_inputs) {
      text += fmt::format(" argument (\", \" argument){{{},{}}}", op.min_inputs - 1, op.max_inputs - 1);
    } else {
      text += " argument";
      for (int i = 1; i < op.min_inputs; ++i) text += " \", \" argument";
    }
    for (const block::Attribute& attribute : op.attributes) text += " " + attribute_rule(op, attribute);
    return text + " \")\"";
  }

  static std::string attribute_rule(const block::Op& op, const block::Attribute& attribute) {
    const bool needed = std::isnan(attribute.fallback);
    std::string value = attribute.kind == block::Attribute::Kind::flag   ? "flag"
                        : attribute.kind == block::Attribute::Kind::real ? "factor"
                                                                         : "[0-9]{1,3}";
    if (op.name == "linear" && attribute.name == "width") value = "width";
    if (attribute.name == "heads") value = "(gene | [1-8])";
    const std::string text = literal(attribute.positional ? ", " : fmt::format(", {}=", attribute.name)) + " " + value;
    return needed ? text : "(" + text + ")?";
  }

  const Space& space_;
  Coupling coupling_;
  int open_;
  Genome genome_;
  std::vector<std::set<std::int32_t>> allowed_;
  std::vector<std::string> alternatives_;
};

}  // namespace

std::string grammar(const Space& space) {
  return GrammarWriter(space).run();
}

}  // namespace weft::space
