#include "base/text.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/random.hpp"

namespace weft::base {
namespace {

TEST(Nearest, finds_the_name_with_the_fewest_edits) {
  EXPECT_EQ(nearest("atention", {"attention", "linear"}), "attention");
  EXPECT_EQ(nearest("lineer", {"attention", "linear", "line"}), "linear");
}

TEST(Nearest, finds_nothing_where_nothing_is_near) {
  EXPECT_EQ(nearest("softmax", {"attention", "linear"}), std::nullopt);
  EXPECT_EQ(nearest("linear", {}), std::nullopt);
  EXPECT_EQ(nearest("", {"a", "ab"}), std::nullopt);
}

TEST(Nearest, does_not_replace_every_letter_of_a_short_name) {
  EXPECT_EQ(nearest("q", {"x", "h"}), std::nullopt);
  EXPECT_EQ(nearest("ab", {"cd"}), std::nullopt);
  EXPECT_EQ(nearest("ab", {"cb"}), "cb");
}

TEST(Nearest, overlooks_capitals) {
  EXPECT_EQ(nearest("RMSNorm", {"layernorm", "rmsnorm"}), "rmsnorm");
  EXPECT_EQ(nearest("GELU", {"relu", "gelu"}), "gelu");
}

TEST(Nearest, is_not_asked_for_names_beyond_64_bytes) {
  EXPECT_EQ(nearest(std::string(65, 'a'), {std::string(65, 'a')}), std::nullopt);
}

TEST(DidYouMean, is_a_question_or_nothing) {
  EXPECT_EQ(did_you_mean("dept", {"depth"}), "; did you mean 'depth'?");
  EXPECT_EQ(did_you_mean("zzzzz", {"depth"}), "");
}

TEST(Either, joins_names_as_people_do) {
  EXPECT_EQ(either({}), "");
  EXPECT_EQ(either({"a"}), "a");
  EXPECT_EQ(either({"a", "b"}), "a or b");
  EXPECT_EQ(either({"a", "b", "c"}), "a, b or c");
}

TEST(SplitLines, knows_both_line_ends) {
  EXPECT_EQ(split_lines("a\nb\r\nc"), (std::vector<std::string>{"a", "b", "c"}));
}

TEST(SplitLines, has_no_line_behind_the_last_line_end) {
  EXPECT_EQ(split_lines("a\n"), std::vector<std::string>{"a"});
  EXPECT_EQ(split_lines("a\n\n"), (std::vector<std::string>{"a", ""}));
  EXPECT_TRUE(split_lines("").empty());
}

TEST(Trim, takes_white_space_off_both_ends) {
  EXPECT_EQ(trim(" \t\r\n a b \n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Utf8, accepts_every_length_of_sequence) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("aé€😀"));
  EXPECT_TRUE(is_utf8("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF"));  // around the surrogates, and the last character
}

TEST(Utf8, refuses_what_rfc_3629_refuses) {
  for (const char* bad :
       {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x80\x80\xAF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC3(", "\xE2(\xA1"}) {
    EXPECT_FALSE(is_utf8(bad)) << to_utf8(bad);
  }
  EXPECT_FALSE(is_utf8(std::string_view("a\0b", 3)));
}

TEST(Utf8, replaces_each_invalid_byte) {
  EXPECT_EQ(to_utf8("a\xFF"
                    "b"),
            "a\uFFFDb");
  EXPECT_EQ(to_utf8("\xE2\x82"), "\uFFFD\uFFFD");
  EXPECT_EQ(to_utf8("aé€😀"), "aé€😀");
}

TEST(Utf8, is_what_to_utf8_makes_of_random_bytes) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    std::string bytes;
    for (std::uint64_t left = random.below(40); left > 0; --left) bytes += static_cast<char>(random.below(256));
    const std::string made = to_utf8(bytes);
    ASSERT_TRUE(is_utf8(made));
    ASSERT_EQ(to_utf8(made), made);
    if (is_utf8(bytes)) {
      ASSERT_EQ(made, bytes);
    }
  }
}

TEST(Shorten, leaves_a_short_text_alone) {
  EXPECT_EQ(shorten("abc", 3), "abc");
  EXPECT_EQ(shorten("", 0), "");
}

TEST(Shorten, cuts_between_characters) {
  EXPECT_EQ(shorten("abcdef", 3), "abc…");
  EXPECT_EQ(shorten("aééé", 4), "aé…");
  EXPECT_EQ(shorten("€€", 4), "€…");
  EXPECT_EQ(shorten("😀😀", 7), "😀…");
}

TEST(Quote, escapes_what_would_break_a_line) {
  EXPECT_EQ(quote("a\nb\tc\x7F"), "'a\\nb\\x09c\\x7f'");
  EXPECT_EQ(quote(std::string_view("\0", 1)), "'\uFFFD'");
}

TEST(Quote, cuts_long_text_between_characters) {
  EXPECT_EQ(quote("abcdef", 3), "'abc…'");
  EXPECT_EQ(quote("€€€€", 10), "'€€€…'");
  EXPECT_EQ(quote("€€€€", 8), "'€€…'");
}

TEST(NumberText, is_the_shortest_that_reads_back) {
  EXPECT_EQ(number_text(4), "4");
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(-2.5), "-2.5");
  EXPECT_EQ(number_text(100000), "100000");
  EXPECT_EQ(number_text(-1e14), "-100000000000000");
  EXPECT_EQ(number_text(1e30), "1e+30");
  Random random(2);
  for (int i = 0; i < 1000; ++i) {
    const double value = std::ldexp(random.uniform() - 0.5, static_cast<int>(random.below(200)) - 100);
    ASSERT_EQ(std::strtod(number_text(value).c_str(), nullptr), value);
  }
}

TEST(ShortCount, keeps_three_digits) {
  EXPECT_EQ(short_count(0), "0");
  EXPECT_EQ(short_count(999), "999");
  EXPECT_EQ(short_count(1000), "1k");
  EXPECT_EQ(short_count(1234567), "1.23M");
  EXPECT_EQ(short_count(2e9), "2G");
  EXPECT_EQ(short_count(-1500), "-1.5k");
}

TEST(ShortCount, goes_to_the_next_unit_where_rounding_does) {
  EXPECT_EQ(short_count(999.9), "1k");
  EXPECT_EQ(short_count(999'999), "1M");
  EXPECT_EQ(short_count(999'499), "999k");
}

TEST(ShortDuration, changes_its_unit_with_its_length) {
  EXPECT_EQ(short_duration(0.04), "0.0s");
  EXPECT_EQ(short_duration(9.9), "9.9s");
  EXPECT_EQ(short_duration(59.7), "1m00s");
  EXPECT_EQ(short_duration(75.2), "1m15s");
  EXPECT_EQ(short_duration(3599.6), "1h00m");
  EXPECT_EQ(short_duration(100 * 3600), "100h00m");
}

}  // namespace
}  // namespace weft::base
