#include "block/expression.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/random.hpp"
#include "tests/support/programs.hpp"

namespace weft::block {
namespace {

using Kind = Expression::Kind;

// The text of the width that a program writes as `source`.
std::string width(const std::string& source) {
  return test::program_of("return linear(x, " + source + ")").sites.at(0).attributes.at(0).text();
}

std::optional<double> value(const std::string& source, const Binding& binding) {
  std::string unbound;
  return test::program_of("return linear(x, " + source + ")").sites.at(0).attributes.at(0).evaluate(binding, unbound);
}

TEST(Expression, folds_numbers) {
  EXPECT_EQ(width("2 + 3 * 4"), "14");
  EXPECT_EQ(width("(2 + 3) * 4"), "20");
  EXPECT_EQ(width("7 // 2"), "3");
  EXPECT_EQ(width("2 - 5"), "-3");
}

TEST(Expression, folds_the_numbers_of_a_chain) {
  EXPECT_EQ(width("2 * D * 3"), "6 * D");
  EXPECT_EQ(width("1 + D + 2"), "3 + D");
}

TEST(Expression, drops_what_changes_nothing) {
  EXPECT_EQ(width("1 * D"), "D");
  EXPECT_EQ(width("D + 0"), "D");
  EXPECT_EQ(width("-(-D)"), "D");
}

TEST(Expression, writes_a_chain_in_one_order_however_it_was_grouped) {
  for (const char* source : {"2 * D * R", "D * 2 * R", "R * (2 * D)", "(R * D) * 2", "2 * (R * D)"}) {
    EXPECT_EQ(width(source), "2 * D * R") << source;
  }
  for (const char* source : {"D + R + 1", "1 + (R + D)", "(1 + D) + R"})
    EXPECT_EQ(width(source), "1 + D + R") << source;
}

TEST(Expression, keeps_the_order_where_it_matters) {
  EXPECT_EQ(width("D - R"), "D - R");
  EXPECT_EQ(width("R - D"), "R - D");
  EXPECT_EQ(width("D // R"), "D // R");
}

TEST(Expression, keeps_the_parentheses_that_matter) {
  EXPECT_EQ(width("D - (R - 1)"), "D - (R - 1)");
  EXPECT_EQ(width("(D - R) - 1"), "D - R - 1");
  EXPECT_EQ(width("(D + R) // 2"), "(D + R) // 2");
  EXPECT_EQ(width("D // (2 * R)"), "D // (2 * R)");
  EXPECT_EQ(width("R * (D // 2)"), "D // 2 * R");
  EXPECT_EQ(width("A * (D // 2)"), "A * (D // 2)");
}

TEST(Expression, writes_numbers_without_a_negative_zero) {
  EXPECT_EQ(width("-0"), "0");
  EXPECT_EQ(width("0 * -1"), "0");
}

TEST(Expression, divides_towards_negative_infinity) {
  EXPECT_EQ(value("D // 2", {{"D", 7}}), 3);
  EXPECT_EQ(value("D // 2", {{"D", -7}}), -4);
  EXPECT_EQ(value("R * D", {{"D", 64}, {"R", 3.5}}), 224);
}

TEST(Expression, has_no_value_where_it_divides_by_zero) {
  EXPECT_EQ(value("D // (D - 7)", {{"D", 7}}), std::nullopt);
}

TEST(Expression, names_the_gene_that_is_not_bound) {
  std::string unbound;
  const Expression product = Expression::combine(Kind::multiply, Expression::of_gene("D"), Expression::of_gene("Q"));
  EXPECT_EQ(product.evaluate({{"D", 7}}, unbound), std::nullopt);
  EXPECT_EQ(unbound, "Q");
}

TEST(Expression, knows_whether_its_numbers_are_finite) {
  const Expression infinite = Expression::of(std::numeric_limits<double>::infinity());
  EXPECT_FALSE(Expression::combine(Kind::subtract, Expression::of_gene("D"), infinite).finite());
  EXPECT_TRUE(Expression::of_gene("D").finite());
}

Expression random_expression(base::Random& random, int depth) {
  if (depth == 0 || random.chance(0.3)) {
    return random.chance(0.5) ? Expression::of(static_cast<double>(random.below(9)) / 2)
                              : Expression::of_gene(std::string(1, "ABDHR"[random.below(5)]));
  }
  const Kind kinds[] = {Kind::add, Kind::subtract, Kind::multiply, Kind::floor_divide};
  Expression left = random_expression(random, depth - 1);
  return Expression::combine(kinds[random.below(4)], std::move(left), random_expression(random, depth - 1));
}

TEST(Expression, parses_back_from_its_text) {
  base::Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const Expression expression = random_expression(random, 4);
    ASSERT_EQ(width(expression.text()), expression.text());
  }
}

TEST(Expression, keeps_its_value_in_canonical_form) {
  // The same random tree once combined and once computed.
  base::Random random(2);
  const Binding binding{{"A", 3}, {"B", 5}, {"D", 64}, {"H", 4}, {"R", 2}};
  for (int i = 0; i < 2000; ++i) {
    const Expression left = random_expression(random, 3), right = random_expression(random, 3);
    std::string unbound;
    const auto a = left.evaluate(binding, unbound), b = right.evaluate(binding, unbound);
    if (!a || !b) continue;
    EXPECT_DOUBLE_EQ(Expression::combine(Kind::add, left, right).evaluate(binding, unbound).value(), *a + *b);
    EXPECT_DOUBLE_EQ(Expression::combine(Kind::multiply, left, right).evaluate(binding, unbound).value(), *a * *b);
  }
}

}  // namespace
}  // namespace weft::block
