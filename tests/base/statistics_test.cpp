// Expected numbers are of SciPy 1.17 (kendalltau, spearmanr, pearsonr, rankdata, t.interval) and NumPy (quantile);
// regrets are the means over every order of the tied, enumerated.
#include "base/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/errors.hpp"

namespace weft::base {
namespace {

using List = std::vector<double>;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void expect_near(std::optional<double> value, double expected, double tolerance = 1e-12) {
  ASSERT_TRUE(value.has_value());
  ASSERT_TRUE(std::abs(*value - expected) <= tolerance) << *value << ", expected " << expected;
}

struct Pair {
  const char* name;
  List x, y;
  double tau, rho, r;
};

std::vector<Pair> pairs_of_lists() {
  Pair far{"far apart", {}, {}, 0.017418623511011404, 0.02474247584111165, 0.02479248096357368};
  Pair near{"near", {}, {}, 0.9842114768345552, 0.9994592714019392, 0.9996014843907322};
  for (std::int64_t i = 0; i < 1000; ++i) {
    const std::int64_t a = (i * i * 7919 + i * 104729) % 257, b = (i * i * 7919 + i * 31 + a * 3) % 101;
    far.x.push_back(static_cast<double>(a));
    far.y.push_back(static_cast<double>(b));
    near.x.push_back(static_cast<double>(a));
    near.y.push_back(static_cast<double>(a + i % 7));
  }
  return {{"ties",
           {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5},
           {2, 7, 1, 8, 2, 8, 1, 8, 2, 8, 4},
           0.14757295747452434,
           0.1384567651467695,
           0.09422924859889797},
          {"no ties",
           {0.5, -1.25, 3.75, 2.0, 10.0, -7.5},
           {1.5, 2.5, -0.5, 4.0, 3.0, 0.25},
           0.2,
           0.2571428571428572,
           0.3742885360700058},
          {"reversed", {1, 2, 3, 4}, {4, 3, 2, 1}, -1, -1, -1},
          {"two values", {1, 2}, {5, 9}, 1, 1, 1},
          {"many ties",
           {1, 1, 1, 2, 2, 2, 3, 3, 3, 3},
           {1, 2, 2, 2, 3, 3, 1, 3, 3, 3},
           0.4377137796365057,
           0.46355253465055324,
           0.41617338346337085},
          {"a double's range",
           {1e300, 2e-300, -1e300, 0.0, 7.0},
           {1.0, 0.5, 0.25, 2.0, 4.0},
           0.4,
           0.5,
           0.17390208591006312},
          far,
          near};
}

TEST(Statistics, agree_with_scipy_on_kendalls_tau) {
  for (const Pair& pair : pairs_of_lists()) {
    SCOPED_TRACE(pair.name);
    expect_near(kendall_tau(pair.x, pair.y), pair.tau);
    expect_near(kendall_tau(pair.y, pair.x), pair.tau);
  }
}

TEST(Statistics, agree_with_scipy_on_spearmans_rho_and_pearsons_r) {
  for (const Pair& pair : pairs_of_lists()) {
    SCOPED_TRACE(pair.name);
    expect_near(spearman_rho(pair.x, pair.y), pair.rho);
    expect_near(pearson(pair.x, pair.y), pair.r);
  }
}

TEST(Statistics, give_equal_values_the_mean_of_their_ranks) {
  EXPECT_EQ(average_ranks(List{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5}),
            (List{4.5, 1.5, 6.0, 1.5, 8.0, 11.0, 3.0, 10.0, 8.0, 4.5, 8.0}));
}

TEST(Statistics, know_no_correlation_of_a_constant_or_of_one_value) {
  for (const auto& [x, y] : {std::pair{List{2, 2, 2}, List{1, 2, 3}}, std::pair{List{1, 2, 3}, List{0.1, 0.1, 0.1}},
                             std::pair{List{1}, List{2}}, std::pair{List{}, List{}}}) {
    EXPECT_FALSE(kendall_tau(x, y).has_value());
    EXPECT_FALSE(spearman_rho(x, y).has_value());
    EXPECT_FALSE(pearson(x, y).has_value());
  }
}

TEST(Statistics, refuse_what_is_not_finite_and_lists_of_two_lengths) {
  const List good{1, 2, 3}, bad{1, kNaN, 3}, longer{1, 2, 3, 4};
  const std::string nan = "value 2 is nan; expected a finite number";
  EXPECT_EQ(test::error_of([&] { kendall_tau(good, bad); }), nan);
  EXPECT_EQ(test::error_of([&] { spearman_rho(bad, good); }), nan);
  EXPECT_EQ(test::error_of([&] { pearson(bad, bad); }), nan);
  EXPECT_EQ(test::error_of([&] { top_k_regret(good, bad, 1); }), nan);
  EXPECT_EQ(test::error_of([&] { quantile(bad, 0.5); }), nan);
  EXPECT_EQ(test::error_of([&] { t_interval(bad); }), nan);
  EXPECT_EQ(test::error_of([&] { mean(List{HUGE_VAL}); }), "value 1 is inf; expected a finite number");
  EXPECT_EQ(test::error_of([&] { kendall_tau(good, longer); }),
            "there are 3 and 4 values; expected two lists of one length");
  EXPECT_EQ(test::error_of([&] { mean({}); }), "there is no value; expected at least one");
  EXPECT_EQ(test::error_of([&] { quantile(good, 1.5); }), "the share is 1.5; expected 0 to 1");
}

TEST(Statistics, measure_the_regret_of_the_k_that_are_put_first) {
  const List truth{3, 1, 2, 5};
  EXPECT_EQ(top_k_regret(List{1, 2, 3, 4}, truth, 1), 2);
  EXPECT_EQ(top_k_regret(List{1, 2, 3, 4}, truth, 2), 0);
  EXPECT_EQ(top_k_regret(List{4, 3, 2, 1}, truth, 1), 4);
  EXPECT_EQ(top_k_regret(List{4, 3, 2, 1}, truth, 2), 1);
  EXPECT_EQ(test::error_of([&] { top_k_regret(truth, truth, 5); }), "k is 5; expected 1 to 4");
  EXPECT_EQ(test::error_of([&] { top_k_regret(truth, truth, 0); }), "k is 0; expected 1 to 4");
}

TEST(Statistics, average_regret_over_every_way_to_break_a_tie) {
  const List expected{5.5, 5, 3, 11.0 / 6, 1.25, 1, 0}, of_constant{2.7, 0.85, 0.35, 0.1, 0};
  for (std::size_t k = 1; k <= 7; ++k)
    expect_near(top_k_regret(List{1, 2, 2, 2, 3, 1, 2}, List{5, 2, 7, 1, 0, 6, 4}, k), expected[k - 1]);
  for (std::size_t k = 1; k <= 5; ++k)
    expect_near(top_k_regret(List(5, 0.0), List{3, 1, 4, 1.5, 9}, k), of_constant[k - 1]);
}

TEST(Statistics, agree_with_numpy_on_quantiles) {
  const List values{3, 1, 4, 1, 5, 9, 2, 6};
  for (const auto& [p, expected] : {std::pair{0.0, 1.0}, std::pair{0.025, 1.0}, std::pair{0.3, 2.1},
                                    std::pair{0.5, 3.5}, std::pair{0.975, 8.475}, std::pair{1.0, 9.0}})
    expect_near(quantile(values, p), expected);
  EXPECT_EQ(quantile({7}, 0.3), 7);
}

TEST(Statistics, agree_with_scipy_on_students_interval) {
  struct Case {
    List values;
    double level, low, high;
  };
  List steps(101);
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = static_cast<double>(i);
  for (const Case& one : {Case{{2.41, 2.43}, 0.95, 2.292937952638253, 2.547062047361747},
                          Case{{2.41, 2.43, 2.38}, 0.95, 2.3441505718729085, 2.469182761460425},
                          Case{{3, 1, 4, 1, 5, 9, 2, 6}, 0.95, 1.5773000431592457, 6.172699956840754},
                          Case{{3, 1, 4, 1, 5, 9, 2, 6}, 0.8, 2.5001216677213556, 5.249878332278644},
                          Case{{1.5, 2.5, -0.5, 4.0, 3.0}, 0.99, -1.4214554387169107, 5.621455438716911},
                          Case{steps, 0.95, 44.215778757372995, 55.784221242627005}}) {
    const auto interval = t_interval(one.values, one.level);
    ASSERT_TRUE(interval.has_value());
    expect_near(interval->low, one.low);
    expect_near(interval->high, one.high);
  }
  EXPECT_FALSE(t_interval(List{1}).has_value());
}

TEST(Statistics, resample_rows_and_within_them_columns) {
  const std::vector<List> table{{1, 2}, {10, 20, 30}, {100}};
  Random random(1), again(1);
  std::vector<int> seen(3);
  double sum = 0;
  for (int i = 0; i < 3000; ++i) {
    const Resample drawn = resample(table, random), same = resample(table, again);
    ASSERT_EQ(drawn.rows, same.rows);
    ASSERT_EQ(drawn.means, same.means);
    ASSERT_EQ(drawn.rows.size(), 3U);
    for (std::size_t j = 0; j < 3; ++j) {
      const List& row = table[drawn.rows[j]];
      ++seen[drawn.rows[j]];
      ASSERT_TRUE(drawn.means[j] >= row.front() && drawn.means[j] <= row.back());
      if (drawn.rows[j] == 1) sum += drawn.means[j];
    }
  }
  for (const int count : seen) EXPECT_NEAR(count, 3000, 200);
  EXPECT_NEAR(sum / seen[1], 20, 0.5);
}

// A mean's percentile interval holds the true mean about as often as it says.
TEST(Statistics, make_bootstrap_intervals_that_hold_what_they_promise) {
  constexpr int kStudies = 300, kDraws = 200;
  int held = 0;
  for (int study = 0; study < kStudies; ++study) {
    Random random(5, "study", static_cast<std::uint64_t>(study));
    std::vector<List> table(40);
    for (List& row : table) {
      const double level = random.uniform();  // of mean 0.5
      for (int j = 0; j < 3; ++j) row.push_back(level + random.uniform() - 0.5);
    }
    List draws;
    for (int i = 0; i < kDraws; ++i) draws.push_back(mean(resample(table, random).means));
    const Interval interval = percentile_interval(draws, 0.9);
    held += interval.low <= 0.5 && 0.5 <= interval.high;
  }
  EXPECT_GT(held, 0.85 * kStudies);
  EXPECT_LT(held, 0.97 * kStudies);
}

}  // namespace
}  // namespace weft::base
