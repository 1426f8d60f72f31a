#include "search/limits.hpp"

#include <gtest/gtest.h>

#include "tests/support/errors.hpp"
#include "tests/support/trials.hpp"

namespace weft::search {
namespace {

using Answer = Limits::Answer;
using base::Json;
using evolve::Draft;

constexpr int kReply = 100;  // tokens of a reply at most

class LimitsTest : public ::testing::Test {
 protected:
  Limits limits(Budget budget, bool priced = true) const {
    return {budget,
            [priced](const llm::Usage& usage) {
              return priced ? std::optional(0.01 * static_cast<double>(usage.completion_tokens)) : std::nullopt;
            },
            *journal_};
  }
  // A draft of the call of trial `call`, whose prompt has 300 letters.
  static Draft draft(journal::TrialId call) {
    auto made = std::make_shared<evolve::PromptCall>();
    made->id = call;
    made->request.messages = {{"user", std::string(300, 'x')}};
    made->request.max_tokens = kReply;
    return {.kind = Draft::Kind::call, .lineage = {.call = call}, .genome = {}, .call = made};
  }
  void pay(journal::TrialId trial, std::int64_t tokens, int attempt = 0) const {
    journal_->add_call({.trial = trial,
                        .attempt = attempt,
                        .request = Json::object(),
                        .usage = {{"prompt_tokens", 0}, {"completion_tokens", tokens}},
                        .usd = 0.01 * static_cast<double>(tokens)});
  }
  static journal::Trial learned(journal::TrialId id, int repairs = 0) {
    journal::Trial trial{.id = id, .outcome = test::outcome_of({{"loss", 1}})};
    trial.proposal.repairs = repairs;
    return trial;
  }
  std::unique_ptr<journal::Journal> journal_ = journal::Journal::in_memory({});
};

TEST_F(LimitsTest, WithoutAnyNeverStops) {
  Limits limits = this->limits({}, false);
  EXPECT_EQ(limits.allow(1'000'000, 50), Answer::go);
  EXPECT_EQ(limits.admit(0, draft(0)), Answer::go);
  EXPECT_EQ(limits.reached(), "");
}

TEST_F(LimitsTest, OfTrialsCountsEveryProposal) {
  Limits limits = this->limits({.trials = 3});
  EXPECT_EQ(limits.allow(2, 2), Answer::go);
  EXPECT_EQ(limits.allow(3, 0), Answer::stop);
  EXPECT_EQ(limits.reached(), "trials");
}

TEST_F(LimitsTest, OfTimeLooksAtTheClock) {
  Limits none = limits({.minutes = 0.0}), some = limits({.minutes = 5});
  EXPECT_EQ(none.allow(0, 0), Answer::stop);
  EXPECT_EQ(none.reached(), "time");
  EXPECT_EQ(some.allow(0, 0), Answer::go);
}

TEST_F(LimitsTest, OfSimulatedTimeAddsUpWhatTheTableSays) {
  Limits limits = this->limits({.simulated_hours = 1});
  for (journal::TrialId id = 0; id < 3; ++id) {
    EXPECT_EQ(limits.allow(id, 0), Answer::go);
    journal::Trial trial = learned(id);
    trial.outcome->metrics["simulated_s"] = 1500;
    if (id == 2) trial.duplicate_of = 1;  // looked up once more: costs nothing
    limits.learn(trial);
  }
  journal::Trial last = learned(3);
  last.outcome->metrics["simulated_s"] = 600;
  limits.learn(last);
  EXPECT_EQ(limits.allow(4, 0), Answer::stop);
  EXPECT_EQ(limits.reached(), "simulated time");
}

TEST_F(LimitsTest, OfEvaluationsWaitsForThoseUnderWay) {
  Limits limits = this->limits({.evaluations = 2});
  EXPECT_EQ(limits.allow(0, 1), Answer::go);
  EXPECT_EQ(limits.allow(1, 2), Answer::wait) << "one of them may be invalid";
  EXPECT_EQ(limits.reached(), "");
  limits.learn(learned(0));
  EXPECT_EQ(limits.allow(2, 1), Answer::wait);
  limits.learn({.id = 1});  // invalid: nothing was evaluated
  EXPECT_EQ(limits.allow(2, 0), Answer::go);
  journal::Trial duplicate = learned(2);
  duplicate.duplicate_of = 0;
  limits.learn(duplicate);
  EXPECT_EQ(limits.allow(3, 0), Answer::go);
  limits.learn(learned(3));
  EXPECT_EQ(limits.allow(4, 0), Answer::stop);
  EXPECT_EQ(limits.reached(), "evaluations");
}

TEST_F(LimitsTest, OfCallsReservesForCallsUnderWay) {
  Limits limits = this->limits({.calls = 2});
  EXPECT_EQ(limits.admit(0, draft(0)), Answer::go);
  limits.reserve(0, draft(0));
  EXPECT_EQ(limits.admit(1, draft(0)), Answer::go) << "the second draft of a call costs none";
  limits.reserve(1, draft(0));
  EXPECT_EQ(limits.admit(2, draft(2)), Answer::go);
  limits.reserve(2, draft(2));
  EXPECT_EQ(limits.admit(3, draft(3)), Answer::wait);
  for (const journal::TrialId id : {0, 2}) pay(id, 1);
  for (const journal::TrialId id : {0, 1, 2}) limits.learn(learned(id));
  EXPECT_EQ(limits.admit(3, draft(3)), Answer::stop);
  EXPECT_EQ(limits.reached(), "calls");
}

TEST_F(LimitsTest, OfTokensReservesTheLongestReplyAndThePrompt) {
  Limits limits = this->limits({.tokens = 2.0 * (kReply + 100) + kReply});
  EXPECT_EQ(limits.admit(0, draft(0)), Answer::go);
  limits.reserve(0, draft(0));
  limits.reserve(1, draft(1));
  EXPECT_EQ(limits.admit(2, draft(1)), Answer::go) << "without the prompt it fits";
  EXPECT_EQ(limits.admit(2, draft(2)), Answer::wait);
  pay(0, 10);
  limits.learn(learned(0));
  EXPECT_EQ(limits.admit(2, draft(2)), Answer::go) << "less was used than reserved";
  pay(1, 400);
  limits.learn(learned(1));
  EXPECT_EQ(limits.admit(2, draft(2)), Answer::stop);
  EXPECT_EQ(limits.reached(), "tokens");
}

TEST_F(LimitsTest, OfMoneyReservesWhatADraftMayCost) {
  Limits limits = this->limits({.usd = 2.5});
  limits.reserve(0, draft(0));
  EXPECT_EQ(limits.admit(1, draft(1)), Answer::go);
  limits.reserve(1, draft(1));
  EXPECT_EQ(limits.admit(2, draft(2)), Answer::wait);
  pay(0, 100);
  pay(1, 100);
  limits.learn(learned(0));
  EXPECT_EQ(limits.admit(2, draft(2)), Answer::wait);
  limits.learn(learned(1));
  EXPECT_EQ(limits.admit(2, draft(2)), Answer::stop);
  EXPECT_EQ(limits.reached(), "money");
}

TEST_F(LimitsTest, OfNoMoneyStopsBeforeTheFirstCallThatCostsSome) {
  Limits limits = this->limits({.usd = 0});
  EXPECT_EQ(limits.admit(0, draft(0)), Answer::stop);
  EXPECT_EQ(limits.reached(), "money");
}

TEST_F(LimitsTest, OfNoMoneyLetsFreeDraftsPass) {
  Limits limits = this->limits({.usd = 0});
  EXPECT_EQ(limits.admit(0, Draft::of({}, "sample")), Answer::go);
}

TEST_F(LimitsTest, OfMoneyNeedsAPrice) {
  EXPECT_NE(test::error_of([&] { limits({.usd = 1}, false); }).find("budget.usd cannot be kept"), std::string::npos);
}

TEST_F(LimitsTest, CountRepairsAsWell) {
  Limits limits = this->limits({.calls = 3});
  for (const int attempt : {0, 1, 2}) pay(0, 5, attempt);
  limits.learn(learned(0, 2));
  EXPECT_EQ(limits.admit(1, draft(1)), Answer::stop);
}

TEST_F(LimitsTest, NameTheOneThatEndedTheRun) {
  Limits limits = this->limits({.tokens = 0, .calls = 0, .usd = 0});
  EXPECT_EQ(limits.admit(0, draft(0)), Answer::stop);
  EXPECT_EQ(limits.reached(), "money") << "the first in the order of the documentation";
}

TEST_F(LimitsTest, NameNoneWhileOneMakesADraftWait) {
  Limits limits = this->limits({.calls = 0, .usd = 1.5});
  limits.reserve(0, draft(0));
  EXPECT_EQ(limits.admit(1, draft(1)), Answer::stop) << "no call will ever fit, whatever comes back";
  EXPECT_EQ(limits.reached(), "calls");
}

}  // namespace
}  // namespace weft::search
