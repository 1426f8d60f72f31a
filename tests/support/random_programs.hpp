// Random programs in tests, for every place that a program can stand in: grown from nothing, or edited blocks that weft
// ships.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "block/operators.hpp"
#include "tests/support/programs.hpp"

namespace weft::test {

/// A place, and programs that hold there.
struct Ground {
  std::string name;
  block::Setting setting;
  std::vector<block::Program> seeds = {};
};

inline std::vector<Ground> grounds() {
  const block::Layer layer{{{"D", 16}, {"H", 4}, {"R", 2}, {"M", 1}}, {16, false}};
  std::vector<Ground> list{{"causal", {.layers = {layer}, .place = {.causal = true}}},
                           {"patches", {.layers = {layer}, .place = {.grid = true}}},
                           {"images", {.layers = {{{{"C", 16}, {"M", 1}}, block::Type::image(16, 8, 8)}}}}};
  for (Ground& ground : list) {
    ground.seeds.push_back(program_of("return pick(relu(x), tanh(x), index=M)"));
    for (const std::string& name : shipped_blocks()) {
      if (block::Program program = shipped_block(name); block::holds(program, ground.setting))
        ground.seeds.push_back(std::move(program));
    }
  }
  return list;
}

/// Program number `index` of a ground: half are grown, half are seeds after up to twelve edits.
inline block::Program random_program(const Ground& ground, std::uint64_t index,
                                     const block::Preference& preference = {}) {
  base::Random random(index, ground.name);
  if (!preference && random.chance(0.5)) return block::random_program(ground.setting, random, 20);
  block::Program program = random.pick(ground.seeds);
  for (std::uint64_t edits = random.below(13); edits > 0; --edits) {
    auto child = block::mutate(program, ground.setting, random, block::all_edits(), preference);
    if (child && child->sites.size() < 80) program = std::move(*child);
  }
  return program;
}

}  // namespace weft::test
