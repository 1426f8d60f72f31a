// Edits of sub-graphs: duplicate, swap, and crossover.
#include <algorithm>

#include "block/operators/workpiece.hpp"

namespace weft::block::operators {
namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

// Two old values of the same types, neither of which depends on the other.
std::optional<std::pair<Value, Value>> independent_pair(Workpiece& piece) {
  std::vector<Value> values = piece.values(std::vector<bool>(at(piece.old_size()), false));
  values.erase(values.begin());  // everything may depend on the input
  piece.random.shuffle(values);
  for (const Value& a : values) {
    const std::vector<bool> below = piece.below(a.site), above = piece.above(a.site);
    for (const Value& b : values) {
      if (!below[at(b.site)] && !above[at(b.site)] && piece.types(a) == piece.types(b)) return std::pair{a, b};
    }
  }
  return std::nullopt;
}

// Two sites with inputs and outputs of the same types that do not do the same.
std::optional<std::pair<int, int>> alike_pair(Workpiece& piece) {
  const auto alike = [&](int i, int k) {
    const Site &a = piece.site(i), &b = piece.site(k);
    const auto made = piece.outputs(i), other = piece.outputs(k);
    return std::equal(made.begin(), made.end(), other.begin(), other.end()) &&
           !(a.op == b.op && a.attributes == b.attributes) &&
           std::equal(a.inputs.begin(), a.inputs.end(), b.inputs.begin(), b.inputs.end(),
                      [&](const Value& x, const Value& y) { return piece.types(x) == piece.types(y); });
  };
  std::vector<std::pair<int, int>> found;
  for (int i = 0; i < piece.old_size(); ++i) {
    for (int k = 0; k < i && piece.is_free(i); ++k) {
      if (piece.is_free(k) && alike(i, k)) found.emplace_back(i, k);
    }
  }
  if (found.empty()) return std::nullopt;
  return piece.random.pick(found);
}

// Brings what a value of another program needs into this one: inputs are joined to values of the same types here, by
// chance or where nothing is left to bring.
class Graft {
 public:
  Graft(const Workpiece& from, Workpiece& to, std::vector<Value> hosts)
      : from_(from), to_(to), hosts_(std::move(hosts)), brought_(at(from.old_size()), -1) {}

  Value bring(const Value& value, bool joins) {
    if (value.site < 0) return value;
    if (joins && to_.random.chance(0.4)) {
      if (const auto host = same_type(value)) return *host;
    }
    int& place = brought_[at(value.site)];
    if (place < 0) {
      Site site = from_.site(value.site);
      for (Value& input : site.inputs) input = bring(input, true);
      const auto types = from_.outputs(value.site);
      place = to_.copy(std::move(site), {types.begin(), types.end()});
    }
    return {place, value.output};
  }

 private:
  std::optional<Value> same_type(const Value& value) {
    std::vector<Value> found;
    for (const Value& host : hosts_) {
      if (!from_.types(value).empty() && to_.types(host) == from_.types(value)) found.push_back(host);
    }
    if (found.empty()) return std::nullopt;
    return to_.random.pick(found);
  }

  const Workpiece& from_;
  Workpiece& to_;
  std::vector<Value> hosts_;
  std::vector<int> brought_;
};

}  // namespace

std::optional<Program> duplicate(Workpiece& piece) {
  if (piece.old_size() == 0) return std::nullopt;
  const int last = static_cast<int>(piece.random.below(at(piece.old_size())));
  const std::vector<bool> above = piece.above(last);
  std::vector<bool> not_above = above;
  not_above.flip();
  not_above[at(last)] = true;
  std::vector<Value> begins = piece.values(not_above);
  const Value end{last, static_cast<int>(piece.random.below(at(piece.site(last).outputs)))};
  std::erase_if(begins, [&](const Value& value) { return piece.types(value) != piece.types(end); });
  if (begins.empty() || piece.types(end).empty()) return std::nullopt;
  const Value begin = piece.random.pick(begins);

  std::vector<int> copied(at(piece.old_size()), -1);
  for (int i = begin.site + 1; i <= last; ++i) {
    if (!above[at(i)]) continue;
    Site site = piece.site(i);
    bool within = false;
    for (Value& input : site.inputs) {
      const bool begins_here = input == begin;
      const bool inside = input.site >= 0 && copied[at(input.site)] >= 0;
      if (begins_here) input = end;
      if (inside && !begins_here) input.site = copied[at(input.site)];
      within = within || begins_here || inside;
    }
    const auto types = piece.outputs(i);
    if (within) copied[at(i)] = piece.copy(std::move(site), {types.begin(), types.end()});
  }
  if (copied[at(last)] < 0) return std::nullopt;
  piece.replace_uses(end, {copied[at(last)], end.output});
  return piece.finish();
}

std::optional<Program> swap(Workpiece& piece) {
  const bool values_first = piece.random.chance(0.5);
  for (int way = 0; way < 2; ++way) {
    if ((way == 0) == values_first) {
      if (const auto pair = independent_pair(piece)) {
        piece.exchange_uses(pair->first, pair->second);
        return piece.finish();
      }
    } else if (const auto pair = alike_pair(piece)) {
      Site &a = piece.change(pair->first), &b = piece.change(pair->second);
      std::swap(a, b);
      std::swap(a.inputs, b.inputs);
      return piece.finish();
    }
  }
  return std::nullopt;
}

std::optional<Program> cross(Workpiece& piece, const Workpiece& other) {
  const std::vector<Value> all = other.values(std::vector<bool>(at(other.old_size()), false));
  std::vector<Value> here = piece.values(std::vector<bool>(at(piece.old_size()), false));
  here.erase(here.begin());
  if (here.empty()) return std::nullopt;
  const Value place = piece.random.pick(here);
  std::vector<Value> taken;
  for (const Value& value : all) {
    if (value.site >= 0 && other.types(value) == piece.types(place)) taken.push_back(value);
  }
  if (taken.empty()) return std::nullopt;
  Graft graft(other, piece, piece.values(piece.below(place.site)));
  const Value made = graft.bring(piece.random.pick(taken), false);
  piece.replace_uses(place, made);
  return piece.finish();
}

}  // namespace weft::block::operators
