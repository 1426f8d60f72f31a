// The same program in other words: what parse() must put back into one canonical form.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/text.hpp"
#include "block/program.hpp"

namespace weft::test {

/// Writes a program as source with random names, a random order of independent statements, commuting operands swapped,
/// values inlined or named, pure calls written again, dead code, and white space.
class Rewriter {
 public:
  Rewriter(const block::Program& program, base::Random& random)
      : program_(program), random_(random), names_(program.sites.size()), uses_(program.sites.size(), 0) {
    for (const block::Site& site : program.sites) {
      for (const block::Value& input : site.inputs) count(input);
    }
    count(program.result);
  }

  std::string run() {
    text_ = "def " + name() + "(" + input_ + "):" + gap() + "\n";
    std::vector<std::size_t> left(program_.sites.size());
    for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
    while (!left.empty()) {
      const std::size_t pick = random_.below(left.size());
      if (!ready(left[pick])) continue;
      write(left[pick]);
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(pick));
    }
    text_ += "  return " + operand(program_.result) + gap() + "\n";
    return text_;
  }

 private:
  using Kind = block::Expression::Kind;

  void count(const block::Value& value) {
    if (value.site >= 0) ++uses_[static_cast<std::size_t>(value.site)];
  }
  bool ready(std::size_t index) const {
    const auto& inputs = program_.sites[index].inputs;
    return std::all_of(inputs.begin(), inputs.end(), [&](const block::Value& value) {
      return value.site < 0 || !names_[static_cast<std::size_t>(value.site)].empty();
    });
  }

  std::string name() { return std::string(1, "abcdefgh_"[random_.below(9)]) + std::to_string(next_++); }
  std::string gap() {
    static const std::vector<std::string> kGaps{"", "", " ", "  # words (and more"};
    return random_.pick(kGaps);
  }
  void statement(const std::string& left, const std::string& right) {
    text_ += "  " + left + (random_.chance(0.5) ? " = " : "=") + right + gap() + "\n";
    if (random_.chance(0.1)) text_ += "\n      # a comment\n";
    if (random_.chance(0.1)) text_ += "  " + name() + " = linear(" + left.substr(0, left.find(',')) + ", 99999999)\n";
  }

  void write(std::size_t index) {
    const block::Site& site = program_.sites[index];
    if (site.outputs > 1) {
      std::string left;
      for (int i = 0; i < site.outputs; ++i) {
        names_[index].push_back(name());
        left += (i > 0 ? ", " : "") + names_[index].back();
      }
      statement(left, call(site));
    } else if (uses_[index] == 1 && random_.chance(0.4)) {
      const std::string inlined = "(" + call(site) + ")";
      names_[index] = {inlined};
      if (std::count(inlined.begin(), inlined.end(), '(') > 12) assign(index, inlined);
    } else {
      assign(index, call(site));
    }
  }
  void assign(std::size_t index, const std::string& expression) {
    names_[index] = {name()};
    statement(names_[index][0], expression);
  }

  std::string operand(const block::Value& value) {
    if (value.site < 0) return input_;
    const auto index = static_cast<std::size_t>(value.site);
    const block::Site& site = program_.sites[index];
    if (!(site.op->pure(site.attributes) && site.outputs == 1 && random_.chance(0.05) && all_named(site)))
      return names_[index][static_cast<std::size_t>(value.output)];
    const std::string again = name();  // the same call once more
    statement(again, call(site));
    return again;
  }

  // An inlined input must not be written twice: it may have parameters.
  bool all_named(const block::Site& site) const {
    return std::all_of(site.inputs.begin(), site.inputs.end(), [&](const block::Value& input) {
      return input.site < 0 || names_[static_cast<std::size_t>(input.site)][0].front() != '(';
    });
  }

  std::string call(const block::Site& site) {
    if (site.op->name == "times" || site.op->name == "plus") {
      const std::string number = "(" + expression(site.attributes[0]) + ")",
                        tensor = "(" + operand(site.inputs[0]) + ")";
      const std::string symbol(site.op->symbol);
      return random_.chance(0.5) ? number + symbol + tensor : tensor + " " + symbol + " " + number;
    }
    std::vector<std::string> inputs;
    for (const block::Value& input : site.inputs) inputs.push_back(operand(input));
    if (!site.op->symbol.empty()) {
      if (site.op->commutative && random_.chance(0.5)) std::swap(inputs[0], inputs[1]);
      return "(" + inputs[0] + ") " + std::string(site.op->symbol) + " (" + inputs[1] + ")";
    }
    return std::string(site.op->name) + "(" + base::join(inputs, ",") + attributes(site) + ")";
  }

  // Some by place, then the rest by name in any order, defaults written or not.
  std::string attributes(const block::Site& site) {
    std::string text;
    const std::size_t by_place = random_.below(site.attributes.size() + 1);
    std::vector<std::string> named;
    for (std::size_t i = 0; i < site.attributes.size(); ++i) {
      if (i < by_place) {
        text += ", " + expression(site.attributes[i]);
      } else if (!site.attributes[i].is_number(site.op->attributes[i].fallback) || random_.chance(0.3)) {
        named.push_back(std::string(site.op->attributes[i].name) + "=" + expression(site.attributes[i]));
      }
    }
    random_.shuffle(named);
    for (const std::string& one : named) text += ", " + one;
    return text;
  }

  std::string expression(const block::Expression& e) {
    if (e.kind == Kind::number) return base::number_text(e.number);
    if (e.kind == Kind::gene) return e.parts->gene;
    const char* symbol = e.kind == Kind::add        ? "+"
                         : e.kind == Kind::subtract ? "-"
                         : e.kind == Kind::multiply ? "*"
                                                    : "//";
    std::string left = expression(e.parts->operands[0]), right = expression(e.parts->operands[1]);
    const bool commutes = e.kind == Kind::add || e.kind == Kind::multiply;
    if (commutes && random_.chance(0.5)) std::swap(left, right);
    return "(" + left + ")" + symbol + "(" + right + ")";
  }

  const block::Program& program_;
  base::Random& random_;
  std::vector<std::vector<std::string>> names_;
  std::vector<int> uses_;
  std::string text_, input_ = "input0";
  int next_ = 0;
};

}  // namespace weft::test
