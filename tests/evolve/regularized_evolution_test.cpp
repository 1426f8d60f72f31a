// Real et al. 2019, algorithm 1.
#include <gtest/gtest.h>

#include "tests/evolve/fixture.hpp"

namespace weft::evolve {
namespace {

class RegularizedEvolution : public ::testing::Test {
 protected:
  // Tells a sampled genome with this loss (NaN: it failed).
  void tell(Proposer& proposer, TrialId id, double loss) {
    base::Random random(7, "told", static_cast<std::uint64_t>(id));
    const auto outcome =
        std::isnan(loss) ? journal::Outcome::failed("diverged", "") : test::outcome_of({{"loss", loss}});
    proposer.tell(test::trial_of(made_.space, id, space::sample(made_.space, random), outcome));
  }
  Draft ask(Proposer& proposer, TrialId id) const {
    base::Random random(1, "trial", static_cast<std::uint64_t>(id));
    return proposer.ask(id, random);
  }
  // Parents of the next many children, without telling any.
  std::map<TrialId, int> parents(Proposer& proposer, TrialId from, int count) const {
    std::map<TrialId, int> drawn;
    for (TrialId id = from; id < from + count; ++id) {
      const Draft draft = ask(proposer, id);
      if (draft.lineage.parents.size() == 1) ++drawn[draft.lineage.parents[0]];
    }
    return drawn;
  }

  Made made_;
};

TEST_F(RegularizedEvolution, StartsWithAPopulationOfSamples) {
  const auto proposer = made_.proposer("regularized_evolution", "{population: 4, sample: 2}");
  for (TrialId id = 0; id < 4; ++id) EXPECT_EQ(ask(*proposer, id).lineage.op, "sample");
  tell(*proposer, 0, 1);
  EXPECT_EQ(ask(*proposer, 4).lineage.op, "mutate");
}

TEST_F(RegularizedEvolution, MutatesTheBestOfTheSample) {
  const auto proposer = made_.proposer("regularized_evolution", "{population: 4, sample: 200}");
  for (const auto& [id, loss] : std::map<TrialId, double>{{0, 3}, {1, 1}, {2, 2}, {3, 4}}) tell(*proposer, id, loss);
  EXPECT_EQ(parents(*proposer, 4, 50), (std::map<TrialId, int>{{1, 50}}));
}

TEST_F(RegularizedEvolution, MutatesTheLargestWhereTheObjectiveIsMaximized) {
  made_.objective = Objective{{{"loss", false}}};
  const auto proposer = made_.proposer("regularized_evolution", "{population: 4, sample: 200}");
  for (TrialId id = 0; id < 4; ++id) tell(*proposer, id, static_cast<double>(id));
  EXPECT_EQ(parents(*proposer, 4, 20), (std::map<TrialId, int>{{3, 20}}));
}

// With replacement a sample of as many as live misses the best with probability (1 - 1/P)^S.
TEST_F(RegularizedEvolution, DrawsItsSampleWithReplacement) {
  const auto proposer = made_.proposer("regularized_evolution", "{population: 4, sample: 4}");
  for (TrialId id = 0; id < 4; ++id) tell(*proposer, id, static_cast<double>(id));
  const auto drawn = parents(*proposer, 4, 2000);
  EXPECT_NEAR(drawn.at(0) / 2000.0, 1 - std::pow(0.75, 4), 0.04);
  EXPECT_NEAR(drawn.at(1) / 2000.0, std::pow(0.75, 4) - std::pow(0.5, 4), 0.04);
  EXPECT_GT(drawn.at(2), 0);
}

TEST_F(RegularizedEvolution, KillsTheOldest) {
  const auto proposer = made_.proposer("regularized_evolution", "{population: 3, sample: 100}");
  tell(*proposer, 0, 0);  // the best ever
  tell(*proposer, 1, 2);
  tell(*proposer, 2, 3);
  EXPECT_TRUE(parents(*proposer, 3, 20).contains(0));
  tell(*proposer, 3, 4);
  EXPECT_EQ(parents(*proposer, 4, 20), (std::map<TrialId, int>{{1, 20}})) << "age decides, not fitness";
  tell(*proposer, 4, 5);
  EXPECT_EQ(parents(*proposer, 5, 20), (std::map<TrialId, int>{{2, 20}}));
}

TEST_F(RegularizedEvolution, HasNoParentsThatFailed) {
  const auto proposer = made_.proposer("regularized_evolution", "{population: 3, sample: 1}");
  tell(*proposer, 0, std::nan(""));
  tell(*proposer, 1, 2);
  proposer->tell(test::invalid_trial(2, "no"));
  tell(*proposer, 3, 3);
  const auto drawn = parents(*proposer, 4, 200);
  EXPECT_EQ(drawn.size(), 2U);
  EXPECT_TRUE(drawn.contains(1) && drawn.contains(3));
}

TEST_F(RegularizedEvolution, AFailureKillsNobody) {
  const auto proposer = made_.proposer("regularized_evolution", "{population: 2, sample: 100}");
  tell(*proposer, 0, 1);
  tell(*proposer, 1, 2);
  for (TrialId id = 2; id < 9; ++id) tell(*proposer, id, std::nan(""));
  EXPECT_EQ(parents(*proposer, 9, 10), (std::map<TrialId, int>{{0, 10}}));
}

TEST_F(RegularizedEvolution, SamplesOnWhereNobodyLives) {
  const auto proposer = made_.proposer("regularized_evolution", "{population: 2, sample: 2}");
  ask(*proposer, 0);
  ask(*proposer, 1);
  EXPECT_TRUE(ask(*proposer, 2).wait()) << "before anything is told";
  tell(*proposer, 0, std::nan(""));
  EXPECT_EQ(ask(*proposer, 2).lineage.op, "sample");
  EXPECT_TRUE(ask(*proposer, 3).wait());
}

TEST_F(RegularizedEvolution, ChangesItsParentInOnePlace) {
  const auto proposer = made_.proposer("regularized_evolution", "{population: 3, sample: 2}");
  Script script(made_);
  Loop loop(made_, *proposer, 1, 5, std::ref(script));
  const auto& steps = loop.run(60);
  int children = 0;
  for (const Step& step : steps) {
    if (step.draft.lineage.op != "mutate") continue;
    ++children;
    const auto& parent = steps[static_cast<std::size_t>(step.draft.lineage.parents[0])];
    EXPECT_NE(step.trial.proposal.id, parent.trial.proposal.id);
    EXPECT_LT(space::distance(made_.space, step.draft.genome, *parent.trial.proposal.genome), 0.7);
  }
  EXPECT_GT(children, 50);
}

TEST_F(RegularizedEvolution, CrossesOverAShareOfItsChildren) {
  const auto proposer = made_.proposer("regularized_evolution", "{population: 4, sample: 1, crossover: 0.5}");
  for (TrialId id = 0; id < 4; ++id) tell(*proposer, id, 1);
  int crossed = 0;
  for (TrialId id = 4; id < 404; ++id) {
    const Draft draft = ask(*proposer, id);
    if (draft.lineage.op != "cross_over") continue;
    ++crossed;
    ASSERT_EQ(draft.lineage.parents.size(), 2U);
    EXPECT_NE(draft.lineage.parents[0], draft.lineage.parents[1]);
  }
  EXPECT_NEAR(crossed, 150, 40) << "half, but where both parents are one";
}

}  // namespace
}  // namespace weft::evolve
