#include <gtest/gtest.h>

#include "block/program.hpp"
#include "tests/support/programs.hpp"

namespace weft::block {
namespace {

using test::program_of;

std::string printed(const std::string& statements) {
  return print(program_of(statements));
}

TEST(Print, writes_a_value_used_once_into_its_user) {
  EXPECT_EQ(printed("h = layernorm(x)\nreturn linear(h, D)"), "def block(x):\n    return linear(layernorm(x), D)\n");
}

TEST(Print, names_a_value_used_twice) {
  EXPECT_EQ(printed("h = relu(x)\nreturn h * h"), "def block(x):\n    a = relu(x)\n    return a * a\n");
}

TEST(Print, names_the_parts_of_a_split) {
  EXPECT_EQ(printed("g, v = split(x, 2)\nreturn concat(g, v)"),
            "def block(x):\n    a, b = split(x, 2)\n    return concat(a, b)\n");
}

TEST(Print, names_what_would_make_a_long_line) {
  const std::string text =
      printed("a = linear(layernorm(relu(gelu(silu(tanh(sigmoid(softplus(x))))))), 1000000)\nreturn relu(a)");
  EXPECT_EQ(text,
            "def block(x):\n    a = linear(layernorm(relu(gelu(silu(tanh(sigmoid(softplus(x))))))), 1000000)\n"
            "    return relu(a)\n");
}

TEST(Print, goes_on_with_numbered_names_after_z) {
  std::string source;
  for (int i = 0; i < 30; ++i) source += "x = linear(x, D)\nx = x + x\n";
  const std::string text = printed(source + "return x");
  EXPECT_NE(text.find("    z = "), std::string::npos);
  EXPECT_NE(text.find("    a1 = "), std::string::npos);
  EXPECT_EQ(text.find("    x = "), std::string::npos);
}

TEST(Print, leaves_defaults_out) {
  EXPECT_EQ(printed("return attention(x, x, x, heads=H, kv_heads=0, rotary=0, alibi=false, window=0)"),
            "def block(x):\n    return attention(x, x, x, heads=H)\n");
  EXPECT_EQ(printed("return linear(x, D, bias=true)"), "def block(x):\n    return linear(x, D)\n");
}

TEST(Print, writes_flags_as_words) {
  EXPECT_EQ(printed("return linear(x, D, bias=0)"), "def block(x):\n    return linear(x, D, bias=false)\n");
  EXPECT_EQ(printed("return attention(x, x, x, heads=1, alibi=1)"),
            "def block(x):\n    return attention(x, x, x, heads=1, alibi=true)\n");
}

TEST(Print, writes_a_flag_outside_its_domain_as_it_is) {
  EXPECT_EQ(printed("return linear(x, D, bias=2)"), "def block(x):\n    return linear(x, D, bias=2)\n");
}

TEST(Print, keeps_the_parentheses_that_matter) {
  EXPECT_EQ(printed("return x - (relu(x) - gelu(x))"), "def block(x):\n    return x - (relu(x) - gelu(x))\n");
  EXPECT_EQ(printed("return x - relu(x) - gelu(x)"), "def block(x):\n    return x - relu(x) - gelu(x)\n");
  EXPECT_EQ(printed("return 0.5 * (x - relu(x))"), "def block(x):\n    return 0.5 * (x - relu(x))\n");
  EXPECT_EQ(printed("return x + 1 - relu(x)"), "def block(x):\n    return x + 1 - relu(x)\n");
  EXPECT_EQ(printed("return -(x + 1)"), "def block(x):\n    return -1 * (x + 1)\n");
  EXPECT_EQ(printed("return (D // 2) * x"), "def block(x):\n    return (D // 2) * x\n");
  EXPECT_EQ(printed("return x - D"), "def block(x):\n    return x + (-1 * D)\n");
}

TEST(Print, returns_the_input_alone) {
  EXPECT_EQ(printed("return x"), "def block(x):\n    return x\n");
}

TEST(Print, parses_back_to_the_same_program) {
  for (const std::string& name : test::shipped_blocks()) {
    const Program program = test::shipped_block(name);
    const auto again = parse(print(program), "again");
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(print(*again), print(program)) << name;
    EXPECT_EQ(id(*again), id(program)) << name;
  }
}

TEST(Print, of_the_longest_program_can_be_parsed) {
  // As many ops and as much arithmetic as may be: the text must stay below the 64 KiB that parse() takes.
  std::string source = "w = 1.2345678901234567e-100\n";
  for (int i = 0; i < 509; ++i) source += "x = attention(x, x, x, heads=D, kv_heads=D, rotary=D, alibi=D, window=D)\n";
  const std::string text = printed(source + "return x");
  EXPECT_LT(text.size(), 65536U);
  EXPECT_TRUE(parse(text, "again"));
}

TEST(Id, is_a_version_and_a_hash) {
  EXPECT_EQ(id(program_of("return x")), "b1-5b91d850e8b19246");
}

TEST(Id, differs_where_the_graph_does) {
  const std::string base = id(program_of("return linear(relu(x), D)"));
  for (const char* other : {"return linear(gelu(x), D)", "return linear(relu(x), R)", "return relu(linear(x, D))",
                            "return linear(relu(x), D, bias=false)", "return linear(relu(relu(x)), D)"}) {
    EXPECT_NE(id(program_of(other)), base) << other;
  }
}

TEST(Genes, are_sorted_and_named_once) {
  EXPECT_EQ(genes(program_of("h = linear(x, R * D)\nreturn linear(h, D // H)")),
            (std::vector<std::string>{"D", "H", "R"}));
  EXPECT_TRUE(genes(program_of("return x")).empty());
}

TEST(ProgramError, quotes_the_line_of_the_site) {
  const Program program = program_of("h = relu(x)\nreturn linear(h, D)");
  EXPECT_EQ(program.error(&program.sites[1], "bad").text(),
            "test:3:12: bad\n      return linear(h, D)\n             ^");
}

}  // namespace
}  // namespace weft::block
