#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/text.hpp"
#include "block/prefix_search.hpp"

namespace weft::block {
namespace {

using Kind = PrefixItem::Kind;

// The size of an axis in every binding, as a number.
template <class Axis>
std::vector<double> sizes(const PrefixItem& item, Axis axis) {
  std::vector<double> list;
  for (const Type& type : item.types) list.push_back(static_cast<double>(axis(type)));
  return list;
}

// What stands right of the sign where the two come to `result`.
double right_of(double left, std::string_view sign, double result) {
  if (sign == "+") return result - left;
  if (sign == "-") return left - result;
  return sign == "*" ? result / left : left / result;
}

bool all_equal(const std::vector<double>& values) {
  return std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) == values.end();
}

}  // namespace

bool Once::operator()(const PrefixItem& item) {
  if (std::find(failed_.begin(), failed_.end(), item) != failed_.end()) return false;
  const int before = checked_;
  if (then_(item)) return true;
  if (checked_ == before) failed_.push_back(item);
  return false;
}

bool PrefixSearch::offer(const Want& want, Next then) {
  Once once(checked_, then);
  if (want.parts > 1) return offer_calls(want, once);
  if (want.kind != Want::Kind::number && offer_tensors(want, once)) return true;
  if (want.kind != Want::Kind::tensor && offer_numbers(want, once)) return true;
  return want.kind != Want::Kind::number && !open().empty() && offer_calls(want, once);
}

// Names in scope, from the first: what depends on least; or from the last, so that what the text has made is used. Then
// expressions that bring about another shape.
bool PrefixSearch::offer_tensors(const Want& want, Next then) {
  const auto& names = scope_->names;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& [name, item] = names[want.latest ? names.size() - 1 - i : i];
    if (item.kind == Kind::tensor && emit(name, [&, &value = item] { return then(value); })) return true;
  }
  if (!open().empty()) return false;
  for (const Written& near : repeated(want.before)) {
    if (emit(near.text, [&] { return then(near.item); })) return true;
  }
  std::vector<Written> list = bridges();  // a copy: what follows may change the scope
  for (const auto& [name, item] : scope_->names) {
    if (item.kind != Kind::tensor || item.types[0].kind != Type::Kind::sequence) continue;
    if (want.channels > 0) write(list, "linear(" + name + ", " + std::to_string(want.channels) + ")");
    for (const PrefixItem* near : near_) bridge_to(list, name, *near);
    break;
  }
  for (const Written& bridge : list) {
    if (emit(bridge.text, [&] { return then(bridge.item); })) return true;
  }
  return false;
}

bool PrefixSearch::offer_numbers(const Want& want, Next then) {
  const bool free = want.attribute == nullptr || want.given;  // what comes out need not be the number itself
  const std::vector<Written> list = numbers_for(want);
  for (const Written& number : list) {
    if (!number.text.starts_with(open()) || (want.atom && !number.atom)) continue;
    if (!free && !in_domain(*want.attribute, number.item)) continue;
    if (emit(number.text, [&] { return then(number.item); })) return true;
  }
  return false;
}

bool PrefixSearch::offer_name(std::string_view preferred, Then<bool(const std::string&)> then) {
  if (preferred.starts_with(open()) && emit(preferred, [&] { return then(std::string(preferred)); })) return true;
  if (open().empty()) return false;
  for (const char* more : {"", "_"}) {
    const std::string made = std::string(open()) + more;
    if (emit(made, [&] { return then(made); })) return true;
  }
  return false;
}

void PrefixSearch::write(std::vector<Written>& list, const std::string& text, bool atom) const {
  const auto equal = [&](const PrefixItem& item) {
    return item.kind == Kind::tensor &&
           std::any_of(list.begin(), list.end(), [&](const Written& one) { return one.item == item; });
  };
  if (auto item = evaluate(text); item && !equal(*item)) list.push_back({text, std::move(*item), atom});
}

// Genes and names of numbers, small numbers, sizes of what is in scope, and widths as programs write them.
const std::vector<PrefixSearch::Written>& PrefixSearch::numbers() {
  if (!numbers_.empty()) return numbers_;
  std::vector<std::string> names;
  for (const auto& [name, item] : scope_->names) {
    if (item.kind == Kind::number) names.push_back(name);
  }
  for (const Binding& binding : setting_.bindings) {
    for (const auto& [gene, value] : binding) {
      if (std::find(names.begin(), names.end(), gene) == names.end()) names.push_back(gene);
    }
  }
  std::vector<Written> list;
  for (const std::string& name : names) write(list, name);
  for (const char* number : {"1", "2", "0", "4", "8", "3", "0.5", "0.1", "5", "6", "7", "16", "32", "64", "128",
                             "false", "true", "False", "True"})
    write(list, number);
  for (const auto& [name, item] : scope_->names) {
    if (item.kind != Kind::tensor) continue;
    const auto widths = sizes(item, [](const Type& type) { return type.channels; });
    if (all_equal(widths) && widths[0] > 0) write(list, base::number_text(widths[0]));
  }
  const std::size_t count = names.size();
  for (std::size_t i = 0; i < count; ++i) {
    for (const char* form : {"2 * ", "3 * ", "4 * "}) write(list, form + names[i], false);
    write(list, names[i] + " // 2", false);
    for (std::size_t k = 0; k < i; ++k) write(list, names[k] + " * " + names[i], false);
  }
  return numbers_ = std::move(list);
}

// Numbers that begin as the text ends.
std::vector<PrefixSearch::Written> PrefixSearch::open_numbers() const {
  std::vector<Written> list;
  const std::string begin(open());
  for (const char* more : {"",  "0",  "1",  "2",  "3",  "4",  "5",  "6",    "7",    "8",
                           "9", "00", "28", "56", ".5", ".1", "-5", "5e-5", "e-05", "-05"}) {
    const std::string text = begin + more;
    const auto value = number_in(text);
    const bool printed = value && text == base::number_text(*value);
    if (value && text.size() <= setting_.bounds.number && (plain() ? printed : !text.ends_with("-05")))
      list.push_back({text, number_item(setting_, *value)});
  }
  return list;
}

// Expressions of the tensor before that suit it.
std::vector<PrefixSearch::Written> PrefixSearch::repeated(const std::string& text) {
  std::vector<Written> list;
  if (text.empty() || text.size() > 100) return list;
  const auto item = evaluate(text);
  if (!item || item->kind != Kind::tensor) return list;
  list.push_back({text, *item});
  if (item->types[0].kind != Type::Kind::matrix) return list;
  write(list, "transpose(" + text + ")");
  const std::string heads = number_for(sizes(*item, [](const Type& type) { return type.heads; }));
  for (const auto& [name, known] : scope_->names) {
    if (known.kind != Kind::tensor || known.types[0].kind != Type::Kind::sequence || heads.empty()) continue;
    write(list, "heads(linear(" + name + ", " + heads + "), " + heads + ")");
    write(list, "heads(" + name + ", " + heads + ")");
    break;
  }
  return list;
}

// Ways to write a number that is worth this in every binding, the plainest first.
std::vector<PrefixSearch::Written> PrefixSearch::worth(const std::vector<double>& values) {
  std::vector<Written> list, more;
  PrefixItem item = number_item(setting_, 0);
  item.values = values;
  PrefixItem product = item;
  product.terms = 2;
  for (const Written& gene : numbers()) {
    const bool digits = std::isdigit(static_cast<unsigned char>(gene.text[0])) != 0;
    if (!gene.atom || digits || gene.item.form == PrefixItem::Form::word || gene.item.values[0] <= 0) continue;
    const double factor = values[0] / gene.item.values[0];
    bool fits = factor == std::floor(factor);
    for (std::size_t b = 0; b < values.size(); ++b) fits = fits && gene.item.values[b] * factor == values[b];
    if (!fits) continue;
    if (factor == 1) {
      list.push_back(gene);
    } else {
      more.push_back({base::number_text(factor) + " * " + gene.text, product, false});
      more.push_back({gene.text + " * " + base::number_text(factor), product, false});
    }
  }
  if (all_equal(values)) list.push_back({base::number_text(values[0]), item});
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

std::string PrefixSearch::number_for(const std::vector<double>& values) {
  const auto list = worth(values);
  return list.empty() ? "" : list.front().text;
}

// The sizes of tensors that stand beside, then the numbers that programs use or that begin as the text ends. Right of a
// sign that the text does not have, few. The smallest first where a limit may stand in the way of the others.
std::vector<PrefixSearch::Written> PrefixSearch::numbers_for(const Want& want) {
  std::vector<Written> list;
  for (const PrefixItem* item : near_) {
    if (item->kind != Kind::tensor) continue;
    std::vector<double> wanted = sizes(*item, [](const Type& type) { return type.channels; });
    for (std::size_t b = 0; b < wanted.size() && want.left != nullptr; ++b)
      wanted[b] = right_of(want.left->values[b], want.sign, wanted[b]);
    const bool whole = std::all_of(wanted.begin(), wanted.end(), [](double v) { return v == std::floor(v) && v > 0; });
    for (const Written& number : whole ? worth(wanted) : std::vector<Written>())
      if (!want.atom || number.atom) list.push_back(number);
  }
  if (want.left != nullptr && peek() == nullptr && open().empty() && liberty_ == Liberty::sizes && liberties_ == 0)
    return list;
  const bool digits = !open().empty() && open().find_first_not_of("0123456789.eE+-") == std::string_view::npos;
  std::vector<Written> rest = digits ? open_numbers() : numbers();
  const auto size = [&](const Written& number) {  // of what comes out
    const double value = number.item.values[0];
    return !(value > 0) ? kMaxWidth : want.sign == "//" ? 1 / value : value;
  };
  const auto smaller = [&](const auto& a, const auto& b) { return size(a) < size(b); };
  const bool counts = want.attribute != nullptr && want.attribute->name != "width";
  if (want.left != nullptr || counts) std::stable_sort(rest.begin(), rest.end(), smaller);
  const std::size_t near = list.size();
  for (const Written& number : rest) {
    const bool small = number.text.size() == 1;
    if (want.left == nullptr || digits || (number.atom && small)) list.push_back(number);
  }
  if (counts) std::rotate(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(near), list.end());
  return list;
}

// Expressions that make other shapes of what is in scope: for each kind of tensor from the first name of it.
const std::vector<PrefixSearch::Written>& PrefixSearch::bridges() {
  if (bridged_) return bridges_;
  bridged_ = true;
  std::vector<PrefixItem> seen;
  for (const auto& [name, item] : scope_->names) {
    if (item.kind != Kind::tensor || std::find(seen.begin(), seen.end(), item) != seen.end()) continue;
    if (seen.size() == 6) break;
    seen.push_back(item);
    bridge_from(name, item);
  }
  return bridges_;
}

void PrefixSearch::bridge_from(const std::string& name, const PrefixItem& item) {
  const std::string width =
      number_for(std::vector<double>(setting_.bindings.size(), static_cast<double>(setting_.input.channels)));
  const auto add = [&](const std::string& text) { write(bridges_, text); };
  if (item.types[0].kind == Type::Kind::matrix) {
    for (const char* form : {"merge({})", "merge(transpose({}))", "transpose({})"}) {
      const std::string text = std::string(form).replace(std::string_view(form).find("{}"), 2, name);
      add(text);
      if (text.starts_with("merge")) add("linear(" + text + ", " + width + ")");
    }
  } else if (item.types[0].kind == Type::Kind::sequence) {
    add("linear(" + name + ", " + width + ")");
    const std::string one = "heads(" + name + ", 1)";
    add(one);
    add("transpose(" + one + ")");
    add("softmax(matmul(" + one + ", transpose(" + one + ")))");
    for (const auto& [other, known] : scope_->names) {
      if (known.kind != Kind::tensor || known.types[0].kind == Type::Kind::matrix) continue;
      const std::string other_width = number_for(sizes(known, [](const Type& type) { return type.channels; }));
      if (!other_width.empty()) add("linear(" + name + ", " + other_width + ")");
    }
  }
}

// What has the shape of a tensor that stands beside.
void PrefixSearch::bridge_to(std::vector<Written>& list, const std::string& name, const PrefixItem& near) {
  if (near.kind != Kind::tensor || near.types[0].kind == Type::Kind::image) return;
  const bool matrix = near.types[0].kind == Type::Kind::matrix;
  const auto wide = [&](const Type& type) { return matrix ? type.heads * type.columns : type.channels; };
  const std::string width = number_for(sizes(near, wide));
  const std::string heads = number_for(sizes(near, [](const Type& type) { return type.heads; }));
  const std::string projected = "linear(" + name + ", " + width + ")";
  write(list, matrix ? "heads(" + projected + ", " + heads + ")" : projected);
}

std::optional<PrefixItem> PrefixSearch::evaluate(const std::string& text) const {
  const auto line = read_line(text + "\n", setting_.bounds);
  if (!line || !line->ended) return std::nullopt;
  const auto refuse = [](const std::string&) { return false; };
  PrefixSearch search(setting_, *scope_, *line, refuse, Liberty::none);
  std::optional<PrefixItem> found;
  search.expression({}, [&](const PrefixItem& item) {
    found = item;
    return search.peek()->kind == Token::Kind::newline;
  });
  return found;
}

}  // namespace weft::block
