#include "base/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>

namespace weft::base {
namespace {

// Pearson's statistic of counts that should be equal.
double chi_squared(const std::vector<int>& counts) {
  double total = 0, statistic = 0;
  for (const int count : counts) total += count;
  const double expected = total / static_cast<double>(counts.size());
  for (const int count : counts) statistic += (count - expected) * (count - expected) / expected;
  return statistic;
}

TEST(Random, gives_the_same_numbers_on_every_machine) {
  Random random(1, "sample", 0);
  EXPECT_EQ(random.next(), 11755903878176909944ULL);
  EXPECT_EQ(random.next(), 16678721938354110078ULL);
}

TEST(Random, is_xoshiro256_starstar) {
  std::array<std::uint64_t, 4> s{};
  std::uint64_t seed = 7;
  for (std::uint64_t& word : s) word = seed = mix64(seed);
  const auto rotate = [](std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); };
  Random random(7);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t expected = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    ASSERT_EQ(random.next(), expected);
  }
}

TEST(Random, below_is_uniform) {
  Random random(3);
  std::vector<int> counts(10, 0);
  for (int i = 0; i < 100'000; ++i) ++counts[random.below(10)];
  EXPECT_LT(chi_squared(counts), 27.9);  // 9 degrees of freedom, p = 0.001
}

TEST(Random, below_has_no_bias_where_n_does_not_divide_the_range) {
  Random random(4);
  const std::uint64_t n = (1ULL << 63) + (1ULL << 62);  // by a plain product every third value would come twice
  std::vector<int> counts(3, 0);
  for (int i = 0; i < 30'000; ++i) ++counts[random.below(n) / (n / 3)];
  EXPECT_LT(chi_squared(counts), 13.8);  // 2 degrees of freedom, p = 0.001
}

TEST(Random, below_one_is_zero) {
  Random random(5);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0U);
}

TEST(Random, uniform_has_the_moments_of_the_unit_interval) {
  Random random(6);
  double sum = 0, squares = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double value = random.uniform();
    ASSERT_TRUE(value >= 0 && value < 1);
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / 1e5, 0.5, 0.005);
  EXPECT_NEAR(squares / 1e5, 1.0 / 3, 0.005);
}

TEST(Random, chance_zero_never_happens_and_chance_one_always) {
  Random random(7);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(random.chance(0));
    EXPECT_TRUE(random.chance(1));
  }
}

TEST(Random, streams_of_other_labels_and_numbers_are_others) {
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const char* label : {"sample", "mutate", "train", ""}) {
      for (std::uint64_t index = 0; index < 50; ++index) firsts.insert(Random(seed, label, index).next());
    }
  }
  EXPECT_EQ(firsts.size(), 20U * 4 * 50);
}

TEST(Random, neighbouring_streams_do_not_correlate) {
  for (const bool by_seed : {true, false}) {
    double correlation = 0;
    for (std::uint64_t i = 0; i < 20'000; ++i) {
      Random a(by_seed ? i : 1, "stream", by_seed ? 1 : i), b(by_seed ? i + 1 : 1, "stream", by_seed ? 1 : i + 1);
      correlation += (a.uniform() - 0.5) * (b.uniform() - 0.5);
    }
    EXPECT_NEAR(correlation / 20'000 * 12, 0, 0.03);
  }
}

TEST(Random, first_numbers_of_numbered_streams_are_uniform) {
  std::vector<int> counts(16, 0);
  for (std::uint64_t i = 0; i < 64'000; ++i) ++counts[Random(1, "trial", i).below(16)];
  EXPECT_LT(chi_squared(counts), 37.7);  // 15 degrees of freedom, p = 0.001
}

TEST(Random, shuffle_gives_every_order_alike) {
  Random random(8);
  std::vector<int> counts(6, 0);
  for (int i = 0; i < 60'000; ++i) {
    std::vector<int> order{0, 1, 2};
    random.shuffle(order);
    ++counts[static_cast<std::size_t>(order[0] * 2 + (order[1] > order[2] ? 1 : 0))];
  }
  EXPECT_LT(chi_squared(counts), 20.5);  // 5 degrees of freedom, p = 0.001
}

}  // namespace
}  // namespace weft::base
