#include "block/dot.hpp"

#include <gtest/gtest.h>

#include "tests/support/programs.hpp"

namespace weft::block {
namespace {

using test::graph_of;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Dot, names_what_an_input_is_to_its_op_and_a_size_that_changed) {
  const std::string dot =
      to_dot(graph_of("h = layernorm(x)\n"
                      "a = attention(linear(h, 2 * D), linear(h, 2 * D), linear(h, D), heads=H)\n"
                      "return linear(a, D)"));
  EXPECT_TRUE(has(dot, ">q · 32<")) << dot;
  EXPECT_TRUE(has(dot, ">k · 32<"));
  EXPECT_TRUE(has(dot, ">v<")) << "of the width that it was";
  EXPECT_TRUE(has(dot, ">heads 4<"));
  EXPECT_TRUE(has(dot, ">16 channels<"));
}

TEST(Dot, numbers_the_parts_of_a_split) {
  const std::string dot = to_dot(graph_of("a, b = split(linear(x, 2 * D), 2)\nreturn a * sigmoid(b)"));
  EXPECT_TRUE(has(dot, ">part 1 · 16<")) << dot;
  EXPECT_TRUE(has(dot, ">part 2 · 16<"));
}

TEST(Dot, draws_graphs_that_differ_in_numbers_as_one) {
  const auto graph = [](int heads, int ratio) {
    return graph_of("a = attention(x, x, x, heads=H)\nreturn linear(gelu(linear(a, R * D)), D)", 16, false,
                    {{"D", 16}, {"H", heads}, {"R", ratio}});
  };
  const std::vector<Graph> few{graph(2, 1), graph(4, 1), graph(2, 1)};
  EXPECT_TRUE(drawn_alike(few[0], few[1]));
  Sketch sketch;
  EXPECT_EQ(draw(sketch, few, "n", "x"), "n3");
  EXPECT_TRUE(has(sketch.text(), ">heads 2, 4, 2<")) << sketch.text();
  EXPECT_TRUE(has(sketch.text(), ">width 16<"));
  std::vector<Graph> many;
  for (int i = 0; i < 8; ++i) many.push_back(graph(2, 1 + i % 4));
  Sketch range;
  draw(range, many, "n", "x");
  EXPECT_TRUE(has(range.text(), ">width 16 to 64<")) << range.text();
  EXPECT_TRUE(has(range.text(), ">heads 2<"));
  EXPECT_FALSE(drawn_alike(few[0], graph_of("return relu(x)")));
}

TEST(Dot, lets_any_text_stand_in_a_box) {
  Sketch sketch;
  sketch.box("a", "<b> & \"c\"", {"d > e"}, {});
  sketch.line("a", "a", "<&>");
  const std::string svg = to_svg(sketch.text());
  EXPECT_TRUE(has(svg, "&lt;b&gt; &amp; &quot;c&quot;")) << svg;
}

TEST(Svg, is_one_element_without_tooltips) {
  const std::string svg = to_svg(to_dot(graph_of("return relu(x) + x")));
  EXPECT_TRUE(svg.starts_with("<svg"));
  EXPECT_FALSE(has(svg, "<title>"));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

}  // namespace
}  // namespace weft::block
