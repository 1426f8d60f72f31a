// AutoFormer's search (Chen et al. 2021) and HAT's (Wang et al. 2020).
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/evolve/fixture.hpp"
#include "tests/support/spaces.hpp"

namespace weft::evolve {
namespace {

constexpr const char* kSmall = "{population: 12, generations: 4, parents: 3, mutations: 5, crossovers: 4}";

// A run of the method with scores that follow from the genome.
std::vector<Step> run(const Made& made, const std::string& options, std::size_t window = 5, int bad = 0) {
  const auto proposer = made.proposer("evolution", options);
  Script script(made, bad);
  Loop loop(made, *proposer, window, 1, std::ref(script));
  std::vector<Step> steps = loop.run(100'000);
  EXPECT_TRUE(loop.exhausted());
  return steps;
}

std::vector<std::string> ops_of(const std::vector<Step>& steps, std::size_t from, std::size_t count) {
  std::vector<std::string> list;
  for (std::size_t i = from; i < from + count; ++i) list.push_back(steps[i].draft.lineage.op);
  return list;
}

const space::Genome& genome_of(const std::vector<Step>& steps, TrialId id) {
  return *steps[static_cast<std::size_t>(id)].trial.proposal.genome;
}

class Evolution : public ::testing::TestWithParam<const char*> {};

TEST_P(Evolution, ProposesEachGenomeOnce) {
  const Made made(GetParam());
  const std::vector<Step> steps = run(made, kSmall);
  EXPECT_EQ(steps.size(), 48U);
  std::set<std::string> ids;
  for (const Step& step : steps) {
    EXPECT_TRUE(ids.insert(step.trial.proposal.id).second);
    EXPECT_EQ(made.problem(step.draft.genome), "");
  }
}

TEST_P(Evolution, CrossesParentsOfEqualDepthWhereThereAreAny) {
  const Made made(GetParam());
  const std::vector<Step> steps =
      run(made, "{population: 30, generations: 3, parents: 12, mutations: 0, crossovers: 30}");
  int crossed = 0;
  for (const Step& step : steps) {
    if (step.draft.lineage.op != "cross_over") continue;
    ++crossed;
    const auto &a = genome_of(steps, step.draft.lineage.parents.at(0)),
               &b = genome_of(steps, step.draft.lineage.parents.at(1));
    EXPECT_NE(step.draft.lineage.parents[0], step.draft.lineage.parents[1]);
    EXPECT_EQ(made.space.depth(a), made.space.depth(b));
    EXPECT_EQ(made.space.depth(step.draft.genome), made.space.depth(a));
  }
  EXPECT_GT(crossed, 20);
}

INSTANTIATE_TEST_SUITE_P(OnEverySpace, Evolution,
                         ::testing::Values("gpt_nano", "autoformer_t", "nasbench201", "gpt_nano_open"),
                         [](const auto& row) { return std::string(row.param); });

TEST(EvolutionGenerations, AreSamplesThenMutationsCrossoversAndSamples) {
  const Made made;
  const std::vector<Step> steps = run(made, kSmall);
  EXPECT_EQ(ops_of(steps, 0, 12), std::vector<std::string>(12, "sample"));
  std::vector<std::string> later(12, "sample");
  std::fill_n(later.begin(), 5, "mutate");
  std::fill_n(later.begin() + 5, 4, "cross_over");
  for (const std::size_t from : {12U, 24U, 36U}) EXPECT_EQ(ops_of(steps, from, 12), later);
}

TEST(EvolutionGenerations, AreAThousandTrialsAsAutoFormerHasThem) {
  EXPECT_EQ(run(Made("autoformer_t"), "{}").size(), 1000U);
}

TEST(EvolutionGenerations, HaveNoSamplesAfterTheFirstAsHatHasThem) {
  const Made made("gpt_s");
  const std::vector<Step> steps =
      run(made,
          "{population: 125, generations: 4, parents: 25, mutations: 50, crossovers: 50, layer_mutation: 0.3, "
          "global_mutation: 0.3, same_depth: false, refill: false}");
  ASSERT_EQ(steps.size(), 125U + 3 * 100);
  for (std::size_t i = 125; i < steps.size(); ++i) EXPECT_NE(steps[i].draft.lineage.op, "sample") << i;
}

TEST(EvolutionParents, AreTheBestOfAllThatWereTold) {
  const Made made;
  const std::vector<Step> steps = run(made, kSmall, 5, 4);
  for (const std::size_t from : {12U, 24U, 36U}) {
    std::vector<std::pair<double, TrialId>> known;
    for (std::size_t i = 0; i < from; ++i) {
      const Trial& trial = steps[i].trial;
      const auto loss = trial.fresh() ? Objective::value(*trial.outcome, "loss") : std::nullopt;
      if (loss) known.emplace_back(*loss, trial.id);
    }
    std::sort(known.begin(), known.end());
    std::set<TrialId> best, used;
    for (std::size_t i = 0; i < 3; ++i) best.insert(known.at(i).second);
    for (std::size_t i = from; i < from + 12; ++i)
      used.insert(steps[i].draft.lineage.parents.begin(), steps[i].draft.lineage.parents.end());
    EXPECT_TRUE(std::includes(best.begin(), best.end(), used.begin(), used.end())) << "generation at " << from;
    EXPECT_FALSE(used.empty());
  }
}

TEST(EvolutionParents, AreAFrontOfSeveralObjectives) {
  Made made;
  made.objective = Objective{{{"loss", true}, {"params", true}}};
  const std::vector<Step> steps =
      run(made, "{population: 30, generations: 2, parents: 2, mutations: 15, crossovers: 5}");
  std::vector<std::vector<double>> costs;
  for (std::size_t i = 0; i < 30; ++i) costs.push_back(*made.objective.costs(*steps[i].trial.outcome));
  for (std::size_t i = 30; i < 60; ++i) {
    for (const TrialId parent : steps[i].draft.lineage.parents) {
      for (const auto& other : costs) EXPECT_FALSE(dominates(other, costs[static_cast<std::size_t>(parent)]));
    }
  }
}

TEST(EvolutionChildren, HaveEachGeneFromEitherParent) {
  const Made made("autoformer_t");
  const std::vector<Step> steps =
      run(made, "{population: 40, generations: 3, parents: 10, mutations: 0, crossovers: 40}");
  std::size_t first = 0, all = 0;
  for (const Step& step : steps) {
    if (step.draft.lineage.op != "cross_over") continue;
    const auto &a = genome_of(steps, step.draft.lineage.parents[0]),
               &b = genome_of(steps, step.draft.lineage.parents[1]);
    for (std::size_t slot = 0; slot < a.codes.size(); ++slot) {
      const std::int32_t code = step.draft.genome.codes[slot];
      EXPECT_TRUE(code == a.codes[slot] || code == b.codes[slot]);
      if (a.codes[slot] == b.codes[slot]) continue;
      ++all;
      first += code == a.codes[slot];
    }
  }
  ASSERT_GT(all, 300U);
  EXPECT_NEAR(static_cast<double>(first) / static_cast<double>(all), 0.5, 0.06);
}

TEST(EvolutionChildren, DifferFromTheirParentAsOftenAsTheChanceSays) {
  const Made made("autoformer_t");
  const std::vector<Step> steps =
      run(made, "{population: 400, generations: 3, parents: 10, mutations: 400, crossovers: 0, layer_mutation: 0.2}");
  const int heads = made.space.gene_index("num_heads");
  std::size_t changed = 0, all = 0;
  for (const Step& step : steps) {
    if (step.draft.lineage.op != "mutate") continue;
    const auto& parent = genome_of(steps, step.draft.lineage.parents[0]);
    for (int layer = 0; layer < 12; ++layer, ++all)
      changed += step.draft.genome.codes[made.space.slot(heads, layer)] != parent.codes[made.space.slot(heads, layer)];
  }
  ASSERT_EQ(all, 800U * 12);
  EXPECT_NEAR(static_cast<double>(changed) / static_cast<double>(all), 0.2 / 2, 0.012);  // of two values
}

TEST(EvolutionLimits, CostNoTrial) {
  Made made;
  made.space.limits.params = 300'000;  // many genomes are larger
  for (const Step& step : run(made, kSmall)) EXPECT_EQ(made.problem(step.draft.genome), "");
}

TEST(EvolutionLimits, ThatRefuseEveryGenomeAreShownAndEnd) {
  Made made;
  made.space.limits.params = 1;
  const auto proposer = made.proposer("evolution", "{population: 2, generations: 2, mutations: 1, crossovers: 1}");
  Loop loop(made, *proposer, 1, 1, [&](TrialId id, const Draft& draft) {
    EXPECT_NE(made.problem(draft.genome), "");
    return test::invalid_trial(id, made.problem(draft.genome));
  });
  EXPECT_EQ(loop.run(100).size(), 4U);
}

TEST(EvolutionRepeats, OnlyWhereASpaceHasNoOtherGenome) {
  Made made;
  made.space = test::space_of(
      "genes: {width: {choice: [16, 32, 48]}, heads: {choice: [1, 2]}}\n"
      "layers: {count: 2, block: gpt2.block, bind: {D: width, H: heads, R: 1}}\n");
  const std::vector<Step> steps = run(made, "{population: 4, generations: 2, parents: 2, mutations: 2, crossovers: 1}");
  ASSERT_EQ(steps.size(), 8U);
  std::set<std::string> ids;
  for (const Step& step : steps) ids.insert(step.trial.proposal.id);
  EXPECT_EQ(ids.size(), 6U);
}

TEST(EvolutionGenerations, WaitForTheOneBefore) {
  const Made made;
  const auto proposer = made.proposer("evolution", "{population: 3, generations: 2, parents: 1}");
  std::vector<Draft> drafts;
  const auto ask = [&](TrialId id) {
    base::Random random(1, "trial", static_cast<std::uint64_t>(id));
    return proposer->ask(id, random);
  };
  for (TrialId id = 0; id < 3; ++id) drafts.push_back(ask(id));
  for (TrialId id = 0; id < 3; ++id) {
    EXPECT_TRUE(ask(3).wait());
    proposer->tell(
        test::trial_of(made.space, id, drafts[static_cast<std::size_t>(id)].genome, test::outcome_of({{"loss", 1}})));
  }
  EXPECT_EQ(ask(3).lineage.op, "mutate");
}

}  // namespace
}  // namespace weft::evolve
