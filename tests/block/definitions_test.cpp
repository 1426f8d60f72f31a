// Sub-blocks, choices between ops, and matrices: what a program may be made of beside a row of ops on sequences.
#include <gtest/gtest.h>

#include "block/graph.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/programs.hpp"

namespace weft::block {
namespace {

std::string parse_error(const std::string& text) {
  const auto program = parse(text, "t");
  return program ? "" : program.error().brief();
}

const Binding kBinding{{"D", 16}, {"H", 4}, {"MIXER", 1}};

std::string check_error(const std::string& statements, bool causal = true) {
  const auto graph = check(test::program_of(statements), kBinding, {16, false}, {causal});
  return graph ? "" : graph.error().message;
}

TEST(Definitions, StandForTheirStatements) {
  const auto with = parse(
      "def gated(x, width):\n    return silu(linear(x, width)) * linear(x, width)\n\n"
      "def block(x):\n    return x + linear(gated(layernorm(x), width=2 * D), D)\n",
      "t");
  const auto without = parse(
      "def block(x):\n    h = layernorm(x)\n    return x + linear(silu(linear(h, 2 * D)) * linear(h, 2 * D), D)\n",
      "t");
  ASSERT_TRUE(with.has_value()) << with.error().text();
  EXPECT_EQ(id(*with), id(*without));
}

TEST(Definitions, CallThoseBeforeThem) {
  const auto program = parse(
      "def a(x):\n    return relu(x)\n\ndef b(x):\n    h = a(x)\n    return a(h) + h\n\ndef block(x):\n    return "
      "b(a(x))\n",
      "t");
  ASSERT_TRUE(program.has_value()) << program.error().text();
  EXPECT_EQ(program->sites.size(), 4U);
  EXPECT_EQ(
      parse_error("def a(x):\n    return b(x)\n\ndef b(x):\n    return a(x)\n\ndef block(x):\n    return b(x)\n"),
      "line 2: unknown op 'b'; there are " + [] {
        std::string names;
        for (const std::string& name : op_names()) names += name + ", ";
        return names.substr(0, names.size() - 2);
      }());
}

TEST(Definitions, HaveTheirOwnNames) {
  EXPECT_EQ(parse_error("def a(x):\n    return y\n\ndef block(x):\n    y = relu(x)\n    return a(y)\n"),
            "line 2: 'y' is not defined");
  EXPECT_EQ(parse_error("def a(x):\n    h = relu(x)\n    return h\n\ndef block(x):\n    return a(x) + h\n"),
            "line 6: 'h' is not defined");
}

TEST(Definitions, AreCalledWithTheirParameters) {
  const std::string a = "def a(x, width):\n    return linear(x, width)\n\ndef block(x):\n    return ";
  EXPECT_EQ(parse_error(a + "a(x)\n"), "line 5: a(x, width): 'width' is missing");
  EXPECT_EQ(parse_error(a + "a(x, D, D)\n"), "line 5: a(x, width): too many arguments");
  EXPECT_EQ(parse_error(a + "a(x, widht=D)\n"), "line 5: a(x, width): has no parameter 'widht'; did you mean 'width'?");
  EXPECT_EQ(parse_error(a + "a(x, D, width=D)\n"), "line 5: a(x, width): 'width' is given twice");
}

TEST(Definitions, AreEachCalledAndNamedOnce) {
  EXPECT_EQ(parse_error("def a(x):\n    return x\n\ndef block(x):\n    return x\n"),
            "line 1: 'a' is never called; the last 'def' is the block");
  EXPECT_EQ(parse_error("def a(x):\n    return x\n\ndef a(x):\n    return x\n\ndef block(x):\n    return a(x)\n"),
            "line 4: 'a' is defined twice");
  EXPECT_EQ(parse_error("def relu(x):\n    return x\n\ndef block(x):\n    return relu(x)\n"),
            "line 1: 'relu' is an op and cannot be assigned to");
}

// Each doubles the calls of the one before it.
TEST(Definitions, DoNotGrowWithoutEnd) {
  std::string text = "def f0(x):\n    return x\n\n";
  for (int i = 1; i < 14; ++i) {
    const std::string before = "f" + std::to_string(i - 1);
    text += "def f" + std::to_string(i) + "(x):\n    return " + before + "(" + before + "(x))\n\n";
  }
  EXPECT_NE(parse_error(text + "def block(x):\n    return f13(x)\n").find("more than 256 times"), std::string::npos);
}

TEST(Pick, TakesTheInputThatItsIndexNames) {
  const Graph graph =
      check(test::program_of("return pick(linear(x, D), relu(x), gelu(x), index=MIXER)"), kBinding, {16, false}, {true})
          .value();
  ASSERT_EQ(graph.nodes.size(), 1U);
  EXPECT_EQ(graph.nodes[0].op->name, "relu");
  EXPECT_EQ(check_error("return pick(x, relu(x), index=2)"), "pick: index must be a whole number below 2, not 2");
}

TEST(Pick, LooksAtNothingElse) {
  EXPECT_EQ(check_error("return pick(linear(x, UNKNOWN), relu(x), index=MIXER)"), "");
  EXPECT_EQ(check_error("return pick(mean(x), relu(x), index=MIXER)"), "");
  EXPECT_EQ(check_error("return pick(relu(x), linear(x, UNKNOWN), index=MIXER)"),
            "linear: width: no gene 'UNKNOWN' here; there are D, H, MIXER");
}

TEST(Matrices, OfAttentionAreCausalByTheirSoftmax) {
  const std::string scores = "h = heads(x, H)\ns = matmul(h, transpose(h))\n";
  EXPECT_EQ(check_error(scores + "return merge(matmul(softmax(0.5 * s), h))"), "");
  EXPECT_EQ(check_error(scores + "w = softmax(s)\nreturn merge(matmul(matmul(w, w), h))"), "");
  const std::string sees = "matmul: lets a position see later ones, which a causal space does not allow";
  EXPECT_EQ(check_error(scores + "return merge(matmul(s, h))"), sees);
  EXPECT_EQ(check_error(scores + "return merge(matmul(transpose(softmax(s)), h))"), sees);
  EXPECT_EQ(check_error(scores + "return merge(matmul(sigmoid(softmax(s)), h))"), sees) << "sigmoid(0) is not 0";
  EXPECT_EQ(check_error(scores + "return merge(matmul(softmax(s) + 1, h))"), sees);
  EXPECT_EQ(check_error(scores + "return merge(matmul(sigmoid(s) * softmax(s), h))"), "");
  EXPECT_EQ(check_error("h = heads(x, H)\nreturn merge(matmul(h, matmul(transpose(h), h)))"), sees);
  EXPECT_EQ(check_error(scores + "return merge(matmul(s, h))", false), "");
}

TEST(Matrices, FitTheirProducts) {
  EXPECT_EQ(check_error("h = heads(x, H)\nreturn merge(matmul(h, h))"),
            "matmul: heads must be equal, and the columns of the first the rows of the second: [batch, 4, time, 4] and "
            "[batch, 4, time, 4]");
  EXPECT_EQ(check_error("return heads(x, 3)"), "heads: 3 heads do not divide 16 channels");
  EXPECT_EQ(check_error("return layernorm(heads(x, H))"),
            "layernorm: takes [batch, time, channels] or [batch, 1, channels], not [batch, 4, time, 4]");
}

TEST(Matrices, CostNoMoreThanCanBeCounted) {
  const auto graph = check(test::program_of("h = heads(x, 1024)\nw = softmax(matmul(h, transpose(h)))\n"
                                            "return merge(matmul(matmul(w, w), h))"),
                           {}, {1024, false}, {true});
  ASSERT_TRUE(graph.has_value()) << graph.error().text();
  EXPECT_EQ(count(*graph, 1 << 20, {true}).macs, Counts::kMost);
}

TEST(Images, ChangeTheirShape) {
  const auto graph = check(test::program_of("return maxpool(conv2d(x, 32, 3, stride=2), size=2, stride=2)"), {},
                           Type::image(16, 33, 17), {});
  ASSERT_TRUE(graph.has_value()) << graph.error().text();
  EXPECT_EQ(graph->type(graph->result), Type::image(32, 8, 4));
  const Counts counts = count(*graph, 1, {});
  EXPECT_EQ(counts.params, 32 * 16 * 9);
  EXPECT_EQ(counts.macs, 17 * 9 * 32 * 16 * 9);
}

}  // namespace
}  // namespace weft::block
