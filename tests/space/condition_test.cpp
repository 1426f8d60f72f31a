#include "space/condition.hpp"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/errors.hpp"

namespace weft::space {
namespace {

// Genes 0.. in this order; "off" is never active.
const std::vector<std::string> kNames{"n", "m", "mixer", "info", "nano", "off"};
const std::map<int, Scalar> kValues{{0, 7.0}, {1, 2.0}, {2, std::string("attn")}, {3, 1.0}, {4, 0.0}};

base::Result<Condition> parsed(std::string_view text) {
  return Condition::parse(text, kNames);
}

std::optional<bool> holds(std::string_view text) {
  const auto condition = parsed(text);
  if (!condition) {
    ADD_FAILURE() << condition.error();
    return std::nullopt;
  }
  return condition->holds([](int gene) {
    const auto found = kValues.find(gene);
    return found == kValues.end() ? nullptr : &found->second;
  });
}

std::string refused(std::string_view text) {
  return test::refusal(parsed(text));
}

TEST(Condition, computes_as_python_does) {
  for (const char* text :
       {"n == 7", "n + m * 3 == 13", "(n + m) * 3 == 27", "n - m - 1 == 4", "n // m == 3", "n / m == 3.5", "n % m == 1",
        "-n % 4 == 1", "-n // 2 == -4", "n - -m == 9", "2 * -m == -4", "1e1 == 10", ".5 + .5 == 1"}) {
    EXPECT_EQ(holds(text), true) << text;
  }
}

TEST(Condition, compares) {
  for (const char* text : {"n > m", "n >= 7", "n <= 7", "m < n", "n != m", "mixer == 'attn'", "mixer != \"conv\""}) {
    EXPECT_EQ(holds(text), true) << text;
  }
  for (const char* text : {"n < m", "n >= 7.5", "mixer == 'conv'", "mixer == 7", "n == '7'"}) {
    EXPECT_EQ(holds(text), false) << text;
  }
}

TEST(Condition, binds_not_tighter_than_and_tighter_than_or) {
  EXPECT_EQ(holds("n == 7 or n == 8 and m == 9"), true);
  EXPECT_EQ(holds("(n == 7 or n == 8) and m == 9"), false);
  EXPECT_EQ(holds("not n == 8 and m == 2"), true);
  EXPECT_EQ(holds("not (n == 7 and m == 2)"), false);
  EXPECT_EQ(holds("not not n"), true);
}

TEST(Condition, takes_a_number_or_a_text_as_true_where_it_is_not_empty) {
  EXPECT_EQ(holds("n"), true);
  EXPECT_EQ(holds("nano"), false);
  EXPECT_EQ(holds("mixer"), true);
  EXPECT_EQ(holds("''"), false);
  EXPECT_EQ(holds("true and not false"), true);
}

TEST(Condition, reads_gene_names_that_begin_like_numbers_or_words) {
  EXPECT_EQ(holds("info == 1"), true);
  EXPECT_EQ(holds("nano == 0"), true);
}

TEST(Condition, has_no_answer_where_it_needs_an_inactive_gene) {
  EXPECT_EQ(holds("off == 1"), std::nullopt);
  EXPECT_EQ(holds("off == 1 and n == 7"), std::nullopt);
  EXPECT_EQ(holds("not off"), std::nullopt);
}

TEST(Condition, does_not_look_at_what_cannot_matter) {
  EXPECT_EQ(holds("n == 8 and off == 1"), false);
  EXPECT_EQ(holds("n == 7 or off == 1"), true);
}

TEST(Condition, fails_where_it_divides_by_zero) {
  EXPECT_EQ(holds("n % nano == 0"), false);
  EXPECT_EQ(holds("n % nano"), false);
}

TEST(Condition, remembers_its_text_and_its_genes) {
  const Condition condition = parsed("  m + n > m ").value();
  EXPECT_EQ(condition.text(), "m + n > m");
  EXPECT_EQ(condition.genes(), (std::vector<int>{0, 1}));
}

TEST(Condition, notes_which_texts_a_gene_is_compared_with) {
  using Comparisons = std::vector<std::pair<int, std::string>>;
  EXPECT_EQ(parsed("mixer == 'a' or 'b' != mixer or n == 1").value().comparisons(), (Comparisons{{2, "a"}, {2, "b"}}));
}

TEST(Condition, names_what_it_does_not_understand) {
  EXPECT_EQ(refused("n = 7"), "the condition 'n = 7' has an unexpected '= 7'");
  EXPECT_EQ(refused("n == "), "the condition 'n == ' ends too early");
  EXPECT_EQ(refused(""), "the condition '' ends too early");
  EXPECT_EQ(refused("(n == 7"), "the condition '(n == 7' misses a ')'");
  EXPECT_EQ(refused("n == 7)"), "the condition 'n == 7)' has an unexpected ')'");
  EXPECT_EQ(refused("mixer == 'attn"), "the condition 'mixer == 'attn' has text without a closing quote");
  EXPECT_EQ(refused("k == 7"),
            "the condition 'k == 7' names no gene that may stand here: 'k'; genes are n, m, mixer, info, nano, off");
  EXPECT_TRUE(refused("mixr == 'attn'").ends_with("; did you mean 'mixer'?"));
  EXPECT_EQ(refused("n == 7; n"), "the condition 'n == 7; n' has an unexpected '; n'");
  EXPECT_EQ(refused("n & m"), "the condition 'n & m' has an unexpected '& m'");
  EXPECT_EQ(refused("n == 1e999"), "the condition 'n == 1e999' has no number that can be used at '1e999'");
  EXPECT_EQ(refused("n and not"), "the condition 'n and not' ends too early");
}

TEST(Condition, refuses_comparisons_in_a_row) {
  EXPECT_EQ(refused("2 < n < 5"), "the condition '2 < n < 5' has comparisons in a row; join them by 'and'");
  EXPECT_EQ(holds("(2 < n) == 1"), true);
}

TEST(Condition, stops_at_its_limits) {
  EXPECT_EQ(refused(std::string(1001, 'n')).substr(0, 16), "the condition 'n");
  EXPECT_TRUE(refused(std::string(1001, ' ')).ends_with("is longer than 1000 characters"));
  EXPECT_TRUE(refused(std::string(500, '(')).ends_with("is nested more than 40 deep"));
  EXPECT_TRUE(refused(std::string(500, '-')).ends_with("is nested more than 40 deep"));
  std::string nots;
  for (int i = 0; i < 200; ++i) nots += "not ";
  EXPECT_TRUE(refused(nots + "n").ends_with("is nested more than 40 deep"));
}

}  // namespace
}  // namespace weft::space
