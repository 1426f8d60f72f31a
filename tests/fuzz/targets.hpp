// What each fuzzing target does with one input: takes it or refuses it, and holds what was taken to what must be true
// of it. A broken promise is thrown. Called by libFuzzer (fuzz.cpp) and by the test that replays the corpora.
#pragma once

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/schema.hpp"
#include "base/text.hpp"
#include "block/dot.hpp"
#include "block/graph.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"

namespace weft::test {

inline void demand(bool truth, const std::string& promise) {
  if (!truth) throw std::logic_error(promise);
}

/// An error is one line of text that can be shown.
inline void demand_clear(const std::string& error) {
  demand(!error.empty() && error.find('\n') == std::string::npos && base::is_utf8(error), "an unclear error: " + error);
}

/// A block program: parsed, printed, parsed again; checked, counted and drawn for sequences and images.
inline void fuzz_program(std::string_view text) {
  const auto program = block::parse(text, "fuzz");
  if (!program) {
    demand_clear(program.error().message);
    demand(program.error().line > 0, "an error without its line");
    return;
  }
  const std::string printed = block::print(*program);
  const auto again = block::parse(printed, "again");
  demand(again.has_value(), "the canonical text is refused: " + printed);
  demand(block::id(*again) == block::id(*program), "another id: " + printed);
  struct Case {
    block::Binding binding;
    block::Type input;
    block::Place place;
  };
  static const std::array kCases{
      Case{{{"D", 16}, {"H", 4}, {"R", 2}}, {16, false}, {.causal = true}},
      Case{{{"D", 192}, {"H", 3}, {"R", 3.5}, {"W", 3}}, {192, false}, {.causal = false, .grid = true}},
      Case{{{"D", 16}, {"C", 8}, {"I", 0}}, block::Type::image(16, 8, 6), {}},
      Case{{{"D", 1 << 20}, {"H", 1 << 20}, {"R", 1e15}, {"C", -1}}, {1 << 20, false}, {}}};
  for (const Case& one : kCases) {
    const auto graph = block::check(*program, one.binding, one.input, one.place);
    if (!graph) {
      demand_clear(graph.error().message);
      continue;
    }
    const block::Counts counts = block::count(*graph, 1 << 20, one.place);
    demand(counts.params >= 0 && counts.macs >= 0 && counts.activations >= 0, "a count overflowed");
    demand(!block::to_dot(*graph).empty(), "no drawing");
  }
}

/// The texts of the blocks that come with weft, by name: no input may read other files.
inline const base::Json& known_blocks() {
  static const base::Json kBlocks = [] {
    base::Json texts = base::Json::object();
    for (const std::string& name : base::list_data("search_spaces/blocks", ".block"))
      texts[name] = base::read_file(base::home() / "search_spaces/blocks" / (name + ".block"));
    return texts;
  }();
  return kBlocks;
}

/// A YAML file: read, held to the schema of experiments, and read as a space, whose snapshot is the same space.
inline void fuzz_yaml(std::string_view text) {
  static const base::Json kExperiment = base::load_schema("experiment");
  base::Document document;
  try {
    document = base::parse_yaml(text, "fuzz.yaml");
    (void)base::check(kExperiment, document);
  } catch (const base::Error& error) {
    demand_clear(error.what());
  }
  if (!document.value.is_object() || !document.value.contains("genes")) return;
  try {
    const auto space =
        space::Space::from_snapshot({{"file", "fuzz.yaml"}, {"yaml", document.value}, {"blocks", known_blocks()}});
    const auto again = space::Space::from_snapshot(space.snapshot());
    demand(again.snapshot() == space.snapshot(), "a snapshot that is read as another space");
    demand_clear(base::one_line(space::describe(space)));
  } catch (const base::Error& error) {
    demand_clear(base::one_line(error.what()));  // a block's error shows its line and a caret
  }
}

/// A reply: its first character, from 0 to 4, chooses the space, the rest is read as a genome, bare and with text
/// around it.
inline void fuzz_genome(std::string_view text) {
  static const std::array kSpaces{space::Space::load("gpt_nano_open"), space::Space::load("gpt_nano"),
                                  space::Space::load("nasbench201"), space::Space::load("autoformer_t"),
                                  space::Space::load("vit_nano")};
  if (text.empty()) return;
  const space::Space& space = kSpaces[std::min<std::size_t>(static_cast<unsigned char>(text.front() - '0'), 4)];
  text.remove_prefix(1);
  for (const bool bare : {false, true}) {
    const auto genome = bare ? space::from_text(space, text) : space::from_reply(space, text);
    if (!genome) {
      demand_clear(genome.error());
      continue;
    }
    const auto again = space::from_text(space, space::to_text(space, *genome));
    demand(again.has_value() && space::id(space, *again) == space::id(space, *genome), "another genome");
    demand(space::distance(space, *again, *genome) == 0, "a genome that is not near itself");
    const auto architecture = space::decode(space, *genome, space.input);
    if (!architecture) demand_clear(architecture.error());
  }
}

}  // namespace weft::test
