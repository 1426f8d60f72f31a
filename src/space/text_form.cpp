#include "space/text_form.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "space/space.hpp"

namespace weft::space {
namespace {

using Part = TextForm::Part;

std::string shown(const Part& part, const Gene& gene, std::size_t code) {
  if (part.place) return std::to_string(code);
  return gene.values[code].is_string() ? gene.values[code].get<std::string>() : gene.values[code].dump();
}

// What stands in braces, from which `at` goes on; an error is thrown as its text.
Part read_part(std::string_view given, std::size_t& at, const std::vector<Gene>& genes) {
  Part part;
  const std::size_t open = given.find('{', at), close = given.find('}', open);
  if (close == std::string_view::npos) throw std::string("'{' without '}'");
  part.before = given.substr(at, open - at);
  std::string name(given.substr(open + 1, close - open - 1));
  at = close + 1;
  part.place = name.ends_with(":place");
  if (part.place) name.resize(name.size() - 6);
  const auto found = std::find_if(genes.begin(), genes.end(), [&](const Gene& gene) { return gene.name == name; });
  if (found == genes.end()) throw "no gene " + base::quote(name);
  if (found->per_layer || found->open || found->when)
    throw fmt::format("gene '{}' must be global, closed and unconditional", name);
  part.gene = static_cast<std::size_t>(found - genes.begin());
  return part;
}

// Where a gene follows another without a text between, none of the first's values may begin another.
void check_border(const Part& part, const Part& next, const Gene& gene) {
  for (std::size_t a = 0; a < gene.values.size() && next.before.empty(); ++a) {
    for (std::size_t b = 0; b < gene.values.size(); ++b) {
      if (a != b && shown(part, gene, b).starts_with(shown(part, gene, a)))
        throw fmt::format("a text must stand after gene '{}': {} begins {}", gene.name, shown(part, gene, a),
                          shown(part, gene, b));
    }
  }
}

// The gene's value with which the text begins: the longest, where a value begins another.
std::size_t value_at(const Part& part, const Gene& gene, std::string_view rest) {
  std::size_t best = gene.values.size(), length = 0;
  for (std::size_t code = 0; code < gene.values.size(); ++code) {
    const std::string value = shown(part, gene, code);
    if (!rest.starts_with(value) || value.size() < length) continue;
    best = code;
    length = value.size();
  }
  return best;
}

}  // namespace

base::Result<TextForm> read_text_form(std::string_view given, const std::vector<Gene>& genes) {
  try {
    TextForm form;
    std::vector<int> uses(genes.size(), 0);
    std::size_t at = 0;
    while (given.find('{', at) != std::string_view::npos) {
      form.parts.push_back(read_part(given, at, genes));
      ++uses[form.parts.back().gene];
      const std::size_t count = form.parts.size();
      if (count > 1) check_border(form.parts[count - 2], form.parts[count - 1], genes[form.parts[count - 2].gene]);
    }
    form.after = given.substr(at);
    for (std::size_t i = 0; i < genes.size(); ++i) {
      if (uses[i] != 1) throw fmt::format("gene '{}' must stand there once, not {} times", genes[i].name, uses[i]);
    }
    return form;
  } catch (const std::string& wrong) {
    return base::failure(wrong);
  }
}

std::string write_text(const TextForm& form, const std::vector<Gene>& genes, const std::vector<std::int32_t>& codes) {
  std::string text;
  for (const Part& part : form.parts)
    text += part.before + shown(part, genes[part.gene], static_cast<std::size_t>(codes[part.gene]));
  return text + form.after;
}

base::Result<base::Json> read_text(const TextForm& form, const std::vector<Gene>& genes, std::string_view text) {
  base::Json object = base::Json::object();
  const std::string_view whole = base::trim(text);
  std::string_view rest = whole;
  const auto fail = [&](const std::string& expected) {
    return base::failure(
        fmt::format("{}: expected {} at character {}", base::quote(whole), expected, whole.size() - rest.size() + 1));
  };
  for (const Part& part : form.parts) {
    if (!rest.starts_with(part.before)) return fail(base::quote(part.before));
    rest.remove_prefix(part.before.size());
    const Gene& gene = genes[part.gene];
    const std::size_t code = value_at(part, gene, rest);
    if (code == gene.values.size()) {
      std::vector<std::string> values;
      for (std::size_t i = 0; i < gene.values.size(); ++i) values.push_back(shown(part, gene, i));
      return fail(fmt::format("gene '{}', {},", gene.name, base::either(values)));
    }
    rest.remove_prefix(shown(part, gene, code).size());
    object[gene.name] = gene.values[code];
  }
  if (rest != form.after) return fail(form.after.empty() ? "the end" : base::quote(form.after) + " and the end");
  return object;
}

}  // namespace weft::space
