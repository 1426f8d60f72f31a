#include "block/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace weft::block {
namespace {

using Hash = std::uint64_t;

struct User {
  int site;
  std::size_t place;  ///< among its inputs; 0 where they commute
  bool operator==(const User&) const = default;
};

// One of the two programs, with what is needed to match it.
struct Side {
  const Program& program;
  std::vector<std::vector<User>> users;
  std::vector<Hash> inside, outside;  ///< what a site computes; what is done with it

  explicit Side(const Program& given) : program(given), users(given.sites.size()) {
    const int sites = static_cast<int>(program.sites.size());
    for (int i = 0; i < sites; ++i) {
      const Site& site = at(i);
      for (std::size_t k = 0; k < site.inputs.size(); ++k) {
        if (site.inputs[k].site >= 0)
          users[static_cast<std::size_t>(site.inputs[k].site)].push_back({i, site.op->commutative ? 0 : k});
      }
      Hash hash = base::hash64(text_of(site)), commuting = 0;
      for (const Value& input : site.inputs) {
        const Hash one = base::mix64(input.site < 0 ? 7 : inside[static_cast<std::size_t>(input.site)],
                                     static_cast<Hash>(input.output));
        if (site.op->commutative) {
          commuting += base::mix64(one);
        } else {
          hash = base::mix64(hash, one);
        }
      }
      inside.push_back(base::mix64(hash, commuting));
    }
    outside.resize(program.sites.size());
    for (int i = sites; i-- > 0;) {
      Hash used = program.result.site == i ? 99 : 0;
      for (const User& user : users[static_cast<std::size_t>(i)])
        used += base::mix64(outside[static_cast<std::size_t>(user.site)], user.place);
      outside[static_cast<std::size_t>(i)] = base::mix64(base::hash64(text_of(at(i))), used);
    }
  }
  const Site& at(int site) const { return program.sites[static_cast<std::size_t>(site)]; }
  int size() const { return static_cast<int>(program.sites.size()); }
};

class Matcher {
 public:
  explicit Matcher(Difference& difference)
      : difference_(difference), before_(difference.before), after_(difference.after) {
    difference.fate.assign(difference.before.sites.size(), -1);
    difference.origin.assign(difference.after.sites.size(), -1);
  }

  void run() {
    match_equal([](const Side& side, std::size_t i) { return base::mix64(side.inside[i], side.outside[i]); });
    match_equal([](const Side& side, std::size_t i) { return side.inside[i]; });
    match_equal([](const Side& side, std::size_t i) { return side.outside[i]; });
    while (grow()) {
    }
  }

 private:
  struct Pair {
    int score, before, after;
  };

  void match(int before, int after) {
    difference_.fate[static_cast<std::size_t>(before)] = after;
    difference_.origin[static_cast<std::size_t>(after)] = before;
  }
  bool is_free(int before, int after) const {
    return difference_.fate[static_cast<std::size_t>(before)] < 0 &&
           difference_.origin[static_cast<std::size_t>(after)] < 0;
  }

  // Pairs sites of the same key in their order.
  template <class Key>
  void match_equal(Key key) {
    std::multimap<Hash, int> waiting;
    for (int i = 0; i < before_.size(); ++i) {
      const auto index = static_cast<std::size_t>(i);
      if (difference_.fate[index] < 0) waiting.emplace(key(before_, index), i);
    }
    for (int j = 0; j < after_.size(); ++j) {
      const auto index = static_cast<std::size_t>(j);
      if (difference_.origin[index] >= 0) continue;
      const auto found = waiting.lower_bound(key(after_, index));
      if (found == waiting.end() || found->first != key(after_, index)) continue;
      match(found->second, j);
      waiting.erase(found);
    }
  }

  int common_inputs(const Site& a, const Site& b) const {
    int common = 0;
    std::vector<bool> taken(b.inputs.size(), false);
    for (std::size_t i = 0; i < a.inputs.size(); ++i) {
      for (std::size_t k = 0; k < b.inputs.size(); ++k) {
        if (taken[k] || (k != i && !b.op->commutative) || difference_.moved(a.inputs[i]) != b.inputs[k]) continue;
        taken[k] = true;
        ++common;
        break;
      }
    }
    return common;
  }

  int common_users(int before, int after) const {
    int common = before_.program.result.site == before && after_.program.result.site == after ? 1 : 0;
    const auto& there = after_.users[static_cast<std::size_t>(after)];
    for (const User& user : before_.users[static_cast<std::size_t>(before)]) {
      const User moved{difference_.fate[static_cast<std::size_t>(user.site)], user.place};
      common += moved.site >= 0 && std::find(there.begin(), there.end(), moved) != there.end() ? 1 : 0;
    }
    return common;
  }

  // Whether one may stand for the other, as one norm or activation for another.
  static bool alike(const Op& a, const Op& b) {
    const auto has = [](const auto& function) { return static_cast<bool>(function); };
    return a.symbol.empty() == b.symbol.empty() && has(a.parameters) == has(b.parameters) &&
           has(a.macs) == has(b.macs) && has(a.mixes) == has(b.mixes);
  }

  // How much speaks for a pair; 0 where nothing does.
  int score(int before, int after) const {
    const Site &a = before_.at(before), &b = after_.at(after);
    const int inputs = common_inputs(a, b), users = common_users(before, after);
    if (a.op == b.op)
      return inputs + users == 0 ? 0 : 2 + (a.attributes == b.attributes ? 1 : 0) + 2 * (inputs + users);
    const int wanted = static_cast<int>(a.inputs.size());
    const bool fits = a.inputs.size() == b.inputs.size() && a.outputs == b.outputs;
    const bool instead =
        fits && (inputs == wanted ? users > 0 || alike(*a.op, *b.op) : users > 0 && alike(*a.op, *b.op));
    return instead ? inputs + users : 0;
  }

  // Matches the best of the pairs that are left, until none has anything for it.
  bool grow() {
    std::vector<Pair> pairs;
    for (int i = 0; i < before_.size(); ++i) {
      for (int j = 0; j < after_.size(); ++j) {
        if (!is_free(i, j)) continue;
        const int worth = score(i, j);
        if (worth == 0 || (!pairs.empty() && worth < pairs.front().score)) continue;
        if (!pairs.empty() && worth > pairs.front().score) pairs.clear();
        pairs.push_back({worth, i, j});
      }
    }
    for (const Pair& pair : pairs) {
      if (is_free(pair.before, pair.after)) match(pair.before, pair.after);
    }
    return !pairs.empty();
  }

  Difference& difference_;
  Side before_, after_;
};

}  // namespace

std::string text_of(const Site& site) {
  const std::vector<std::string> given = attribute_texts(site);
  return given.empty() ? std::string(site.op->name) : fmt::format("{}({})", site.op->name, base::join(given, ", "));
}

Value Difference::moved(const Value& value) const {
  if (value.site < 0) return value;
  const int site = fate[static_cast<std::size_t>(value.site)];
  return {site < 0 ? -2 : site, value.output};
}

std::vector<std::string> Difference::edits(int site) const {
  const Site& now = after.sites[static_cast<std::size_t>(site)];
  const int then_at = origin[static_cast<std::size_t>(site)];
  if (then_at < 0) return {};
  const Site& then = before.sites[static_cast<std::size_t>(then_at)];
  if (now.op != then.op) return {fmt::format("{} → {}", text_of(then), text_of(now))};
  std::vector<std::string> list;
  for (std::size_t i = 0; i < now.attributes.size(); ++i) {
    const Attribute& attribute = now.op->attributes[i];
    if (now.attributes[i] == then.attributes[i]) continue;
    list.push_back(fmt::format("{} {} → {}", attribute.name, value_text(attribute, then.attributes[i]),
                               value_text(attribute, now.attributes[i])));
  }
  return list;
}

Difference compare(const Program& before, const Program& after) {
  Difference difference{before, after, {}, {}};
  Matcher(difference).run();
  return difference;
}

}  // namespace weft::block
