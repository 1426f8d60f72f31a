#include "bench/units.hpp"

#include <algorithm>
#include <array>
#include <numbers>
#include <utility>

#include "base/text.hpp"

namespace weft::bench {
namespace {

// A unit, the one that tables hold, and how many of that it is.
struct Unit {
  const char* name;
  const char* base;
  double factor;
};

constexpr std::array kUnits{Unit{"fraction", "fraction", 1},
                            Unit{"percent", "fraction", 0.01},
                            Unit{"s", "s", 1},
                            Unit{"ms", "s", 1e-3},
                            Unit{"us", "s", 1e-6},
                            Unit{"min", "s", 60},
                            Unit{"h", "s", 3600},
                            Unit{"J", "J", 1},
                            Unit{"mJ", "J", 1e-3},
                            Unit{"Wh", "J", 3600},
                            Unit{"kWh", "J", 3.6e6},
                            Unit{"byte", "byte", 1},
                            Unit{"KB", "byte", 1e3},
                            Unit{"MB", "byte", 1e6},
                            Unit{"GB", "byte", 1e9},
                            Unit{"KiB", "byte", 1024},
                            Unit{"MiB", "byte", 1048576},
                            Unit{"GiB", "byte", 1073741824},
                            Unit{"count", "count", 1},
                            Unit{"thousand", "count", 1e3},
                            Unit{"million", "count", 1e6},
                            Unit{"flop", "flop", 1},
                            Unit{"MFLOP", "flop", 1e6},
                            Unit{"GFLOP", "flop", 1e9},
                            Unit{"mac", "flop", 2},
                            Unit{"MMAC", "flop", 2e6},
                            Unit{"GMAC", "flop", 2e9},
                            Unit{"nat", "nat", 1},
                            Unit{"bit", "nat", std::numbers::ln2},
                            Unit{"perplexity", "perplexity", 1},
                            Unit{"per_s", "per_s", 1},
                            Unit{"score", "score", 1}};

// How a metric's name ends, and in which unit it is then held.
constexpr std::array kEndings{std::pair{"_per_s", "per_s"}, std::pair{"accuracy", "fraction"},
                              std::pair{"_s", "s"},         std::pair{"_bytes", "byte"},
                              std::pair{"_j", "J"},         std::pair{"flops", "flop"},
                              std::pair{"params", "count"}, std::pair{"perplexity", "perplexity"}};

const Unit* find(const std::string& name) {
  const auto* const found =
      std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& unit) { return name == unit.name; });
  return found == kUnits.end() ? nullptr : found;
}

std::string unknown(const std::string& unit) {
  return "no unit " + base::quote(unit) + "; there are " + base::join(unit_names(), ", ");
}

std::vector<std::string> units_of(const std::string& base) {
  std::vector<std::string> names;
  for (const Unit& unit : kUnits) {
    if (unit.base == base) names.emplace_back(unit.name);
  }
  return names;
}

}  // namespace

base::Result<std::string> base_unit(const std::string& unit) {
  const Unit* found = find(unit);
  if (found == nullptr) return base::failure(unknown(unit));
  return found->base;
}

base::Result<double> unit_factor(const std::string& from, const std::string& to) {
  const Unit *a = find(from), *b = find(to);
  if (a == nullptr || b == nullptr) return base::failure(unknown(a == nullptr ? from : to));
  if (std::string(a->base) != b->base)
    return base::failure(base::quote(from) + " and " + base::quote(to) + " measure different things; " +
                         base::quote(from) + " can be given in " + base::join(units_of(a->base), ", "));
  return a->factor / b->factor;
}

std::string unit_of_name(const std::string& metric) {
  for (const auto& [ending, unit] : kEndings) {
    if (metric.ends_with(ending)) return unit;
  }
  return "";
}

std::vector<std::string> unit_names() {
  std::vector<std::string> names;
  names.reserve(kUnits.size());
  for (const Unit& unit : kUnits) names.emplace_back(unit.name);
  return names;
}

}  // namespace weft::bench
