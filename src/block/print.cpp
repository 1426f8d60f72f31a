#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "block/ops/rows.hpp"
#include "block/program.hpp"

namespace weft::block {
namespace {

constexpr std::size_t kLine = 64;  // a longer expression becomes a statement of its own

// "width=3"; nothing where the attribute has its default.
std::string attribute_text(const Site& site, std::size_t index) {
  const Attribute& attribute = site.op->attributes[index];
  if (site.attributes[index].is_number(attribute.fallback)) return {};
  std::string value = value_text(attribute, site.attributes[index]);
  return attribute.positional ? value : std::string(attribute.name) + "=" + value;
}

// Writes each site that is used once into its user's expression where that stays short, the others as statements.
class Printer {
 public:
  /// Cells that the program scans are added to `cells`, unless one of the same text stands there.
  Printer(const Program& program, std::vector<std::string>& cells)
      : program_(program), cells_(cells), uses_(program.sites.size(), 0) {
    first_name_.reserve(program.sites.size());
    std::size_t outputs = 0;
    for (const Site& site : program.sites) {
      for (const Value& input : site.inputs) count(input);
      first_name_.push_back(outputs);
      outputs += static_cast<std::size_t>(site.outputs);
    }
    count(program.result);
    names_.resize(outputs);
  }

  // The lines below `def`.
  std::string run() {
    std::string text;
    for (std::size_t i = 0; i < program_.sites.size(); ++i) {
      const Site& site = program_.sites[i];
      std::string expression;
      write_call(site, expression);
      const bool named = uses_[i] > 1 || site.outputs > 1 || expression.size() > kLine;
      if (!named || is_result(i)) {
        names_[first_name_[i]] = std::move(expression);
        continue;
      }
      for (int k = 0; k < site.outputs; ++k) {
        std::string& name = names_[first_name_[i] + static_cast<std::size_t>(k)];
        name = next_name();
        (text += k > 0 ? ", " : "    ") += name;
      }
      ((text += " = ") += expression) += '\n';
    }
    text += "    return ";
    write(program_.result, text);
    return text += '\n';
  }

 private:
  void count(const Value& value) {
    if (value.site >= 0) ++uses_[static_cast<std::size_t>(value.site)];
  }

  bool is_result(std::size_t i) const {
    return program_.result.site == static_cast<int>(i) && uses_[i] == 1 && program_.sites[i].outputs == 1;
  }

  std::string next_name() {
    static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwyz";
    const std::size_t index = next_++;
    std::string name(1, kLetters[index % kLetters.size()]);
    return index < kLetters.size() ? name : name + std::to_string(index / kLetters.size());
  }

  void write(const Value& value, std::string& text) const {
    text += value.site < 0
                ? input_name(value.output)
                : names_[first_name_[static_cast<std::size_t>(value.site)] + static_cast<std::size_t>(value.output)];
  }

  // An inlined operand in parentheses where the infix text around it would bind tighter.
  void write_grouped(const Value& value, bool product, bool right, std::string& text) const {
    const bool wrap = is_infix(value) && (right || (product && site(value).op->symbol != "*"));
    if (wrap) text += '(';
    write(value, text);
    if (wrap) text += ')';
  }

  bool is_infix(const Value& value) const {
    if (value.site < 0 || site(value).op->symbol.empty()) return false;
    const auto index = static_cast<std::size_t>(value.site);
    return uses_[index] == 1 && names_[first_name_[index]].find(' ') != std::string::npos;
  }

  const Site& site(const Value& value) const { return program_.sites[static_cast<std::size_t>(value.site)]; }

  void write_call(const Site& site, std::string& text) {
    if (site.op == &rows::states()) return write_inputs(site, text);
    if (site.op == &rows::times()) {
      text += factor(site.attributes[0]) + " * ";
      write_grouped(site.inputs[0], true, true, text);
    } else if (site.op == &rows::plus()) {
      write_grouped(site.inputs[0], false, false, text);
      text += " + " + factor(site.attributes[0]);
    } else if (!site.op->symbol.empty()) {
      const bool product = site.op == &rows::multiply();
      write_grouped(site.inputs[0], product, false, text);
      ((text += ' ') += site.op->symbol) += ' ';
      write_grouped(site.inputs[1], product, true, text);
    } else {
      (text += site.op->name) += '(';
      if (site.body != nullptr) text += cell_name(*site.body) + ", ";
      write_inputs(site, text);
      for (std::size_t i = 0; i < site.attributes.size(); ++i) {
        if (const std::string attribute = attribute_text(site, i); !attribute.empty()) (text += ", ") += attribute;
      }
      text += ')';
    }
  }

  void write_inputs(const Site& site, std::string& text) const {
    for (std::size_t i = 0; i < site.inputs.size(); ++i) {
      if (i > 0) text += ", ";
      write(site.inputs[i], text);
    }
  }

  static std::string input_name(int input) { return input == 0 ? "x" : "h_" + std::to_string(input - 1); }

  // cell, cell_2, ... in the order of their first use.
  std::string cell_name(const Program& cell) {
    std::string text;
    for (std::size_t i = 0; i < cell.sites.back().inputs.size(); ++i)
      text += ", " + input_name(static_cast<int>(i) + 1);
    text = "(x" + text + "):\n" + Printer(cell, cells_).run();
    const auto found = std::find(cells_.begin(), cells_.end(), text);
    const auto index = found - cells_.begin();
    if (found == cells_.end()) cells_.push_back(std::move(text));
    return index == 0 ? "cell" : fmt::format("cell_{}", index + 1);
  }

  static std::string factor(const Expression& expression) {
    const bool plain = expression.kind == Expression::Kind::number || expression.kind == Expression::Kind::gene;
    return plain ? expression.text() : "(" + expression.text() + ")";
  }

  const Program& program_;
  std::vector<std::string>& cells_;
  std::vector<int> uses_;
  std::vector<std::size_t> first_name_;  // of each site, among the names
  std::vector<std::string> names_;       // of every output; the whole expression where it is inlined
  std::size_t next_ = 0;
};

}  // namespace

std::string print(const Program& program) {
  std::vector<std::string> cells;
  const std::string block = "def block(x):\n" + Printer(program, cells).run();
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i)
    text += (i == 0 ? "def cell" : fmt::format("def cell_{}", i + 1)) + cells[i] + "\n";
  return text + block;
}

std::vector<std::string> attribute_texts(const Site& site) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < site.attributes.size(); ++i) {
    if (std::string text = attribute_text(site, i); !text.empty()) texts.push_back(std::move(text));
  }
  return texts;
}

std::string value_text(const Attribute& attribute, const Expression& value) {
  const bool flag = attribute.kind == Attribute::Kind::flag;
  return flag && value.is_number(1) ? "true" : flag && value.is_number(0) ? "false" : value.text();
}

int count_statements(std::string_view canonical_text) {
  const std::vector<std::string> lines = base::split_lines(canonical_text);
  return static_cast<int>(
      std::count_if(lines.begin(), lines.end(), [](const std::string& line) { return line.starts_with("    "); }));
}

std::string id(const Program& program) {
  return id_of_text(print(program));
}

std::string id_of_text(std::string_view canonical_text) {
  return "b1-" + base::short_hash(canonical_text);
}

std::vector<std::string> genes(const Program& program) {
  std::vector<std::string> names;
  for (const Site& site : program.sites) {
    for (const Expression& attribute : site.attributes) attribute.collect_genes(names);
    if (site.body == nullptr) continue;
    std::vector<std::string> within = genes(*site.body);
    std::erase(within, kCellWidth);
    names.insert(names.end(), within.begin(), within.end());
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::size_t size(const Program& program) {
  std::size_t count = program.sites.size();
  for (const Site& site : program.sites) count += site.body ? size(*site.body) : 0;
  return count;
}

Diagnostic Program::error(const Site* site, const std::string& message) const {
  Diagnostic error{message, name, site == nullptr ? 1 : site->line, site == nullptr ? 1 : site->column, {}};
  const auto index = static_cast<std::size_t>(error.line - 1);
  if (error.line > 0 && index < source_lines.size()) error.source_line = source_lines[index];
  return error;
}

}  // namespace weft::block
