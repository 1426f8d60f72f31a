#include "block/types.hpp"

#include <gtest/gtest.h>

namespace weft::block {
namespace {

TEST(Type, names_its_axes) {
  EXPECT_EQ((Type{64, false}.text()), "[batch, time, 64]");
  EXPECT_EQ((Type{64, true}.text()), "[batch, 1, 64]");
}

TEST(Diagnostic, is_brief_for_prompts) {
  EXPECT_EQ((Diagnostic{"linear: bad", "f", 3, 9, {}}.brief()), "line 3: linear: bad");
}

TEST(Diagnostic, names_no_line_that_nobody_wrote) {
  EXPECT_EQ((Diagnostic{"linear: bad", "mutation", 0, 0, {}}.brief()), "linear: bad");
  EXPECT_EQ((Diagnostic{"linear: bad", "mutation", 0, 0, {}}.text()), "mutation: linear: bad");
}

TEST(Diagnostic, puts_a_caret_below_its_column) {
  EXPECT_EQ((Diagnostic{"bad", "f", 3, 5, "abcdefg"}.text()), "f:3:5: bad\n  abcdefg\n      ^");
  EXPECT_EQ((Diagnostic{"bad", "f", 3, 1, "abc"}.text()), "f:3:1: bad\n  abc\n  ^");
}

TEST(Diagnostic, keeps_the_caret_in_line_after_tabs_and_wide_characters) {
  EXPECT_EQ((Diagnostic{"bad", "f", 1, 2, "\té?"}.text()), "f:1:2: bad\n  \té?\n  \t^");
  EXPECT_EQ((Diagnostic{"bad", "f", 1, 4, "\té?"}.text()), "f:1:4: bad\n  \té?\n  \t ^");
}

TEST(Diagnostic, leaves_long_lines_out) {
  EXPECT_EQ((Diagnostic{"bad", "f", 1, 5, std::string(201, 'x')}.text()), "f:1:5: bad");
}

}  // namespace
}  // namespace weft::block
