// What an operator draws: ops of the table, and attributes from their domains.
#include <algorithm>
#include <cmath>

#include "block/operators/workpiece.hpp"
#include "block/ops/rows.hpp"

namespace weft::block::operators {
namespace {

using Kind = Expression::Kind;

Expression gene(std::string_view name) {
  return Expression::of_gene(std::string(name));
}

Expression twice(const Expression& of) {
  return Expression::combine(Kind::multiply, Expression::of(2), of);
}

Expression half(const Expression& of) {
  return Expression::combine(Kind::floor_divide, of, Expression::of(2));
}

void add_once(std::vector<Expression>& list, Expression expression) {
  if (std::find(list.begin(), list.end(), expression) == list.end()) list.push_back(std::move(expression));
}

// Numbers that people write for such an attribute, near what it is now.
std::vector<double> numbers(const Attribute& attribute, const Expression* now) {
  std::vector<double> list;
  const bool known = now != nullptr && now->kind == Kind::number;
  if (attribute.kind == Attribute::Kind::flag) {
    list = {0, 1};
  } else if (attribute.kind == Attribute::Kind::whole) {
    list = {attribute.minimum, attribute.minimum + 1, 2, 3, 4, 5, 7, 8, 9, 16, 32};
    if (known)
      list.insert(list.end(), {now->number - 1, now->number + 1, now->number * 2, std::floor(now->number / 2)});
  } else {
    const bool share = attribute.minimum >= 0 && attribute.maximum <= 1;
    list = share ? std::vector<double>{0, 0.05, 0.1, 0.2, 0.25, 0.5, 0.75, 1}
                 : std::vector<double>{-1, 0.1, 0.25, 0.5, 2, 4};
    if (known && !share) list.insert(list.end(), {-now->number, now->number / 2, now->number * 2});
  }
  if (!std::isnan(attribute.fallback)) list.push_back(attribute.fallback);
  std::erase_if(list, [&](double value) {
    return !(value >= attribute.minimum && value <= attribute.maximum) || (known && value == now->number);
  });
  return list;
}

std::vector<const Op*> list_insertable(const Place& place, bool images) {
  std::vector<const Op*> list = callable_ops(place, images);
  for (const Op* op : ops()) {
    if (!op->symbol.empty()) list.push_back(op);
  }
  // What makes nothing but zeros is for genes to pick.
  std::erase_if(list, [](const Op* op) { return !has_plain_call(*op) || op == &rows::zero(); });
  return list;
}

}  // namespace

bool has_plain_call(const Op& op) {
  return op.name != "pick" && op.name != "scan";
}

const std::vector<const Op*>& insertable_ops(const Place& place, bool images) {
  static const std::vector<const Op*> kLists[]{list_insertable({false}, false), list_insertable({true}, false),
                                               list_insertable({false}, true), list_insertable({true}, true)};
  return kLists[(images ? 2 : 0) + (place.causal ? 1 : 0)];
}

bool is_width(const Attribute& attribute) {
  return attribute.kind == Attribute::Kind::whole && attribute.maximum == kMaxWidth && std::isnan(attribute.fallback);
}

const std::vector<Expression>& Workpiece::widths() {
  if (!widths_.empty()) return widths_;
  for (int i = 0; i < old_size_; ++i) {
    for (std::size_t k = 0; k < site(i).attributes.size(); ++k) {
      if (is_width(site(i).op->attributes[k])) add_once(widths_, site(i).attributes[k]);
    }
  }
  const Layer& layer = setting.layers.front();
  if (layer.binding.contains("D")) {
    static const Expression kD = gene("D"), kRD = Expression::combine(Kind::multiply, gene("R"), kD);
    static const std::vector<Expression> kWidths{kD, half(kD), twice(kD), twice(twice(kD)),
                                                 Expression::combine(Kind::floor_divide, kD, Expression::of(4))};
    for (const Expression& one : kWidths) add_once(widths_, one);
    if (layer.binding.contains("R")) add_once(widths_, kRD);
    return widths_;
  }
  for (const auto& [name, value] : layer.binding) {
    if (value >= 8) add_once(widths_, gene(name));  // what is as large as channels are
  }
  for (const double factor : {0.5, 1.0, 2.0}) {
    const double channels = std::floor(static_cast<double>(layer.input.channels) * factor);
    if (channels >= 1) add_once(widths_, Expression::of(channels));
  }
  return widths_;
}

std::vector<Expression> Workpiece::heads() const {
  std::vector<Expression> list;
  for (const double number : {1, 2, 4, 8}) list.push_back(Expression::of(number));
  if (setting.layers.front().binding.contains("H")) list.insert(list.end(), 4, gene("H"));  // as often as a number
  for (int i = 0; i < old_size_; ++i) {
    for (std::size_t k = 0; k < site(i).attributes.size(); ++k) {
      const bool head = site(i).op->attributes[k].name.ends_with("heads") && !site(i).attributes[k].is_number(0);
      if (head) add_once(list, site(i).attributes[k]);
    }
  }
  return list;
}

Expression Workpiece::draw_attribute(const Op& op, std::size_t index, const Expression* now) {
  const Attribute& attribute = op.attributes[index];
  const bool width = is_width(attribute), head = attribute.name.ends_with("heads");
  if ((width || head) && now != nullptr && random.chance(0.3)) return random.chance(0.5) ? twice(*now) : half(*now);
  if (width) return random.pick(widths());
  if (head) return random.pick(heads());
  const std::vector<double> list = numbers(attribute, now);
  return Expression::of(list.empty() ? attribute.minimum : random.pick(list));
}

std::vector<Expression> Workpiece::draw_attributes(const Op& op, const Site* like) {
  std::vector<Expression> drawn;
  drawn.reserve(op.attributes.size());
  for (std::size_t i = 0; i < op.attributes.size(); ++i) {
    const Attribute& attribute = op.attributes[i];
    const Expression* same = nullptr;
    for (std::size_t k = 0; like != nullptr && k < like->attributes.size(); ++k) {
      const Attribute& known = like->op->attributes[k];
      if (known.name == attribute.name && is_width(known) == is_width(attribute)) same = &like->attributes[k];
    }
    if (same != nullptr && random.chance(0.8)) {
      drawn.push_back(*same);
    } else if (attribute.tuning || (!std::isnan(attribute.fallback) && random.chance(0.85))) {
      drawn.push_back(Expression::of(attribute.fallback));
    } else {
      drawn.push_back(draw_attribute(op, i, nullptr));
    }
  }
  return drawn;
}

std::vector<const Op*> Workpiece::draw_ops(std::span<const Value> inputs, const Op* user) {
  std::vector<const Op*> list;
  for (const Op* op : insertable_ops(setting.place, input_.front().kind == Type::Kind::image)) {
    const bool accepts = std::all_of(inputs.begin(), inputs.end(),
                                     [&](const Value& input) { return op->takes.accepts(types(input).front()); });
    if (accepts && op->max_inputs >= static_cast<int>(inputs.size())) list.push_back(op);
  }
  if (!preference_) {
    random.shuffle(list);
    return list;
  }
  // Without replacement, the next each time with its share of what is left (Efraimidis, Spirakis 2006).
  std::vector<std::pair<double, const Op*>> keyed;
  keyed.reserve(list.size());
  for (const Op* op : list) keyed.emplace_back(std::log(1 - random.uniform()) / preference_(*op, user), op);
  std::sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; i < list.size(); ++i) list[i] = keyed[i].second;
  return list;
}

}  // namespace weft::block::operators
