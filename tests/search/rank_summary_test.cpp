// What a study of rankings says. Tau and rho of the small study are SciPy's; the rest follows from how studies are
// drawn.
#include "search/rank_summary.hpp"

#include <gtest/gtest.h>

#include "tests/support/rankings.hpp"

namespace weft::search {
namespace {

const Ranking& of(const RankSummary& summary, const std::string& name) {
  const auto found = std::find_if(summary.rankings.begin(), summary.rankings.end(),
                                  [&](const Ranking& one) { return one.name == name; });
  if (found == summary.rankings.end()) throw std::runtime_error("no " + name);
  return *found;
}

RankStudy small() {
  RankStudy study{.name = "small", .metric = "accuracy", .minimize = false};
  study.truth = {{0.75, 0.25}, {0.5, 0.75}, {0.25, 0.25}, {1, 0.5}, {0.5, 0.5}, {0.125, 0.125}};  // 4 is the best
  for (std::int64_t i = 0; i < 6; ++i)
    study.genomes.push_back({.id = std::to_string(i + 1), .text = "", .params = (i * 5) % 6});
  study.predictors = {
      {"up", false, {4, 6, 2, 5, 3, 1}}, {"down", true, {-4, -6, -2, -5, -3, -1}}, {"same", true, {1, 1, 1, 1, 1, 1}}};
  return study;
}

TEST(RankSummary, measures_what_scipy_measures) {
  const RankSummary summary = summarize(small());
  for (const char* name : {"up", "down"}) {
    const Ranking& one = of(summary, name);
    ASSERT_TRUE(one.tau.has_value());
    ASSERT_TRUE(std::abs(one.tau->value - 0.8280786712108251) <= 1e-12) << one.tau->value;
    ASSERT_TRUE(std::abs(one.rho->value - 0.9276336570439174) <= 1e-12) << one.rho->value;
    ASSERT_EQ(one.regrets.size(), 2U);
    EXPECT_EQ(one.regrets[0].k, 1U);
    EXPECT_EQ(one.regrets[0].absolute.value, 0.125);
    ASSERT_TRUE(std::abs(one.regrets[0].relative->value - 0.125 / 0.75) <= 1e-12);
    EXPECT_EQ(one.regrets[1].k, 5U);
    EXPECT_EQ(one.regrets[1].absolute.value, 0);
  }
  ASSERT_TRUE(std::abs(of(summary, "params").tau->value - 0.27602622373694174) <= 1e-12);
}

TEST(RankSummary, says_nothing_of_a_predictor_that_cannot_rank) {
  const RankSummary summary = summarize(small());
  EXPECT_FALSE(of(summary, "same").tau.has_value());
  EXPECT_FALSE(of(summary, "same").rho.has_value());
  EXPECT_EQ(of(summary, "same").beats_params(), Verdict::unclear);
  EXPECT_EQ(summary.rankings.back().name, "same");
  EXPECT_EQ(of(summary, "same").regrets[0].absolute.value, summary.random[0].absolute.value);
}

TEST(RankSummary, has_no_intervals_and_no_verdict_for_a_few_genomes) {
  const RankSummary summary = summarize(test::study_of(9, 3, 0, {{"good", 1}}));
  EXPECT_EQ(summary.resamples, 0U);
  EXPECT_FALSE(of(summary, "good").tau->interval.has_value());
  EXPECT_EQ(of(summary, "good").beats_params(), Verdict::unclear);
}

TEST(RankSummary, tells_what_beats_sorting_by_parameters) {
  const RankSummary summary =
      summarize(test::study_of(60, 3, 0.7, {{"better", 0.99}, {"worse", 0, false}, {"alike", 0.7}}));
  EXPECT_EQ(of(summary, "better").beats_params(), Verdict::yes);
  EXPECT_EQ(of(summary, "worse").beats_params(), Verdict::no);
  EXPECT_EQ(of(summary, "alike").beats_params(), Verdict::unclear);
  EXPECT_EQ(of(summary, "flops").beats_params(), Verdict::unclear);  // the same order
  EXPECT_EQ(of(summary, "flops").over_params->interval->high, 0);
  EXPECT_EQ(summary.rankings.front().name, "better");
}

TEST(RankSummary, sorts_by_tau_and_keeps_every_estimate_within_its_interval) {
  const RankSummary summary = summarize(test::study_of(40, 2, 0.5, {{"a", 0.3}, {"b", 0.9, false}, {"c", -0.5}}));
  ASSERT_EQ(summary.rankings.size(), 5U);
  double before = 1;
  for (const Ranking& one : summary.rankings) {
    ASSERT_TRUE(one.tau->value <= before);
    before = one.tau->value;
    for (const Estimate& estimate : {*one.tau, *one.rho}) {
      ASSERT_TRUE(estimate.interval->low < estimate.value && estimate.value < estimate.interval->high);
    }
    for (const Regret& regret : one.regrets) ASSERT_TRUE(regret.absolute.value >= 0);
  }
}

TEST(RankSummary, is_the_same_every_time) {
  const RankStudy study = test::study_of(20, 2, 0.5, {{"a", 0.8}});
  EXPECT_EQ(summarize(study).to_json(), summarize(study).to_json());
}

TEST(RankSummary, knows_how_well_the_truth_agrees_with_itself) {
  EXPECT_FALSE(summarize(test::study_of(20, 1, 0.5, {{"a", 0.8}})).halves.has_value());
  const RankSummary exact = summarize(test::study_of(40, 3, 0.5, {{"a", 1}}, 1, 0));
  ASSERT_TRUE(exact.halves.has_value());
  ASSERT_TRUE(std::abs(exact.halves->value - 1) <= 1e-12);
  ASSERT_TRUE(std::abs(*exact.ceiling - 1) <= 1e-7);
  const RankSummary noise = summarize(test::study_of(150, 2, 0.5, {{"a", 0.5}}, 1, 100));
  ASSERT_TRUE(std::abs(noise.halves->value) <= 0.15);
}

// Quality and noise of equal size, four seeds: the mean of two seeds correlates with that of the two others by 2/3.
TEST(RankSummary, estimates_the_tau_of_a_predictor_that_knows_the_truth) {
  const RankSummary summary = summarize(test::study_of(400, 4, 0.5, {{"knows", 1}}, 1, 1));
  EXPECT_NEAR(summary.halves->value, std::asin(2.0 / 3) * 2 / std::numbers::pi, 0.04);
  EXPECT_NEAR(*summary.ceiling, of(summary, "knows").tau->value, 0.04);
}

}  // namespace
}  // namespace weft::search
