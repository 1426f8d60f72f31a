#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "block/difference.hpp"

namespace weft::block {
namespace {

std::string name_of(const Program& program, const Value& value) {
  return value.site < 0 ? "x" : text_of(program.sites[static_cast<std::size_t>(value.site)]);
}

// "from linear(D) to attention": the neighbours of a site.
std::string neighbours(const Program& program, int site) {
  std::vector<std::string> from, to;
  const auto add = [](std::vector<std::string>& list, std::string name) {
    if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(std::move(name));
  };
  for (const Value& input : program.sites[static_cast<std::size_t>(site)].inputs) add(from, name_of(program, input));
  for (const Site& user : program.sites) {
    for (const Value& input : user.inputs) {
      if (input.site == site) add(to, text_of(user));
    }
  }
  if (program.result.site == site) add(to, "the result");
  return fmt::format("from {} to {}", base::join(from, " and "), base::join(to, " and "));
}

bool is_new(const Difference& difference, const Value& value) {
  return value.site >= 0 && difference.origin[static_cast<std::size_t>(value.site)] < 0;
}

// Whether a value that is gone was made, by ops that are gone, from the one that took its place.
bool closes_up(const Difference& difference, const Value& gone, const Value& come) {
  if (difference.moved(gone).site != -2) return false;
  std::vector<bool> reached(difference.before.sites.size(), false);
  reached[static_cast<std::size_t>(gone.site)] = true;
  for (std::size_t i = reached.size(); i-- > 0;) {
    if (!reached[i]) continue;
    for (const Value& input : difference.before.sites[i].inputs) {
      const Value moved = difference.moved(input);
      if (moved == come) return true;
      if (moved.site == -2) reached[static_cast<std::size_t>(input.site)] = true;
    }
  }
  return false;
}

// The inputs of a matched site that come from another op, though both are still there.
std::vector<std::string> rewired(const Difference& difference, int site) {
  const Site& now = difference.after.sites[static_cast<std::size_t>(site)];
  const Site& then =
      difference.before.sites[static_cast<std::size_t>(difference.origin[static_cast<std::size_t>(site)])];
  std::vector<Value> gone = then.inputs, come;
  for (const Value& input : now.inputs) {
    const auto same =
        std::find_if(gone.begin(), gone.end(), [&](const Value& one) { return difference.moved(one) == input; });
    if (same != gone.end()) {
      gone.erase(same);
    } else {
      come.push_back(input);
    }
  }
  std::vector<std::string> list;
  for (std::size_t i = 0; i < std::max(gone.size(), come.size()); ++i) {
    if (i < come.size() && is_new(difference, come[i])) continue;  // told of where it came
    if (i >= come.size()) {
      if (difference.moved(gone[i]).site != -2)
        list.push_back(fmt::format("takes {} no more", name_of(difference.before, gone[i])));
    } else if (i >= gone.size()) {
      list.push_back(fmt::format("takes {} too", name_of(difference.after, come[i])));
    } else if (!closes_up(difference, gone[i], come[i])) {
      list.push_back(fmt::format("takes {} instead of {}", name_of(difference.after, come[i]),
                                 name_of(difference.before, gone[i])));
    }
  }
  if (list.empty() && gone.empty() && come.empty() && !now.op->commutative && now.op == then.op) {
    for (std::size_t i = 0; i < now.inputs.size(); ++i) {
      if (difference.moved(then.inputs[i]) == now.inputs[i]) continue;
      list.emplace_back("takes its inputs in another order");
      break;
    }
  }
  return list;
}

}  // namespace

std::vector<std::string> describe(const Difference& difference) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < difference.after.sites.size(); ++i) {
    const int site = static_cast<int>(i);
    const Site& now = difference.after.sites[i];
    if (difference.origin[i] < 0) {
      lines.push_back(fmt::format("+ {}, {}", text_of(now), neighbours(difference.after, site)));
      continue;
    }
    const Site& then = difference.before.sites[static_cast<std::size_t>(difference.origin[i])];
    for (const std::string& edit : difference.edits(site))
      lines.push_back(now.op == then.op ? fmt::format("~ {}: {}", now.op->name, edit)
                                        : fmt::format("~ {}, {}", edit, neighbours(difference.after, site)));
    for (const std::string& wire : rewired(difference, site))
      lines.push_back(fmt::format("~ {}: {}", text_of(now), wire));
  }
  for (std::size_t i = 0; i < difference.before.sites.size(); ++i) {
    if (difference.fate[i] < 0)
      lines.push_back(fmt::format("- {}, {}", text_of(difference.before.sites[i]),
                                  neighbours(difference.before, static_cast<int>(i))));
  }
  const Value result = difference.moved(difference.before.result), now = difference.after.result;
  if (result != now && result.site != -2 && !is_new(difference, now))
    lines.push_back(
        fmt::format("~ the result is {}, not {}", name_of(difference.after, now), name_of(difference.after, result)));
  return lines;
}

}  // namespace weft::block
