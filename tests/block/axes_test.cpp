// What the axes of weights are made of, and where a smaller one's values stand in a larger one.
#include "block/axes.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/programs.hpp"

namespace weft::block {
namespace {

GraphAxes axes_of(const std::string& statements, const Binding& binding = {{"D", 16}, {"H", 4}, {"R", 2}}) {
  return find_axes(test::graph_of(statements, 16, true, binding), {.causal = true});
}

// The forms of every weight matrix, in order.
std::vector<std::string> forms(const GraphAxes& axes) {
  std::vector<std::string> list;
  for (const auto& node : axes.parameters) {
    if (node.empty()) continue;
    std::string text;
    for (const Axis& axis : node[0]) text += (text.empty() ? "" : ",") + form(axis);
    list.push_back(text);
  }
  return list;
}

TEST(Axes, OfAttentionAreWholeHeads) {
  EXPECT_EQ(forms(axes_of("a = attention(linear(x, 16), linear(x, 8), linear(x, 8), heads=4, kv_heads=2)\n"
                          "return x + linear(a, D)")),
            (std::vector<std::string>{"3,s", "2,s", "2,s", "s,3"}));
}

TEST(Axes, OfAFusedProjectionAreItsPartsSideBySide) {
  const GraphAxes axes =
      axes_of("q, k, v = split(linear(x, 3 * D), 3)\nreturn x + linear(attention(q, k, v, heads=H), D)");
  const Axis expected{{{4, 1, 4}}, {{4, 4}}, {{4, 4}}};
  EXPECT_EQ(axes.parameters[0][0][0], expected);
}

TEST(Axes, OfAConcatenationAreItsInputs) {
  const GraphAxes axes = axes_of("h = concat(linear(x, 6), linear(x, 10))\nreturn x + linear(h, D)");
  ASSERT_EQ(axes.parameters.size(), 5U);
  const Axis expected{{{6}}, {{10}}};
  EXPECT_EQ(axes.parameters[3][0][1], expected);
}

TEST(Axes, OfTheResidualStreamStayPlainWhateverALayerAsks) {
  EXPECT_EQ(forms(axes_of("return x + linear(attention(x, x, x, heads=H), D)")), (std::vector<std::string>{"s,3"}));
}

TEST(Axes, OfChannelsThatMeetAreOne) {
  const GraphAxes axes = axes_of("return x + linear(silu(linear(x, R * D)) * linear(x, R * D), D)");
  std::set<int> inside;  // channels that come out of or go into a product, but for the residual stream's
  int products = 0;
  for (const auto& node : axes.channels) {
    if (node.empty()) continue;
    ++products;
    for (const int number : node[0]) inside.insert(number);
  }
  EXPECT_EQ(products, 3);
  EXPECT_EQ(inside.size(), 2U);  // the gated channels, and -1 for the stream
  EXPECT_TRUE(inside.contains(-1));
}

TEST(Runs, AreTheLeadingPartOfEverySegmentAndIndex) {
  const Axis whole{{{2, 4, 3}}, {{5}}}, part{{{2, 2, 2}}, {{4}}};
  EXPECT_TRUE(fits(part, whole));
  EXPECT_FALSE(fits(whole, part));
  const std::vector<block::Run> expected{{0, 2}, {3, 2}, {12, 2}, {15, 2}, {24, 4}};
  EXPECT_EQ(runs(part, whole), expected);
}

TEST(Runs, OfTapsAreTheLastOrTheMiddleOnes) {
  const auto kept = [](Segment::Keeps keeps) {
    const Axis part{{{3}, keeps}}, whole{{{7}, keeps}};
    return runs(part, whole);
  };
  EXPECT_EQ(kept(Segment::Keeps::last), (std::vector{block::Run{4, 3}}));
  EXPECT_EQ(kept(Segment::Keeps::middle), (std::vector{block::Run{2, 3}}));
}

TEST(Runs, OfAWholeAxisAreOne) {
  const Axis axis{{{4, 2, 8}}, {{6}}};
  EXPECT_EQ(runs(axis, axis), (std::vector{block::Run{0, 70}}));
}

}  // namespace
}  // namespace weft::block
