// Which programs count as one network.
#include "block/distinct.hpp"

#include <gtest/gtest.h>

#include "tests/support/programs.hpp"

namespace weft::block {
namespace {

std::string text(const std::string& statements, double pick = 0) {
  return distinct_text(test::program_of(statements), {{"D", 16}, {"P", pick}}).value_or("unbound");
}

TEST(Distinct, LeavesOutWhatIsNotPicked) {
  const std::string choice = "return pick(x, relu(x), zero(x), index=P) + x";
  EXPECT_EQ(text(choice, 0), text("return x + x"));
  EXPECT_EQ(text(choice, 1), text("return x + relu(x)"));
  EXPECT_EQ(text(choice, 2), "#+0");
  EXPECT_NE(text(choice, 0), text("return x")) << "a sum keeps the number of its terms";
  EXPECT_EQ(text(choice, 3), "unbound");
  EXPECT_EQ(text("return linear(x, NOBODY)"), "unbound");
}

TEST(Distinct, PassesZerosThroughOpsThatKeepThem) {
  EXPECT_EQ(text("return relu(0.5 * zero(x))"), "#");
  EXPECT_NE(text("return sigmoid(zero(x))"), "#");
  EXPECT_NE(text("return relu(zero(x) + zero(x))"), "#") << "as NAS-Bench-201's code has it";
}

TEST(Distinct, SortsSumsAndWhatCommutes) {
  EXPECT_EQ(text("return x + (relu(x) + tanh(x))"), text("return tanh(x) + x + relu(x)"));
  EXPECT_EQ(text("return relu(x) * tanh(x)"), text("return tanh(x) * relu(x)"));
  EXPECT_NE(text("return relu(x) - tanh(x)"), text("return tanh(x) - relu(x)"));
}

TEST(Distinct, TellsAttributesOutputsAndCellsApart) {
  EXPECT_NE(text("return 0.5 * x"), text("return 0.25 * x"));
  EXPECT_NE(text("a, b = split(x, 2)\nreturn linear(a, D)"), text("a, b = split(x, 2)\nreturn linear(b, D)"));
  const auto scan = [](const std::string& state) {
    return text("def cell(x, h):\n    return " + state + "\n\ndef block(x):\n    return scan(cell, x, width=D)\n");
  };
  EXPECT_EQ(scan("pick(x, h, index=P)"), scan("x"));
  EXPECT_NE(scan("x"), scan("h"));
}

TEST(Distinct, KeepsLongTextsShort) {
  std::string statements;
  for (int i = 0; i < 150; ++i) statements += "x = tanh(x) * x + x\n";
  EXPECT_LT(text(statements + "return x").size(), 20'000U);
}

}  // namespace
}  // namespace weft::block
