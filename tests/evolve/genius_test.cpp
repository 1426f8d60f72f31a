// Zheng et al. 2023: conversations that grow by one proposal and its score.
#include <gtest/gtest.h>

#include "tests/evolve/fixture.hpp"

namespace weft::evolve {
namespace {

class Genius : public ::testing::Test {
 protected:
  Draft ask(Proposer& proposer) {
    base::Random random(1, "trial", static_cast<std::uint64_t>(next_));
    Draft draft = proposer.ask(next_, random);
    if (draft.exists()) ++next_;
    return draft;
  }
  space::Genome genome(TrialId id) const {
    base::Random random(7, "told", static_cast<std::uint64_t>(id));
    return space::sample(made_.space, random);
  }
  std::string form(TrialId id) const { return space::genome_form(made_.space, genome(id)); }
  Trial trial(TrialId id, const journal::Outcome& outcome) const {
    return test::trial_of(made_.space, id, genome(id), outcome);
  }
  Trial good(TrialId id, double loss) const { return trial(id, test::outcome_of({{"loss", loss}})); }
  // All messages of a draft, as one text.
  static std::string text(const Draft& draft) {
    std::string all;
    for (const llm::Message& message : draft.call->request.messages) all += message.role + "\n" + message.text + "\n\n";
    return all;
  }
  // What the second prompt of one conversation says after this end of the first.
  std::string after(const Trial& trial, const std::string& memory) {
    next_ = 0;
    const auto proposer = made_.proposer("genius", "{conversations: 1, iterations: 3, memory: " + memory + "}");
    ask(*proposer);
    proposer->tell(trial);
    return text(ask(*proposer));
  }

  Made made_;
  TrialId next_ = 0;
};

TEST_F(Genius, FirstDescribesTheSpaceAndTheGoal) {
  const auto proposer = made_.proposer("genius");
  const Draft draft = ask(*proposer);
  const auto& messages = draft.call->request.messages;
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].role, "system");
  EXPECT_NE(messages[0].text.find(space::describe(made_.space)), std::string::npos);
  EXPECT_TRUE(messages[1].text.ends_with("Propose an architecture with a lower loss."));
  EXPECT_TRUE(draft.lineage.parents.empty());
  EXPECT_EQ(draft.call->request.samples, 1);
}

TEST_F(Genius, HasConversationsThatKnowNothingOfEachOther) {
  const auto proposer = made_.proposer("genius", "{conversations: 3, iterations: 2}");
  const Draft first = ask(*proposer), second = ask(*proposer), third = ask(*proposer);
  EXPECT_EQ(text(first), text(third));
  EXPECT_NE(first.call->request.seed, second.call->request.seed);
  EXPECT_TRUE(ask(*proposer).wait()) << "each waits for its own score";
  proposer->tell(good(0, 3.5));
  const Draft again = ask(*proposer);
  EXPECT_EQ(again.lineage.parents, std::vector<TrialId>{0});
  proposer->tell(good(1, 2.5));
  const Draft other = ask(*proposer);
  EXPECT_EQ(other.lineage.parents, std::vector<TrialId>{1});
  EXPECT_NE(text(other).find("2.5000"), std::string::npos);
  EXPECT_EQ(text(other).find("3.5000"), std::string::npos);
}

TEST_F(Genius, EndsAfterItsIterations) {
  const auto proposer = made_.proposer("genius", "{conversations: 2, iterations: 3}");
  Script script(made_);
  Loop loop(made_, *proposer, 5, 1, std::ref(script));
  EXPECT_EQ(loop.run(100).size(), 6U);
  EXPECT_TRUE(loop.exhausted());
}

TEST_F(Genius, WithAListTellsAllEarlierResultsInOneMessage) {
  const auto proposer = made_.proposer("genius", "{conversations: 1, iterations: 5, memory: list}");
  for (TrialId id = 0; id < 3; ++id) {
    ask(*proposer);
    proposer->tell(good(id, 3.0 - static_cast<double>(id)));
  }
  const Draft draft = ask(*proposer);
  ASSERT_EQ(draft.call->request.messages.size(), 2U);
  const std::string& said = draft.call->request.messages[1].text;
  for (TrialId id = 0; id < 3; ++id)
    EXPECT_NE(said.find(form(id) + "\ngives a loss of " + std::to_string(3 - id) + ".0000"), std::string::npos) << said;
  EXPECT_TRUE(said.ends_with("Propose a better one that is not among them."));
}

TEST_F(Genius, WithAChatLetsTheConversationGrow) {
  const auto proposer = made_.proposer("genius", "{conversations: 1, iterations: 5, memory: chat}");
  const Draft first = ask(*proposer);
  proposer->tell(good(0, 3));
  ask(*proposer);
  proposer->tell(good(1, 2));
  const auto messages = ask(*proposer).call->request.messages;
  ASSERT_EQ(messages.size(), 6U);
  EXPECT_EQ(messages[0].text, first.call->request.messages[0].text);
  EXPECT_EQ(messages[1].text, first.call->request.messages[1].text);
  EXPECT_EQ(messages[2].role, "assistant");
  EXPECT_EQ(messages[2].text, form(0));
  EXPECT_EQ(messages[3].text, "This architecture gives a loss of 3.0000. Propose a better one.");
  EXPECT_EQ(messages[4].text, form(1));
  EXPECT_EQ(messages[5].role, "user");
}

TEST_F(Genius, SaysWhatIsWrongWithAnInvalidReply) {
  for (const char* memory : {"list", "chat"}) {
    const std::string said = after(test::invalid_trial(0, "depth must be 2 to 6", "depth: 99"), memory);
    EXPECT_NE(said.find("is not valid: depth must be 2 to 6"), std::string::npos) << said;
    EXPECT_NE(said.find("depth: 99"), std::string::npos) << "the reply itself is shown";
  }
}

TEST_F(Genius, SaysThatAnEvaluationFailed) {
  for (const char* memory : {"list", "chat"}) {
    EXPECT_NE(
        after(trial(0, journal::Outcome::failed("diverged", "")), memory).find("could not be evaluated: diverged"),
        std::string::npos);
    EXPECT_NE(after(trial(0, test::outcome_of({{"other", 1}})), memory).find("has no loss"), std::string::npos);
  }
}

TEST_F(Genius, SaysThatAProposalWasMadeBefore) {
  Trial again = good(0, 2);
  again.duplicate_of = 0;
  EXPECT_NE(after(again, "list").find("gives a loss of 2.0000 (it was proposed before"), std::string::npos);
}

TEST_F(Genius, ShowsNoTestScore) {
  Trial sealed = good(0, 2);
  sealed.outcome->test["test_loss"] = 7.7777;
  EXPECT_EQ(after(sealed, "list").find("7.77"), std::string::npos);
  EXPECT_EQ(after(sealed, "chat").find("7.77"), std::string::npos);
}

TEST_F(Genius, WantsMoreOfWhatIsMaximized) {
  made_.objective = Objective{{{"val_accuracy", false}}};
  const auto proposer = made_.proposer("genius");
  EXPECT_NE(text(ask(*proposer)).find("with a higher val_accuracy"), std::string::npos);
}

TEST_F(Genius, HasItsTemperature) {
  const auto proposer = made_.proposer("genius", "{temperature: 0}");
  EXPECT_EQ(ask(*proposer).call->request.temperature, 0);
}

}  // namespace
}  // namespace weft::evolve
