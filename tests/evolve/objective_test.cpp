#include "evolve/objective.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "base/random.hpp"
#include "tests/support/trials.hpp"

namespace weft::evolve {
namespace {

using base::Json;
using Costs = std::vector<std::vector<double>>;
using test::outcome_of;

const double kNan = std::nan(""), kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> costs(const Json& config, std::map<std::string, double> metrics) {
  return Objective::from_json(config).costs(outcome_of(std::move(metrics))).value_or(std::vector<double>{});
}

TEST(Objective, MakesEveryGoalANumberToBeMinimized) {
  EXPECT_EQ(costs({{"minimize", "loss"}}, {{"loss", 2}}), std::vector<double>{2});
  EXPECT_EQ(costs({{"maximize", "val_accuracy"}}, {{"val_accuracy", 0.75}}), std::vector<double>{-0.75});
  EXPECT_EQ(costs({{"pareto", {"val_accuracy", "params"}}}, {{"val_accuracy", 0.5}, {"params", 9}}),
            (std::vector<double>{-0.5, 9}));
}

TEST(Objective, HasTheFirstGoalForPlotsAndPrompts) {
  const Objective objective = Objective::from_json({{"pareto", {"params", "val_accuracy", "loss"}}});
  EXPECT_EQ(objective.first().metric, "params");
  EXPECT_TRUE(objective.goals[0].minimize);
  EXPECT_FALSE(objective.goals[1].minimize);
  EXPECT_TRUE(objective.goals[2].minimize);
}

TEST(Objective, HasNoCostsWhereAMetricIsMissing) {
  EXPECT_TRUE(costs({{"minimize", "loss"}}, {{"other", 2}}).empty());
  EXPECT_TRUE(costs({{"pareto", {"loss", "params"}}}, {{"loss", 2}}).empty());
}

TEST(Objective, HasNoCostsWhereAMetricIsNoNumber) {
  for (const double value : {kNan, kInfinity, -kInfinity}) {
    EXPECT_TRUE(costs({{"minimize", "loss"}}, {{"loss", value}}).empty());
    EXPECT_TRUE(costs({{"pareto", {"params", "loss"}}}, {{"params", 1}, {"loss", value}}).empty());
  }
}

TEST(Objective, HasNoCostsForAFailureWhateverItMeasured) {
  journal::Outcome outcome = outcome_of({{"loss", 1}});
  outcome.failure = "time_limit";
  EXPECT_FALSE(Objective::from_json({{"minimize", "loss"}}).costs(outcome).has_value());
}

TEST(Objective, MayNameWhatWasMeasuredButNeverATestScore) {
  journal::Outcome outcome = outcome_of({});
  outcome.measured["latency_s"] = 0.5;
  outcome.test["test_loss"] = 1;
  EXPECT_EQ(Objective::value(outcome, "latency_s"), 0.5);
  EXPECT_FALSE(Objective::value(outcome, "test_loss").has_value());
}

TEST(Dominates, MeansNoWorseInAllAndBetterInOne) {
  EXPECT_TRUE(dominates({1, 2}, {1, 3}));
  EXPECT_FALSE(dominates({1, 2}, {1, 2}));
  EXPECT_FALSE(dominates({1, 3}, {2, 1}));
  EXPECT_FALSE(dominates({2, 3}, {1, 3}));
}

TEST(Ranking, OfOneGoalIsFromTheSmallestCost) {
  EXPECT_EQ(ranking({{3}, {1}, {2}}), (std::vector<std::size_t>{1, 2, 0}));
  EXPECT_EQ(ranking({{1}, {1}, {0}, {1}}), (std::vector<std::size_t>{2, 0, 1, 3})) << "ties keep their order";
  EXPECT_TRUE(ranking({}).empty());
}

TEST(Ranking, OfSeveralGoalsPutsFrontBeforeFront) {
  const Costs points{{4, 4}, {1, 3}, {2, 2}, {3, 1}, {5, 5}};
  const auto order = ranking(points);
  EXPECT_EQ((std::set<std::size_t>{order[0], order[1], order[2]}), (std::set<std::size_t>{1, 2, 3}));
  EXPECT_EQ(order[3], 0U);
  EXPECT_EQ(order[4], 4U);
}

TEST(Ranking, WithinAFrontPutsTheEndsFirstAndTheCrowdedLast) {
  const Costs front{{0, 10}, {4.8, 5.2}, {5, 5}, {5.2, 4.8}, {10, 0}};
  const auto order = ranking(front);
  EXPECT_EQ((std::set<std::size_t>{order[0], order[1]}), (std::set<std::size_t>{0, 4}));
  EXPECT_EQ(order[4], 2U);
}

// Goals of very different size weigh alike in the crowding distance.
TEST(Ranking, DoesNotDependOnTheUnitsOfAGoal) {
  base::Random random(3);
  for (int round = 0; round < 50; ++round) {
    Costs points, scaled;
    for (int i = 0; i < 12; ++i) {
      points.push_back({random.uniform(), random.uniform()});
      scaled.push_back({points.back()[0] * 1024, points.back()[1] / 4096});
    }
    EXPECT_EQ(ranking(scaled), ranking(points)) << round;
  }
}

// A dominated point that ties the best of a goal must not blow that goal up.
TEST(Ranking, IsNotTurnedByTheLastFront) {
  const Costs front{{0, 10}, {1, 4}, {2, 3.9}, {6, 1}, {10, 0}};
  Costs more = front;
  more.push_back({0, 11});
  auto order = ranking(more);
  ASSERT_EQ(order.back(), 5U);
  order.pop_back();
  EXPECT_EQ(order, ranking(front));
}

TEST(Ranking, AgreesWithDominationForRandomPoints) {
  base::Random random(4);
  for (int round = 0; round < 50; ++round) {
    Costs points;
    for (int i = 0; i < 15; ++i)
      points.push_back({static_cast<double>(random.below(5)), static_cast<double>(random.below(5)),
                        static_cast<double>(random.below(5))});
    const auto order = ranking(points);
    for (std::size_t later = 0; later < order.size(); ++later) {
      for (std::size_t earlier = 0; earlier < later; ++earlier)
        EXPECT_FALSE(dominates(points[order[later]], points[order[earlier]]));
    }
  }
}

}  // namespace
}  // namespace weft::evolve
