// Search spaces in tests: from a few lines of YAML, and some small ones with every genome that they allow.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "space/space.hpp"

namespace weft::test {

/// The YAML of a space with these genes (and more): named "t", of two gpt2 layers where the text does not say.
inline std::string space_yaml(const std::string& text) {
  std::string yaml = "name: t\n";
  if (text.find("task:") == std::string::npos) yaml += "task: language_model\n";
  if (text.find("layers:") == std::string::npos)
    yaml += "layers: {count: 2, block: gpt2.block, bind: {D: 16, H: 2, R: 1}}\n";
  return yaml + text;
}

inline space::Space space_of(const std::string& text) {
  return space::Space::from_snapshot(
      {{"file", "t.yaml"}, {"yaml", base::parse_yaml(space_yaml(text), "t.yaml").value}, {"blocks", nullptr}});
}

/// A space whose layers are a program of its own.
inline space::Space space_with_block(const std::string& text, const std::string& name, const std::string& program) {
  return space::Space::from_snapshot({{"file", "t.yaml"},
                                      {"yaml", base::parse_yaml(space_yaml(text), "t.yaml").value},
                                      {"blocks", {{name, program}}}});
}

/// A space and the text of every genome that it allows, written down without weft's own conditions.
struct SmallSpace {
  std::string name, yaml;
  std::set<std::string> genomes;
  bool grammar_is_exact;  ///< no constraint between per-layer genes, which a grammar cannot express

  friend void PrintTo(const SmallSpace& space, std::ostream* out) { *out << space.name; }
};

namespace detail {

inline std::string list(const std::vector<std::string>& values) {
  std::string text = "[";
  for (std::size_t i = 0; i < values.size(); ++i) text += (i > 0 ? "," : "") + values[i];
  return text + "]";
}

// Calls `visit` with every list of `size` picks from 0 .. choices-1.
inline void each_list(int size, int choices, const std::function<void(const std::vector<int>&)>& visit) {
  std::vector<int> picks(static_cast<std::size_t>(size), 0);
  while (true) {
    visit(picks);
    std::size_t i = 0;
    while (i < picks.size() && ++picks[i] == choices) picks[i++] = 0;
    if (i == picks.size()) return;
  }
}

}  // namespace detail

/// A conditional gene and a constraint that holds where it is inactive.
inline SmallSpace conditional_space() {
  SmallSpace space{"conditional",
                   "genes:\n  width: {range: [4, 6]}\n  mixer: {choice: [attn, conv]}\n"
                   "  heads: {choice: [1, 2, 3], when: \"mixer == 'attn'\"}\n  free: {choice: [0.5, true, \"1\"]}\n"
                   "require: [\"width % heads == 0\"]\n",
                   {},
                   true};
  for (int width = 4; width <= 6; ++width) {
    for (const char* free : {"0.5", "true", "\"1\""}) {
      const std::string begin = "{\"width\":" + std::to_string(width), end = ",\"free\":" + std::string(free) + "}";
      space.genomes.insert(begin + ",\"mixer\":\"conv\"" + end);
      for (int heads = 1; heads <= 3; ++heads) {
        if (width % heads == 0)
          space.genomes.insert(begin + ",\"mixer\":\"attn\",\"heads\":" + std::to_string(heads) + end);
      }
    }
  }
  return space;
}

/// Two layers whose genes are tied to each other and to a global one.
inline SmallSpace layered_space() {
  SmallSpace space{"layered",
                   "genes:\n  width: {choice: [4, 6]}\n  heads: {choice: [1, 2, 3], per_layer: true}\n"
                   "  ratio: {choice: [1, 2], per_layer: true}\n  free: {flag: true, per_layer: true}\n"
                   "require: [\"width % heads == 0\", \"heads * ratio <= 4\"]\n",
                   {},
                   false};
  for (const int width : {4, 6}) {
    detail::each_list(6, 3, [&](const std::vector<int>& p) {
      const int heads[] = {p[0] + 1, p[1] + 1}, ratio[] = {p[2] + 1, p[3] + 1};
      if (p[2] > 1 || p[3] > 1 || p[4] > 1 || p[5] > 1) return;
      for (int i = 0; i < 2; ++i) {
        if (width % heads[i] != 0 || heads[i] * ratio[i] > 4) return;
      }
      const auto pair = [](int a, int b) { return detail::list({std::to_string(a), std::to_string(b)}); };
      const auto flag = [](int value) { return std::string(value == 0 ? "false" : "true"); };
      space.genomes.insert("{\"width\":" + std::to_string(width) + ",\"heads\":" + pair(heads[0], heads[1]) +
                           ",\"ratio\":" + pair(ratio[0], ratio[1]) +
                           ",\"free\":" + detail::list({flag(p[4]), flag(p[5])}) + "}");
    });
  }
  return space;
}

/// One to three layers, each of which has heads or has not.
inline SmallSpace deep_space() {
  SmallSpace space{"deep",
                   "genes:\n  wide: {flag: true}\n  depth: {range: [1, 3]}\n"
                   "  mixer: {choice: [attn, conv], per_layer: true}\n"
                   "  heads: {choice: [1, 2], per_layer: true, when: \"mixer == 'attn'\"}\n"
                   "require: [\"wide or heads == 1\"]\n"
                   "layers: {count: depth, block: gpt2.block, bind: {D: 16, H: 2, R: 1}}\n",
                   {},
                   false};
  for (const bool wide : {false, true}) {
    for (int depth = 1; depth <= 3; ++depth) {
      detail::each_list(depth, 3, [&](const std::vector<int>& p) {  // conv, attn with one head, attn with two
        std::vector<std::string> mixers, heads;
        bool any = false;
        for (const int one : p) {
          if (one == 2 && !wide) return;
          any = any || one > 0;
          mixers.emplace_back(one == 0 ? "\"conv\"" : "\"attn\"");
          heads.push_back(one == 0 ? "null" : std::to_string(one));
        }
        space.genomes.insert(std::string("{\"wide\":") + (wide ? "true" : "false") +
                             ",\"depth\":" + std::to_string(depth) + ",\"mixer\":" + detail::list(mixers) +
                             (any ? ",\"heads\":" + detail::list(heads) : "") + "}");
      });
    }
  }
  return space;
}

/// Conditions on conditions, down to lists that are there or not.
inline SmallSpace chained_space() {
  SmallSpace space{"chained",
                   "genes:\n  a: {flag: true}\n  b: {choice: [1, 2], when: a}\n"
                   "  c: {choice: [x, y], per_layer: true, when: b == 2}\n  d: {range: [0, 1], step: 0.5}\n",
                   {},
                   true};
  for (const char* d : {"0", "0.5", "1"}) {
    const std::string end = std::string(",\"d\":") + d + "}";
    space.genomes.insert("{\"a\":false" + end);
    space.genomes.insert("{\"a\":true,\"b\":1" + end);
    detail::each_list(2, 2, [&](const std::vector<int>& p) {
      const auto name = [](int pick) { return std::string(pick == 0 ? "\"x\"" : "\"y\""); };
      space.genomes.insert("{\"a\":true,\"b\":2,\"c\":" + detail::list({name(p[0]), name(p[1])}) + end);
    });
  }
  return space;
}

inline std::vector<SmallSpace> small_spaces() {
  return {conditional_space(), layered_space(), deep_space(), chained_space()};
}

}  // namespace weft::test
