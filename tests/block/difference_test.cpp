#include "block/difference.hpp"

#include <gtest/gtest.h>

#include "block/dot.hpp"
#include "tests/support/programs.hpp"

namespace weft::block {
namespace {

using Lines = std::vector<std::string>;
using test::program_of;

const char* const kPlain =
    "h = layernorm(x)\n"
    "x = x + linear(attention(linear(h, D), linear(h, D), linear(h, D), heads=H), D)\n"
    "return x + linear(gelu(linear(layernorm(x), R * D)), D)";

Lines between(const std::string& before, const std::string& after) {
  return describe(compare(program_of(before), program_of(after)));
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, what.size(), with);
}

TEST(Difference, of_equal_programs_is_nothing) {
  EXPECT_EQ(between(kPlain, kPlain), Lines{});
  EXPECT_EQ(between("return x", "return x"), Lines{});
}

TEST(Difference, tells_an_attribute_with_its_old_and_new_value) {
  EXPECT_EQ(between(kPlain, replaced(kPlain, "heads=H", "heads=2 * H")), Lines{"~ attention: heads H → 2 * H"});
  EXPECT_EQ(between(kPlain, replaced(kPlain, "heads=H), D)", "heads=H), D, bias=false)")),
            Lines{"~ linear: bias true → false"});
}

TEST(Difference, tells_an_op_in_anothers_place) {
  EXPECT_EQ(between(kPlain, replaced(kPlain, "gelu", "silu")), Lines{"~ gelu → silu, from linear(D * R) to linear(D)"});
  const std::string both = replaced(replaced(kPlain, "gelu", "silu"), "layernorm(x), R", "rmsnorm(x), R");
  EXPECT_EQ(between(kPlain, both), (Lines{"~ layernorm → rmsnorm, from add to linear(D * R)",
                                          "~ gelu → silu, from linear(D * R) to linear(D)"}));
}

TEST(Difference, tells_what_came_and_what_went) {
  const std::string with = replaced(kPlain, "linear(h, D), heads", "dwconv(linear(h, D), width=3), heads");
  EXPECT_EQ(between(kPlain, with), Lines{"+ dwconv(width=3), from linear(D) to attention(heads=H)"});
  EXPECT_EQ(between(with, kPlain), Lines{"- dwconv(width=3), from linear(D) to attention(heads=H)"});
}

TEST(Difference, tells_a_wire_that_leads_elsewhere) {
  EXPECT_EQ(
      between("a = relu(x)\nb = gelu(a)\nreturn b * sigmoid(a)", "a = relu(x)\nb = gelu(a)\nreturn b * sigmoid(b)"),
      Lines{"~ sigmoid: takes gelu instead of relu"});
  EXPECT_EQ(between("return relu(x)", "return x"), Lines{"- relu, from x to the result"});
}

TEST(Difference, matches_each_op_once_and_to_itself_in_equal_programs) {
  base::Random random(5);
  for (const std::string& name : test::shipped_blocks()) {
    Program before = test::shipped_block(name);
    EXPECT_TRUE(describe(compare(before, before)).empty()) << name;
    for (int i = 0; i < 20; ++i) {
      const Program after = test::edited(before, random);
      const Difference difference = compare(before, after);
      for (std::size_t k = 0; k < difference.origin.size(); ++k) {
        if (difference.origin[k] < 0) continue;
        ASSERT_EQ(difference.fate[static_cast<std::size_t>(difference.origin[k])], static_cast<int>(k));
      }
      ASSERT_EQ(describe(difference).empty(), id(before) == id(after)) << print(before) << print(after);
      before = after;
    }
  }
}

TEST(Difference, says_little_of_a_small_edit) {
  base::Random random(6);
  std::size_t lines = 0, edits = 0;
  for (const char* name : {"gpt2", "llama", "primer", "parallel"}) {
    for (int i = 0; i < 50; ++i) {
      const Program before = test::shipped_block(name), after = test::edited(before, random);
      if (id(before) == id(after)) continue;
      lines += describe(compare(before, after)).size();
      ++edits;
    }
  }
  EXPECT_GT(edits, 100U);
  EXPECT_LT(static_cast<double>(lines) / static_cast<double>(edits), 2.5);
}

TEST(Difference, is_drawn_with_what_stayed_came_went_and_changed) {
  const std::string after =
      replaced(replaced(kPlain, "linear(h, D), heads", "dwconv(linear(h, D), width=3), heads"), "gelu(", "(");
  const std::string dot = to_dot(compare(program_of(kPlain), program_of(replaced(after, "heads=H", "heads=2 * H"))));
  EXPECT_NE(dot.find("<b>dwconv</b>"), std::string::npos);
  EXPECT_NE(dot.find("gone"), std::string::npos) << "the gelu is drawn, since it was there";
  EXPECT_NE(dot.find("heads H → 2 * H"), std::string::npos);
  EXPECT_TRUE(to_svg(dot).starts_with("<svg"));
}

}  // namespace
}  // namespace weft::block
