// An op's call: its tensors, then its attributes.
#include <algorithm>
#include <cmath>

#include "block/ops/rows.hpp"
#include "block/prefix_search.hpp"

namespace weft::block {
namespace {

using Kind = PrefixItem::Kind;
using Form = PrefixItem::Form;

}  // namespace

bool in_domain(const Attribute& attribute, const PrefixItem& number) {
  return std::all_of(number.values.begin(), number.values.end(),
                     [&](double value) { return in_domain(attribute, value); });
}

// Ops without weights first, then from the end of the table, where the cheaper ones stand.
bool PrefixSearch::offer_calls(const Want& want, Next then) {
  for (const bool weights : {false, true}) {
    for (auto row = ops().rbegin(); row != ops().rend(); ++row) {
      const Op* op = *row;
      if (!op->symbol.empty() || !setting_.has(*op) || (op->parameters != nullptr) != weights) continue;
      const std::string begin = std::string(op->name) + "(";
      if (!begin.starts_with(open()) || (want.parts > 1) != (op->name == "split")) continue;
      if (emit(begin, [&] { return call(op->name, want, then); })) return true;
    }
  }
  return false;
}

bool PrefixSearch::call(std::string_view name, const Want& want, Next then) {
  const Op* op = find_op(name);
  if (op == nullptr || !op->symbol.empty() || !setting_.has(*op)) return false;
  Arguments none{.op = op, .inputs = {}, .attributes = {}, .parts = want.parts, .last = {}};
  none.attributes.resize(op->attributes.size());
  return arguments(none, then);
}

bool PrefixSearch::arguments(const Arguments& arguments, Next then) {
  const Token* token = peek();
  if (token == nullptr) return offer_arguments(arguments, then);
  if (token->is(")")) {
    if (arguments.comma && plain()) return false;
    ++at_;
    return finish(arguments, then);
  }
  const bool last = at_ + 1 == line_.tokens.size();
  if (token->kind == Token::Kind::name && (last || line_.tokens[at_ + 1].is("="))) {
    for (std::size_t i = 0; i < arguments.attributes.size(); ++i) {
      if (arguments.op->attributes[i].name != token->text || (last && scope_->find(token->text) != nullptr)) continue;
      ++at_;
      return symbol("=", [&] { return keyword(arguments, i, then); });
    }
    if (!last) return false;
  }
  return argument(arguments, then);
}

bool PrefixSearch::argument(const Arguments& arguments, Next then) {
  const auto most = static_cast<std::size_t>(arguments.op->max_inputs);
  const bool full = arguments.positional > 0 || arguments.inputs.size() == most;
  const bool needs = arguments.inputs.size() < static_cast<std::size_t>(arguments.op->min_inputs);
  Want want{.kind = full ? Want::Kind::number : Want::Kind::any,
            .channels = arguments.parts > 1 ? arguments.parts : 0,
            .before = arguments.last};
  if (needs && peek() == nullptr && open().empty()) want.kind = Want::Kind::tensor;
  if (full && arguments.positional < arguments.attributes.size())
    want.attribute = &arguments.op->attributes[arguments.positional];
  const Mark begin = mark();
  const auto read = [&] {
    return expression(want, [&](const PrefixItem& item) { return add(arguments, item, text_from(begin), then); });
  };
  return arguments.inputs.empty() ? read() : beside(arguments.inputs.back(), read);
}

int PrefixSearch::last_given(const Arguments& arguments) {
  for (auto i = static_cast<int>(arguments.attributes.size()); i-- > 0;) {
    if (arguments.attributes[static_cast<std::size_t>(i)]) return i;
  }
  return -1;
}

// Whether print() would write this attribute next, with its name or without. Tuning is not for models to change.
bool PrefixSearch::prints(const Arguments& arguments, std::size_t index, bool named) {
  const Attribute& attribute = arguments.op->attributes[index];
  return attribute.positional != named && !attribute.tuning && static_cast<int>(index) > last_given(arguments);
}

bool PrefixSearch::keyword(const Arguments& arguments, std::size_t index, Next then) {
  const Attribute& attribute = arguments.op->attributes[index];
  if (arguments.attributes[index] || (plain() && !prints(arguments, index, true))) return false;
  const Want want{.kind = Want::Kind::number, .attribute = &attribute};
  return expression(want, [&](const PrefixItem& item) {
    if (item.kind != Kind::number || !in_domain(attribute, item)) return false;
    const bool flag = attribute.kind == Attribute::Kind::flag;
    if (plain() && (flag ? item.terms > 1 || item.form == Form::digits : item.form == Form::word)) return false;
    Arguments more = arguments;
    more.attributes[index] = item;
    return after(more, then);
  });
}

bool PrefixSearch::add(Arguments arguments, const PrefixItem& item, std::string text, Next then) {
  if (item.kind == Kind::parts) return false;
  if (item.kind == Kind::number) {
    const std::size_t index = arguments.positional++;
    if (index >= arguments.attributes.size() || arguments.attributes[index]) return false;
    if (!in_domain(arguments.op->attributes[index], item)) return false;
    if (plain() && (!prints(arguments, index, false) || item.form == Form::word)) return false;
    arguments.attributes[index] = item;
    return after(arguments, then);
  }
  const bool taken = std::all_of(item.types.begin(), item.types.end(),
                                 [&](const Type& type) { return arguments.op->takes.accepts(type); });
  if (!taken || arguments.positional > 0 || (plain() && last_given(arguments) >= 0) ||
      arguments.inputs.size() == static_cast<std::size_t>(arguments.op->max_inputs))
    return false;
  arguments.inputs.push_back(item);
  arguments.last = std::move(text);
  return after(arguments, then);
}

bool PrefixSearch::after(Arguments given, Next then) {
  given.comma = true;
  if (const Token* token = peek()) {
    ++at_;
    if (token->is(",")) return arguments(given, then);
    return token->is(")") && finish(given, then);
  }
  Once once(checked_, then);
  bool applies = false;  // then another attribute makes no other shape
  const auto use = [&](const PrefixItem& item) {
    applies = true;
    return once(item);
  };
  return emit(")", [&] { return finish(given, use); }) ||
         (!applies && emit(", ", [&] { return offer_arguments(given, once); }));
}

bool PrefixSearch::finish(const Arguments& arguments, Next then) {
  const Op& op = *arguments.op;
  const auto inputs = static_cast<int>(arguments.inputs.size());
  if (inputs < op.min_inputs || inputs > op.max_inputs) return false;
  std::vector<PrefixItem> attributes;
  for (std::size_t i = 0; i < op.attributes.size(); ++i) {
    const double fallback = &op == &rows::split() ? arguments.parts : op.attributes[i].fallback;
    if (!arguments.attributes[i] && std::isnan(fallback)) return false;
    attributes.push_back(arguments.attributes[i] ? *arguments.attributes[i] : number_item(setting_, fallback));
  }
  const auto made = apply(setting_, op, arguments.inputs, attributes);
  return made && then(*made);
}

// What may follow "(" or ",": what the op still needs, then what it may have besides.
bool PrefixSearch::offer_arguments(const Arguments& given, Next then) {
  const Op& op = *given.op;
  const bool begun = !open().empty(), needs = given.inputs.size() < static_cast<std::size_t>(op.min_inputs);
  const bool closes = !begun && !(given.comma && plain());
  if (closes && emit(")", [&] { return finish(given, then); })) return true;
  if ((needs || begun) && argument(given, then)) return true;
  if (needs && !begun) return false;
  const auto add = [&](std::size_t i) {
    if (plain() && op.attributes[i].positional) return i == given.positional && argument(given, then);
    return !given.attributes[i] &&
           emit(std::string(op.attributes[i].name) + "=", [&] { return keyword(given, i, then); });
  };
  for (std::size_t i = 0; i < op.attributes.size(); ++i) {
    if (given.attributes[i] || !std::isnan(op.attributes[i].fallback) || op.name == "split") continue;
    if (add(i)) return true;
    if (!begun) return false;  // one after the other
  }
  const auto most = static_cast<std::size_t>(op.max_inputs);
  const bool more = given.comma && plain() && !begun && last_given(given) < 0 && given.inputs.size() < most;
  if (more && argument(given, then)) return true;
  if (!begun && liberties_ == 0) return false;
  const int before = std::exchange(liberties_, begun ? liberties_ : liberties_ - 1);
  bool made = false;
  for (std::size_t i = 0; i < op.attributes.size() && !made; ++i)
    made = (!std::isnan(op.attributes[i].fallback) || op.name == "split") && add(i);
  liberties_ = before;
  return made;
}

}  // namespace weft::block
