// Chen, Dohan, So 2023: rounds, parents and prompts.
#include <gtest/gtest.h>

#include "tests/evolve/fixture.hpp"

namespace weft::evolve {
namespace {

class EvoPrompting : public ::testing::Test {
 protected:
  Draft ask(Proposer& proposer) {
    base::Random random(1, "trial", static_cast<std::uint64_t>(next_));
    Draft draft = proposer.ask(next_, random);
    if (draft.exists()) ++next_;
    return draft;
  }
  // Tells the next trial, another genome for each.
  void tell(Proposer& proposer, double loss, double params = 1000) {
    base::Random random(7, "told", static_cast<std::uint64_t>(told_));
    genomes_.push_back(space::sample(made_.space, random));
    const auto outcome = std::isnan(loss)
                             ? journal::Outcome::failed("diverged", "")
                             : test::outcome_of({{made_.objective.first().metric, loss}, {"params", params}});
    proposer.tell(test::trial_of(made_.space, told_++, genomes_.back(), outcome));
  }
  // A method whose initial trials have these losses (and parameters 1000, 2000, ...).
  std::unique_ptr<Proposer> started(const std::string& options, const std::vector<double>& losses) {
    next_ = told_ = 0;
    auto proposer = made_.proposer("evoprompting", "{initial: " + std::to_string(losses.size()) + ", " + options + "}");
    for (std::size_t i = 0; i < losses.size(); ++i) EXPECT_EQ(ask(*proposer).kind, Draft::Kind::genome);
    for (const double loss : losses) tell(*proposer, loss, 1000.0 * static_cast<double>(told_ + 1));
    return proposer;
  }
  static std::string prompt(const Draft& draft) { return draft.call->request.messages.back().text; }

  Made made_;
  TrialId next_ = 0, told_ = 0;
  std::vector<space::Genome> genomes_;
};

TEST_F(EvoPrompting, AsksTheModelForNSamplesOfMPromptsARound) {
  const auto proposer = started("survivors: 3, prompts: 2, samples: 3", {5, 4, 3, 2});
  std::vector<Draft> drafts;
  for (int i = 0; i < 6; ++i) drafts.push_back(ask(*proposer));
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(drafts[static_cast<std::size_t>(i)].lineage.op, "evoprompting");
    EXPECT_EQ(drafts[static_cast<std::size_t>(i)].lineage.index, i % 3);
    EXPECT_EQ(drafts[static_cast<std::size_t>(i)].call->id, i < 3 ? 4 : 7);
    EXPECT_EQ(drafts[static_cast<std::size_t>(i)].call->request.samples, 3);
  }
  EXPECT_EQ(drafts[0].call, drafts[2].call) << "drafts of a prompt share its call";
  EXPECT_NE(drafts[0].call->request.seed, drafts[3].call->request.seed);
}

TEST_F(EvoPrompting, AsksAgainWithAnotherSeedWhereAServerGivesOneReplyACall) {
  made_.samples = false;
  const auto proposer = started("survivors: 3, prompts: 2, samples: 3", {5, 4, 3, 2});
  const Draft first = ask(*proposer), second = ask(*proposer);
  EXPECT_EQ(first.call->request.samples, 1);
  EXPECT_EQ(second.call->id, 5);
  EXPECT_EQ(second.lineage.index, 0);
  EXPECT_EQ(prompt(first), prompt(second));
  EXPECT_NE(first.call->request.seed, second.call->request.seed);
}

TEST_F(EvoPrompting, ShowsParentsFromTheWorstToTheBest) {
  const auto proposer = started("survivors: 4, parents: 4, prompts: 1, samples: 1", {3, 5, 2, 4});
  const Draft draft = ask(*proposer);
  EXPECT_EQ(draft.lineage.parents, (std::vector<TrialId>{1, 3, 0, 2}));
  const std::string text = prompt(draft);
  std::size_t at = 0;
  for (const char* score : {"loss: 5.0000", "loss: 4.0000", "loss: 3.0000", "loss: 2.0000"}) {
    const std::size_t found = text.find(score, at);
    ASSERT_NE(found, std::string::npos) << score << " in " << text;
    at = found;
  }
  EXPECT_NE(text.find(space::genome_form(made_.space, genomes_[2])), std::string::npos);
}

TEST_F(EvoPrompting, AsksForATenthLessThanTheSmallestAndAFiftiethBetterThanTheBest) {
  const auto proposer = started("survivors: 2, prompts: 1, samples: 1", {5.1, 10.2, 20});
  const std::string text = prompt(ask(*proposer));
  EXPECT_NE(text.find("params: 900 loss: 5.0000"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("params: 900 loss: 5.0000")) << text;
}

TEST_F(EvoPrompting, RoundsTheSizeToHundreds) {
  const auto proposer = started("survivors: 2, prompts: 1, samples: 1, target_size: 0.987", {1, 2});
  EXPECT_NE(prompt(ask(*proposer)).find("params: 1000 loss: 0.9804"), std::string::npos);
}

TEST_F(EvoPrompting, AsksForMoreOfWhatIsMaximized) {
  made_.objective = Objective{{{"val_accuracy", false}}};
  const auto proposer = started("survivors: 2, prompts: 1, samples: 1", {0.25, 0.5});
  const Draft draft = ask(*proposer);
  EXPECT_EQ(draft.lineage.parents, (std::vector<TrialId>{0, 1}));
  EXPECT_TRUE(prompt(draft).ends_with("params: 900 val_accuracy: 0.5100")) << prompt(draft);
}

TEST_F(EvoPrompting, AsksForBetterWhereScoresAreNegative) {
  const auto less = started("survivors: 2, prompts: 1, samples: 1", {-1, -2});
  EXPECT_TRUE(prompt(ask(*less)).ends_with("loss: -2.0400"));
  made_.objective = Objective{{{"log_likelihood", false}}};
  const auto more = started("survivors: 2, prompts: 1, samples: 1", {-1, -2});
  EXPECT_TRUE(prompt(ask(*more)).ends_with("log_likelihood: -0.9804"));
}

TEST_F(EvoPrompting, ChoosesTheBestOfAllThatWasTold) {
  const auto proposer = started("survivors: 2, prompts: 1, samples: 1", {9, 1, 8, 2, 7});
  EXPECT_EQ(ask(*proposer).lineage.parents, (std::vector<TrialId>{3, 1}));
}

TEST_F(EvoPrompting, HasNoParentTwice) {
  const auto proposer = started("survivors: 2, prompts: 1, samples: 1", {9, 1, 8, 2, 7});
  ask(*proposer);
  tell(*proposer, 5);
  EXPECT_EQ(ask(*proposer).lineage.parents, (std::vector<TrialId>{4, 5})) << "the next best, the child among them";
  tell(*proposer, 50);
  EXPECT_EQ(ask(*proposer).lineage.parents, (std::vector<TrialId>{0, 2}));
}

TEST_F(EvoPrompting, KeepsTheBestWhereItIsElitist) {
  const auto proposer = started("survivors: 2, prompts: 1, samples: 1, elitist: true", {9, 1, 8, 2, 7});
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(ask(*proposer).lineage.parents, (std::vector<TrialId>{3, 1}));
    tell(*proposer, 5);
  }
}

TEST_F(EvoPrompting, UsesTheLastParentsAgainWhereTooFewAreLeft) {
  const auto proposer = started("survivors: 2, prompts: 1, samples: 1", {1, 2});
  const auto first = ask(*proposer).lineage.parents;
  tell(*proposer, std::nan(""));
  EXPECT_EQ(ask(*proposer).lineage.parents, first);
}

TEST_F(EvoPrompting, GivesNoScoreToFailuresInvalidsAndDuplicates) {
  const auto proposer = started("survivors: 2, prompts: 1, samples: 1", {std::nan(""), 3, 4});
  EXPECT_EQ(ask(*proposer).lineage.parents, (std::vector<TrialId>{2, 1}));
  Trial duplicate = test::trial_of(made_.space, 3, genomes_[1], test::outcome_of({{"loss", 0}, {"params", 1}}));
  duplicate.duplicate_of = 1;
  proposer->tell(duplicate);
  proposer->tell(test::invalid_trial(4, "no"));
  next_ = 5;
  told_ = 5;
  EXPECT_EQ(ask(*proposer).lineage.parents, (std::vector<TrialId>{2, 1})) << "nobody new";
}

TEST_F(EvoPrompting, SamplesMoreWhereTooFewInitialTrialsCanBeParents) {
  const auto proposer = started("survivors: 2, prompts: 1, samples: 1", {std::nan(""), 3, std::nan("")});
  EXPECT_EQ(ask(*proposer).lineage.op, "sample");
  EXPECT_TRUE(ask(*proposer).wait()) << "that one may be enough";
  tell(*proposer, 4);
  EXPECT_EQ(ask(*proposer).lineage.parents, (std::vector<TrialId>{3, 1}));
}

TEST_F(EvoPrompting, SynchronousWaitsForTheLastChildOfARound) {
  const auto proposer = started("survivors: 2, prompts: 1, samples: 2, synchronous: true", {1, 2, 3, 4});
  ask(*proposer);
  ask(*proposer);
  EXPECT_TRUE(ask(*proposer).wait());
  tell(*proposer, 5);
  EXPECT_TRUE(ask(*proposer).wait());
  tell(*proposer, 5);
  EXPECT_TRUE(ask(*proposer).exists());
}

TEST_F(EvoPrompting, AskedAheadStartsFromWhatIsKnown) {
  const auto proposer = started("survivors: 2, prompts: 1, samples: 2", {1, 2, 3, 4});
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ask(*proposer).exists());
}

TEST_F(EvoPrompting, WaitsForTheInitialTrials) {
  const auto proposer = made_.proposer("evoprompting", "{initial: 3, survivors: 2}");
  for (int i = 0; i < 3; ++i) ask(*proposer);
  EXPECT_TRUE(ask(*proposer).wait());
  tell(*proposer, 1);
  tell(*proposer, 1);
  EXPECT_TRUE(ask(*proposer).wait());
  tell(*proposer, 1);
  EXPECT_TRUE(ask(*proposer).exists());
}

TEST_F(EvoPrompting, StartsAnOpenSpaceFromItsSeeds) {
  const Made open("gpt_nano_open");
  const auto proposer = open.proposer("evoprompting", "{initial: 6}");
  const int gene = space::program_gene(open.space);
  for (std::size_t i = 0; i < 5; ++i) {
    const Draft draft = ask(*proposer);
    EXPECT_EQ(draft.lineage.op, i < 4 ? "seed" : "sample");
    if (i == 4) break;
    EXPECT_EQ(draft.genome.programs.at(0)->text, open.space.seed(gene, i)->text);
  }
}

TEST_F(EvoPrompting, TakesItsTemperaturesFromTheList) {
  const auto proposer = started("survivors: 3, prompts: 1, samples: 1, temperatures: [0.2, 0.6]", {1, 2, 3, 4});
  std::set<double> seen;
  for (int i = 0; i < 40; ++i) {
    seen.insert(ask(*proposer).call->request.temperature);
    tell(*proposer, 3);
  }
  EXPECT_EQ(seen, (std::set<double>{0.2, 0.6}));
}

TEST_F(EvoPrompting, SelectsByTheProductOfSizeAndLoss) {
  const auto proposer = started("survivors: 2, prompts: 1, samples: 1, fitness: product", {4, 3, 2.5, 2.4});
  EXPECT_EQ(ask(*proposer).lineage.parents, (std::vector<TrialId>{1, 0})) << "4, 6, 7.5 and 9.6 thousand";
}

// The paper's error is 1 - accuracy: of two with one accuracy the smaller is the fitter.
TEST_F(EvoPrompting, SelectsByTheProductOfSizeAndErrorWhereTheAccuracyIsMaximized) {
  made_.objective = Objective{{{"val_accuracy", false}}};
  const auto proposer = started("survivors: 2, prompts: 1, samples: 1, fitness: product", {0.5, 0.5, 0.5, 0.9});
  EXPECT_EQ(ask(*proposer).lineage.parents, (std::vector<TrialId>{0, 3})) << "0.5, 1, 1.5 and 0.4 thousand";
}

TEST_F(EvoPrompting, HoldsTheReplyToTheSpace) {
  const auto proposer = started("survivors: 2, prompts: 1, samples: 1", {1, 2});
  const Draft draft = ask(*proposer);
  EXPECT_EQ(draft.call->request.constraint.json_schema, space::json_schema(made_.space));
  EXPECT_EQ(draft.call->request.constraint.grammar, space::grammar(made_.space));
  EXPECT_NE(prompt(draft).find(space::describe(made_.space)), std::string::npos);
  EXPECT_EQ(draft.call->prompt_hash, made_.prompts("evoprompting").at("evoprompting").hash());
}

}  // namespace
}  // namespace weft::evolve
