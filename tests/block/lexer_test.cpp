#include "block/lexer.hpp"

#include <gtest/gtest.h>

#include "tests/support/errors.hpp"

namespace weft::block {
namespace {

using test::refusal;

// Tokens in short: names and numbers as they stand, line structure as < > and ;.
std::string tokens_of(std::string_view text) {
  const auto tokens = tokenize(text, "t");
  if (!tokens) return tokens.error().text();
  std::string shown;
  for (const Token& token : *tokens) {
    switch (token.kind) {
      case Token::Kind::newline: shown += ";"; break;
      case Token::Kind::indent: shown += "<"; break;
      case Token::Kind::dedent: shown += ">"; break;
      case Token::Kind::end: shown += "."; break;
      default: shown += " " + token.text;
    }
  }
  return shown;
}

TEST(Lexer, tells_names_numbers_and_symbols_apart) {
  EXPECT_EQ(tokens_of("a1_b=2.5e1*(D//3)"), " a1_b = 2.5e1 * ( D // 3 );.");
}

TEST(Lexer, reads_numbers_as_python_does) {
  const auto tokens = tokenize("1 1.5 .5 2. 1e3 1.5e-2", "t");
  ASSERT_TRUE(tokens);
  const double expected[] = {1, 1.5, 0.5, 2, 1000, 0.015};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ((*tokens)[i].number, expected[i]);
}

TEST(Lexer, marks_indentation) {
  EXPECT_EQ(tokens_of("a\n  b\n  c\n    d\ne\n"), " a;< b; c;< d;>> e;.");
}

TEST(Lexer, counts_a_tab_up_to_the_next_eighth_column) {
  EXPECT_EQ(tokens_of("a\n\tb\n        c\n  \td\n"), " a;< b; c; d;>.");
}

TEST(Lexer, drops_comments_and_empty_lines) {
  EXPECT_EQ(tokens_of("# c\n\n   # d\na # e\n\n   \n  b\n#f"), " a;< b;>.");
}

TEST(Lexer, joins_lines_inside_parentheses) {
  EXPECT_EQ(tokens_of("f(a,\n      b\n)\nc"), " f ( a , b ); c;.");
}

TEST(Lexer, knows_carriage_returns) {
  EXPECT_EQ(tokens_of("a\r\n  b\r\n\r\nc\r\n"), " a;< b;> c;.");
}

TEST(Lexer, ends_open_lines_and_blocks_with_the_text) {
  EXPECT_EQ(tokens_of(""), ".");
  EXPECT_EQ(tokens_of("\n\n"), ".");
  EXPECT_EQ(tokens_of("a\n  b"), " a;< b;>.");
}

TEST(Lexer, says_line_and_column_of_every_token) {
  const auto tokens = tokenize("a\n  bc = 1\n", "t");
  ASSERT_TRUE(tokens);
  const Token& number = (*tokens)[5];
  EXPECT_EQ(number.text, "1");
  EXPECT_EQ(number.line, 2);
  EXPECT_EQ(number.column, 8);
}

TEST(Lexer, refuses_indentation_that_matches_no_line_above) {
  EXPECT_EQ(tokens_of("a\n    b\n  c\n"), "t:3:3: indentation matches no line above\n    c\n    ^");
}

TEST(Lexer, refuses_foreign_characters_with_a_caret_below_them) {
  EXPECT_EQ(tokens_of("a = b ? c"), "t:1:7: the character '?' does not belong in a program\n  a = b ? c\n        ^");
  EXPECT_EQ(tokens_of("a\n\tb = \"c\""),
            "t:2:6: the character '\"' does not belong in a program\n  \tb = \"c\"\n  \t    ^");
}

TEST(Lexer, numbers_a_character_that_may_look_like_another) {
  EXPECT_EQ(refusal(tokenize("\xD0\xB0 = x", "t")).message,
            "the character '\xD0\xB0' (U+0430) does not belong in a program");
  EXPECT_EQ(refusal(tokenize("x \xE2\x88\x92 y", "t")).message,
            "the character '\xE2\x88\x92' (U+2212) does not belong in a program");
  EXPECT_EQ(refusal(tokenize("\xF0\x9F\x98\x80", "t")).message,
            "the character '\xF0\x9F\x98\x80' (U+1F600) does not belong in a program");
}

TEST(Lexer, refuses_bytes_that_are_no_text) {
  EXPECT_EQ(refusal(tokenize(std::string_view("a\0b", 3), "t")).message,
            "the character '\uFFFD' does not belong in a program");
  EXPECT_EQ(refusal(tokenize("a \xFF b", "t")).message, "the character '\uFFFD' does not belong in a program");
}

TEST(Lexer, refuses_numbers_that_cannot_be_used) {
  for (const char* text : {"1e999", "12ab", "0x10", "1_000", "1e"}) {
    EXPECT_EQ(refusal(tokenize(text, "t")).message, "not a number that can be used") << text;
  }
}

TEST(Lexer, points_at_a_parenthesis_that_is_never_closed) {
  EXPECT_EQ(tokens_of("a = b\nc = f(g(d)\ne = f\n"), "t:2:6: '(' is never closed\n  c = f(g(d)\n       ^");
}

TEST(Lexer, refuses_names_beyond_64_letters) {
  EXPECT_TRUE(tokenize(std::string(64, 'a'), "t"));
  EXPECT_EQ(refusal(tokenize(std::string(65, 'a'), "t")).message, "a name has at most 64 letters");
}

TEST(Lexer, refuses_more_than_64_kib) {
  EXPECT_TRUE(tokenize(std::string(65536, ' '), "t"));
  EXPECT_EQ(refusal(tokenize(std::string(65537, ' '), "t")).message, "a program has at most 65536 bytes");
}

}  // namespace
}  // namespace weft::block
