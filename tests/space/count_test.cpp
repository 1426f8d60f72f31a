#include <gtest/gtest.h>

#include "space/describe.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/spaces.hpp"

namespace weft::space {
namespace {

using test::space_of;

std::string counted(const std::string& text) {
  return count(space_of(text)).count;
}

TEST(Count, multiplies_free_genes) {
  EXPECT_EQ(counted("genes: {a: {range: [1, 5]}, b: {flag: true}, c: {range: [1, 3], per_layer: true}}\n"), "90");
}

TEST(Count, adds_up_depths) {
  EXPECT_EQ(counted("genes: {d: {range: [1, 3]}, c: {range: [1, 10], per_layer: true}}\n"
                    "layers: {count: d, block: gpt2.block, bind: {D: 16, H: 2, R: 1}}\n"),
            "1110");
}

TEST(Count, is_exact_beyond_any_machine_word) {
  EXPECT_EQ(counted("genes: {c: {range: [1, 10], per_layer: true}}\n"
                    "layers: {count: 100, block: gpt2.block, bind: {D: 16, H: 2, R: 1}}\n"),
            "1" + std::string(100, '0'));
}

TEST(Count, of_gpt_nano_is_the_sum_by_hand) {
  // 4 blocks; heads 2, 4, 8 divide all widths; 3 ratios: 9 a layer.
  unsigned long sum = 0;
  for (unsigned long layers = 2, power = 81; layers <= 6; ++layers, power *= 9) sum += power;
  EXPECT_EQ(count(Space::load("gpt_nano")).count, std::to_string(3 * 4 * sum));
}

TEST(Count, says_that_a_space_is_open_and_counts_the_rest) {
  const Size size = count(Space::load("gpt_nano_open"));
  EXPECT_TRUE(size.open);
  EXPECT_EQ(size.count, std::to_string(3 * 5 * 3 * 3));
}

TEST(Count, is_zero_where_constraints_allow_nothing) {
  EXPECT_EQ(counted("genes: {a: {range: [1, 3]}}\nrequire: [\"a > 3\"]\n"), "0");
  EXPECT_EQ(counted("genes: {a: {range: [1, 3]}}\nrequire: [\"1 > 3\"]\n"), "0");
  EXPECT_EQ(counted("genes: {a: {range: [1, 3], per_layer: true}}\nrequire: [\"a > 3\"]\n"), "0");
}

TEST(Count, gives_up_where_too_much_is_coupled) {
  std::string genes = "genes: {", sum = "a0";
  for (int i = 0; i < 6; ++i) {
    genes += (i > 0 ? ", a" : "a") + std::to_string(i) + ": {range: [1, 1000]}";
    if (i > 0) sum += " + a" + std::to_string(i);
  }
  const Space space = space_of(genes + "}\nrequire: [\"" + sum + " < 0\"]\n");
  EXPECT_EQ(test::error_of([&] { count(space); }),
            "space 't' couples too many genes by conditions for every combination to be looked at");
}

TEST(Count, looks_at_no_more_than_a_constraint_leaves) {
  // A thousand million combinations, of which each constraint cuts off nearly all as soon as it is known.
  EXPECT_EQ(counted("genes: {a: {range: [1, 1000]}, b: {range: [1, 1000]}, c: {range: [1, 1000]}}\n"
                    "require: [\"a == 7\", \"b == a\", \"c > b\"]\n"),
            "993");
}

}  // namespace
}  // namespace weft::space
