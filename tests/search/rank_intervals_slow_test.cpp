// Whether the intervals of a study of rankings hold what they promise: studies are drawn whose tau is known.
#include <gtest/gtest.h>

#include "search/rank_summary.hpp"
#include "tests/support/rankings.hpp"

namespace weft::search {
namespace {

constexpr int kStudies = 200;
const std::vector<test::Predicting> kPredictor{{"a", 0.8}};

// The tau of a study so large that it is known to the second place.
double true_tau(double noise) {
  const RankStudy large = test::study_of(20'000, 3, 0.5, kPredictor, 99, noise);
  std::vector<double> means;
  for (const auto& seeds : large.truth) means.push_back(base::mean(seeds));
  return base::kendall_tau(large.predictors[0].scores, means).value();
}

TEST(RankIntervals, hold_the_true_tau_about_as_often_as_they_say) {
  for (const double noise : {0.3, 1.0}) {
    const double truth = true_tau(noise);
    int missed = 0;
    for (int i = 0; i < kStudies; ++i) {
      const auto study = test::study_of(40, 3, 0.5, kPredictor, 1000 + static_cast<std::uint64_t>(i), noise);
      for (const Ranking& one : summarize(study).rankings) {
        if (one.name == "a") missed += !(one.tau->interval->low <= truth && truth <= one.tau->interval->high);
      }
    }
    RecordProperty(noise < 1 ? "missed_little_noise" : "missed_much_noise", missed);
    EXPECT_GE(missed, 1) << "noise " << noise;
    EXPECT_LE(missed, kStudies / 10) << "noise " << noise;
  }
}

}  // namespace
}  // namespace weft::search
