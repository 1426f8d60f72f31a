// Edits of one op or one edge: insert, remove, replace, rewire, and attributes.
#include <algorithm>

#include "block/operators/workpiece.hpp"
#include "block/ops/rows.hpp"

namespace weft::block::operators {
namespace {

// A random one of those for which `wanted` holds.
template <class T, class Wanted>
std::optional<T> pick_of(base::Random& random, const std::vector<T>& list, Wanted wanted) {
  std::vector<T> found;
  std::copy_if(list.begin(), list.end(), std::back_inserter(found), wanted);
  if (found.empty()) return std::nullopt;
  return random.pick(found);
}

template <class Wanted>
std::optional<int> pick_site(Workpiece& piece, Wanted wanted) {
  std::vector<int> found;
  for (int i = 0; i < piece.old_size(); ++i) {
    if (piece.is_free(i) && wanted(piece.site(i))) found.push_back(i);
  }
  if (found.empty()) return std::nullopt;
  return piece.random.pick(found);
}

bool any_site(const Site&) {
  return true;
}

std::vector<bool> below_user(const Workpiece& piece, const Use& use) {
  return use.site < 0 ? std::vector<bool>(static_cast<std::size_t>(piece.old_size()), false) : piece.below(use.site);
}

// Puts a value in the place of a site's first output, and of its others what takes their place.
std::optional<Program> replace_by(Workpiece& piece, int site, const Value& made) {
  for (int k = 0; k < piece.site(site).outputs; ++k) {
    const Types wanted = piece.types({site, k});
    const bool twin = piece.site(made.site).outputs == piece.site(site).outputs;
    const auto fit = piece.adapt({made.site, twin ? k : made.output}, wanted);
    if (!fit) return std::nullopt;
    piece.replace_uses({site, k}, *fit);
  }
  return piece.finish();
}

// The sites, and which of their attributes, for which `wanted` holds.
std::vector<std::pair<int, std::size_t>> attributes(const Workpiece& piece, bool widths) {
  std::vector<std::pair<int, std::size_t>> list;
  for (int i = 0; i < piece.old_size(); ++i) {
    const Site& site = piece.site(i);
    for (std::size_t k = 0; k < site.attributes.size() && piece.is_free(i); ++k) {
      if (is_width(site.op->attributes[k]) == widths && !site.op->attributes[k].tuning) list.emplace_back(i, k);
    }
  }
  return list;
}

}  // namespace

std::optional<Program> insert(Workpiece& piece) {
  const auto use = pick_of(piece.random, piece.uses(true),
                           [&](const Use& one) { return !piece.types(piece.value_at(one)).empty(); });
  const Value from = piece.value_at(*use);
  const Types wanted = piece.types(from);
  const bool everywhere = piece.random.chance(0.3);
  const std::vector<Value> partners = piece.values(everywhere ? piece.below(from.site) : below_user(piece, *use));
  const Op* user = everywhere ? piece.first_user(from) : use->site < 0 ? nullptr : piece.site(use->site).op;
  std::optional<Value> made = from;
  for (int more = 1; made && more > 0; --more) {
    made = piece.grow(*made, partners, user);
    // A chain that left the kind of tensor goes on rather than back.
    const bool elsewhere = made && piece.types(*made).front().kind != wanted.front().kind;
    if (piece.random.chance(elsewhere ? 0.7 : 0.25)) ++more;
  }
  if (made) made = piece.adapt(*made, wanted, &from);
  if (made && piece.random.chance(0.2)) made = piece.apply(rows::add(), {from, *made}, {});
  if (!made) return std::nullopt;
  if (everywhere) {
    piece.replace_uses(from, *made);
  } else {
    piece.set(*use, *made);
  }
  return piece.finish();
}

std::optional<Program> remove(Workpiece& piece) {
  const auto site = pick_site(piece, any_site);
  if (!site) return std::nullopt;
  const auto fits = [&](const Value& input) { return piece.types(input) == piece.types({*site, 0}); };
  const auto same = pick_of(piece.random, piece.site(*site).inputs, fits);
  const Value instead = same ? *same : piece.random.pick(piece.site(*site).inputs);
  if (!same && piece.random.chance(0.5)) {  // what follows may take another width
    Workpiece bypassed = piece;
    for (int k = 0; k < piece.site(*site).outputs; ++k) bypassed.replace_uses({*site, k}, instead);
    auto program = bypassed.finish();
    if (program && holds(*program, piece.setting)) return program;
  }
  for (int k = 0; k < piece.site(*site).outputs; ++k) {
    const Types wanted = piece.types({*site, k});
    const auto fit = piece.adapt(instead, wanted);
    if (!fit) return std::nullopt;
    piece.replace_uses({*site, k}, *fit);
  }
  return piece.finish();
}

std::optional<Program> replace(Workpiece& piece) {
  const auto chosen = pick_site(piece, any_site);
  if (!chosen) return std::nullopt;
  const Site old = piece.site(*chosen);
  const Op* user = piece.first_user({*chosen, 0});
  const std::vector<Value> partners = piece.values(piece.below(*chosen));
  int tries = 8;
  for (const Op* op : piece.draw_ops(old.inputs, user)) {
    if (op == old.op) continue;
    if (--tries < 0) break;
    std::vector<Value> inputs = old.inputs;
    while (static_cast<int>(inputs.size()) < op->min_inputs) inputs.push_back(piece.random.pick(partners));
    const auto made = piece.apply(*op, std::move(inputs), piece.draw_attributes(*op, &old));
    if (!made) continue;
    Workpiece changed = piece;
    if (auto program = replace_by(changed, *chosen, *made)) return program;
  }
  return std::nullopt;
}

std::optional<Program> rewire(Workpiece& piece) {
  const auto use = pick_of(piece.random, piece.uses(false),
                           [&](const Use& one) { return !piece.types(piece.value_at(one)).empty(); });
  if (!use) return std::nullopt;
  const Value old = piece.value_at(*use);
  const Types wanted = piece.types(old);
  std::vector<Value> others = piece.values(below_user(piece, *use));
  std::erase(others, old);
  if (others.empty()) return std::nullopt;
  const auto same = pick_of(piece.random, others, [&](const Value& value) { return piece.types(value) == wanted; });
  const auto fit = same && piece.random.chance(0.8) ? same : piece.adapt(piece.random.pick(others), wanted);
  if (!fit) return std::nullopt;
  piece.set(*use, *fit);
  return piece.finish();
}

std::optional<Program> change_attribute(Workpiece& piece) {
  const auto list = attributes(piece, false);
  if (list.empty()) return std::nullopt;
  for (int attempt = 0; attempt < 4; ++attempt) {
    const auto [index, which] = piece.random.pick(list);
    const Site old = piece.site(index);
    std::vector<Expression> given = old.attributes;
    given[which] = piece.draw_attribute(*old.op, which, &old.attributes[which]);
    if (given == old.attributes) continue;
    const auto made = piece.apply_projected(*old.op, old.inputs, given);
    if (made) return replace_by(piece, index, *made);
  }
  return std::nullopt;
}

std::optional<Program> change_dimension(Workpiece& piece) {
  const auto list = attributes(piece, true);
  if (list.empty()) return std::nullopt;
  const auto [index, which] = piece.random.pick(list);
  const Expression old = piece.site(index).attributes[which];
  const Expression width = piece.draw_attribute(*piece.site(index).op, which, &old);
  if (width == old) return std::nullopt;
  const bool all = piece.random.chance(0.5);
  Workpiece changed = piece;
  for (const auto& [other, place] : list) {
    if ((all && piece.site(other).attributes[place] == old) || (other == index && place == which))
      changed.change(other).attributes[place] = width;
  }
  auto program = changed.finish();
  if (program && holds(*program, piece.setting)) return program;
  std::vector<Expression> given = piece.site(index).attributes;  // else what follows keeps its width
  given[which] = width;
  const auto made = piece.apply(*piece.site(index).op, piece.site(index).inputs, std::move(given));
  return made ? replace_by(piece, index, *made) : std::nullopt;
}

}  // namespace weft::block::operators
