// Recurrent cells: what they may be made of, their canonical text, types and counts.
#include <gtest/gtest.h>

#include "block/dot.hpp"
#include "block/graph.hpp"
#include "tests/support/programs.hpp"

namespace weft::block {
namespace {

const std::string kLstm =
    "def lstm(x, h, c):\n"
    "    i, f, g, o = split(linear(x, 4 * width) + linear(h, 4 * width), 4)\n"
    "    c = sigmoid(f) * c + sigmoid(i) * tanh(g)\n"
    "    return sigmoid(o) * tanh(c), c\n\n"
    "def block(x):\n"
    "    return x + linear(scan(lstm, x, width=N), D)\n";

const Binding kBinding{{"D", 16}, {"H", 4}, {"N", 10}, {"WIDE", 1}};

Program parsed(const std::string& text) {
  auto program = parse(text, "t");
  if (program) return *program;
  ADD_FAILURE() << program.error().text();
  return {};
}

std::string error_of(const std::string& text, bool causal = true) {
  const auto program = parse(text, "t");
  if (!program) return program.error().brief();
  const auto graph = check(*program, kBinding, {16, false}, {causal});
  return graph ? "" : graph.error().brief();
}

std::string with_cell(const std::string& cell, const std::string& call = "scan(cell, x, width=D)") {
  return cell + "\ndef block(x):\n    return " + call + "\n";
}

TEST(Scan, CountsTheCellAtEveryPosition) {
  const auto graph = check(parsed(kLstm), kBinding, {16, false}, {.causal = true});
  ASSERT_TRUE(graph.has_value()) << graph.error().text();
  const std::int64_t cell = 4 * 10 * (16 + 1) + 4 * 10 * (10 + 1), out = 16 * (10 + 1);
  const Counts counts = count(*graph, 7, {.causal = true});
  EXPECT_EQ(counts.params, cell + out);
  EXPECT_EQ(counts.macs, 7 * (4 * 10 * (16 + 10) + 10 * 16));
  // Gates: two products, their sum and its parts; nine ops on single gates; the new states; then scan, linear and sum.
  EXPECT_EQ(counts.activations, 4 * 7 * (4 * 40 + 9 * 10 + 2 * 10 + 10 + 16 + 16));
  EXPECT_EQ(count(*graph, std::int64_t{1} << 60, {.causal = true}).macs, Counts::kMost);
}

TEST(Scan, NamesItsParametersAfterTheCellsNodes) {
  const auto graph = check(parsed(kLstm), kBinding, {16, false}, {.causal = true});
  ASSERT_TRUE(graph.has_value());
  std::vector<std::string> names;
  for (const Parameter& parameter : graph->nodes[0].parameters) names.push_back(parameter.name);
  EXPECT_EQ(names, (std::vector<std::string>{"0.weight", "0.bias", "1.weight", "1.bias"}));
}

TEST(Scan, PrintsTheCellAboveTheBlock) {
  const Program program = parsed(kLstm);
  const std::string text = print(program);
  EXPECT_TRUE(text.starts_with("def cell(x, h_0, h_1):\n")) << text;
  EXPECT_NE(text.find("\n\ndef block(x):\n    return x + linear(scan(cell, x, width=N), D)\n"), std::string::npos)
      << text;
  EXPECT_EQ(print(parsed(text)), text);
  EXPECT_EQ(id(parsed(text)), id(program));
}

TEST(Scan, PrintsACellThatIsScannedTwiceOnce) {
  const std::string cells =
      "def a(x, h):\n    return tanh(linear(concat(x, h), width))\n\n"
      "def b(y, state):\n    joined = concat(y, state)\n    return tanh(linear(joined, width))\n\n"
      "def c(x, h):\n    return relu(linear(x, width)) + h\n\n"
      "def block(x):\n    return scan(c, scan(b, scan(a, x, width=N), width=N), width=D)\n";
  const Program program = parsed(cells);
  const std::string text = print(program);
  EXPECT_NE(text.find("scan(cell_2, scan(cell, scan(cell, x, width=N), width=N), width=D)"), std::string::npos) << text;
  EXPECT_EQ(text.find("cell_3"), std::string::npos);
  EXPECT_EQ(id(parsed(text)), id(program));
}

TEST(Scan, HasOneIdWhateverNamesAndOrderTheCellIsWrittenIn) {
  const auto other = parsed(
      "def memory(now, out, kept):\n"
      "    unused = relu(now)\n"
      "    b = linear(out, width * 4)\n"
      "    input, forget, new, gate = split(b + linear(now, 4 * width), 4)\n"
      "    next = tanh(new) * sigmoid(input) + kept * sigmoid(forget)\n"
      "    return tanh(next) * sigmoid(gate), next\n\n"
      "def block(x):\n    return linear(scan(memory, x, N), D) + x\n");
  EXPECT_EQ(id(parsed(kLstm)), id(other));
  const auto swapped = parsed(
      "def lstm(x, h, c):\n"
      "    i, f, g, o = split(linear(x, 4 * width) + linear(c, 4 * width), 4)\n"
      "    h = sigmoid(f) * h + sigmoid(i) * tanh(g)\n"
      "    return sigmoid(o) * tanh(h), h\n\n"
      "def block(x):\n    return x + linear(scan(lstm, x, width=N), D)\n");
  EXPECT_NE(id(parsed(kLstm)), id(swapped)) << "another state is read";
}

TEST(Scan, TellsTwoEqualCellsWithWeightsApart) {
  const Program program = parsed(with_cell("def cell(x, h):\n    return linear(x, width) + h\n",
                                           "scan(cell, x, width=D) * scan(cell, x, width=D)"));
  EXPECT_EQ(program.sites.size(), 3U);
}

TEST(Scan, TakesSubBlocksPicksAndGenes) {
  const Program program = parsed(
      "def gate(a, b, size):\n    return sigmoid(linear(concat(a, b), size))\n\n"
      "def cell(x, h):\n    return pick(h, gate(x, h, width), linear(x, H), index=WIDE)\n\n"
      "def block(x):\n    return scan(cell, x, width=D)\n");
  EXPECT_EQ(genes(program), (std::vector<std::string>{"D", "H", "WIDE"}));
  const auto graph = check(program, kBinding, {16, false}, {.causal = true});
  ASSERT_TRUE(graph.has_value()) << graph.error().text();
  EXPECT_EQ(count(*graph, 1, {}).params, 16 * 33);
}

TEST(Scan, SaysWhatIsWrong) {
  const std::string cell = "def cell(x, h):\n    return tanh(linear(x, width) + h)\n";
  EXPECT_EQ(error_of(with_cell(cell)), "");
  EXPECT_EQ(error_of(with_cell(cell), false), "");
  EXPECT_EQ(error_of(with_cell(cell, "scan(x, width=D)")),
            "line 5: scan: 'x' is no cell, a 'def' above of x and its states; scan(cell, x, width)");
  EXPECT_EQ(error_of(with_cell(cell, "scan(cel, x, width=D)")),
            "line 5: scan: 'cel' is no cell, a 'def' above of x and its states; scan(cell, x, width); did you mean "
            "'cell'?");
  EXPECT_EQ(error_of(with_cell(cell, "scan(cell, x)")).substr(0, 32), "line 5: scan: 'width' is missing");
  EXPECT_EQ(error_of(with_cell(cell, "scan(cell)")), "line 5: scan: takes 1 tensor, not 0; scan(cell, x, width)");
  EXPECT_EQ(error_of(with_cell(cell, "scan(cell, x, width=N)")),
            "line 5: the block must return [batch, time, 16], not [batch, time, 10]");
  EXPECT_EQ(error_of(with_cell("def cell(x):\n    return x\n")),
            "line 5: scan: a cell takes x and 1 to 8 states, as in def cell(x, h), not 0");
  EXPECT_EQ(error_of(with_cell("def cell(x, h, c):\n    return h\n")),
            "line 2: a cell of 2 states returns as many tensors, not 1");
  EXPECT_EQ(error_of(with_cell("def cell(x, h):\n    return h, x\n")),
            "line 2: expected the end of the line, found ','");
  EXPECT_EQ(error_of(with_cell("def cell(x, h):\n    return linear(x, H) \n")),
            "line 1: the cell must return [batch, 1, 16] for each of its states, not [batch, 1, 4]");
  EXPECT_EQ(error_of(with_cell("def cell(x, h):\n    return attention(h, x, x, heads=1)\n")),
            "line 2: attention: takes [batch, time, channels], not [batch, 1, 16]");
  EXPECT_EQ(error_of(with_cell("def cell(x, width):\n    return x\n")),
            "line 1: in a cell, 'width' is the channels of its states; call this otherwise");
  EXPECT_EQ(error_of(with_cell("def cell(x, x):\n    return x\n")), "line 1: 'x' stands here twice");
  EXPECT_EQ(error_of(cell + "\ndef outer(x, h):\n    return scan(cell, x, width=D)\n\ndef block(x):\n    return "
                            "scan(outer, x, width=D)\n"),
            "line 5: scan: a cell sees one position, and cannot scan");
  EXPECT_EQ(error_of("def cell(x, h):\n    return scan(cell, x, width=D)\n\ndef block(x):\n    return scan(cell, x, "
                     "width=D)\n"),
            "line 2: scan: a cell sees one position, and cannot scan");
  EXPECT_EQ(
      error_of("def cell(x, h):\n    return linear(x, width) + h\n\ndef block(x):\n    return linear(x, width)\n"),
      "line 5: 'width' is not defined");
}

TEST(Scan, CountsTheOpsOfAllCellsAgainstTheLimit) {
  std::string cell = "def cell(x, h):\n";
  for (int i = 0; i < 100; ++i) cell += "    h = relu(h)\n";
  cell += "    return h\n";
  std::string block = "\ndef block(x):\n";
  for (int i = 0; i < 6; ++i) block += "    x = scan(cell, x, width=D)\n";
  EXPECT_EQ(error_of(cell + block + "    return x\n"), "line 4: a program has at most 512 ops");
}

TEST(Scan, IsLeftWholeByMutation) {
  Program program = parsed(kLstm);
  base::Random random(1);
  const std::string cell = print(program).substr(0, print(program).find("\n\n"));
  for (int i = 0; i < 300; ++i) {
    const Program child = test::edited(program, random, kBinding);
    const std::string text = print(child);
    ASSERT_EQ(id(parsed(text)), id(child)) << text;
    if (text.find("scan(") != std::string::npos) {
      ASSERT_TRUE(text.starts_with(cell)) << text;
    }
  }
}

TEST(Scan, IsDrawnWithItsParameters) {
  const auto graph = check(parsed(kLstm), kBinding, {16, false}, {.causal = true});
  ASSERT_TRUE(graph.has_value());
  const std::string dot = to_dot(*graph);
  for (const char* text : {"<b>scan</b>", "13 ops a position", "1.12k parameters"})
    EXPECT_NE(dot.find(text), std::string::npos) << dot;
}

}  // namespace
}  // namespace weft::block
