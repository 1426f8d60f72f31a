// Block programs in tests: from their statements, or from the blocks that weft ships.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/files.hpp"
#include "block/operators.hpp"
#include "block/program.hpp"

namespace weft::test {

/// "a = relu(x)\nreturn a" as a whole program; a text of 'def's is one.
inline std::string in_block(const std::string& statements) {
  if (statements.find("def block(") != std::string::npos) return statements;
  std::string text = "def block(x):\n    ";
  for (const char c : statements) text += c == '\n' ? "\n    " : std::string(1, c);
  return text + "\n";
}

/// The program of these statements, which must parse.
inline block::Program program_of(const std::string& statements) {
  auto program = block::parse(in_block(statements), "test");
  if (program) return *program;
  ADD_FAILURE() << program.error().text();
  return {};
}

inline const std::vector<std::string>& shipped_blocks() {
  static const std::vector<std::string> kNames = base::list_data("search_spaces/blocks", ".block");
  return kNames;
}

inline block::Program shipped_block(const std::string& name) {
  const auto path = base::home() / "search_spaces/blocks" / (name + ".block");
  auto program = block::parse(base::read_file(path), name);
  if (program) return *program;
  ADD_FAILURE() << program.error().text();
  return {};
}

/// One random edit where the names are worth as much; the program itself where it does not hold there.
inline block::Program edited(const block::Program& program, base::Random& random,
                             const block::Binding& binding = {{"D", 16}, {"H", 4}, {"R", 2}},
                             const block::Place& place = {.causal = true}, const block::Type& input = {16, false}) {
  return block::mutate(program, {.layers = {{binding, input}}, .place = place}, random).value_or(program);
}

/// The graph of these statements at the width, which must check.
inline block::Graph graph_of(const std::string& statements, std::int64_t width = 16, bool causal = false,
                             const block::Binding& binding = {{"D", 16}, {"H", 4}, {"R", 2}}) {
  auto graph = block::check(program_of(statements), binding, {width, false}, {causal});
  if (graph) return *graph;
  ADD_FAILURE() << graph.error().text();
  return {};
}

}  // namespace weft::test
