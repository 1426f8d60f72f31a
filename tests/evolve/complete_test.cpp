#include "evolve/complete.hpp"

#include <gtest/gtest.h>

#include <condition_variable>

#include "tests/evolve/fixture.hpp"
#include "tests/support/errors.hpp"

namespace weft::evolve {
namespace {

// Completes drafts and waits for what comes of them.
class Complete : public ::testing::Test {
 protected:
  void start(std::vector<std::string> replies, int repairs = 1, int concurrency = 1) {
    completer_.reset();
    model_ = std::make_unique<ScriptedModel>(std::move(replies), concurrency);
    Completer::Options options;
    options.space = &made_.space;
    options.provider = model_.get();
    options.journal = journal_.get();
    options.price = [](const llm::Usage& usage) { return 0.5 * static_cast<double>(usage.completion_tokens); };
    options.prompts = made_.prompts("evoprompting");
    options.check = [this](const space::Genome& genome) { return check_ ? check_(genome) : made_.problem(genome); };
    options.repairs = repairs;
    completer_ = std::make_unique<Completer>(std::move(options));
  }
  static std::shared_ptr<const PromptCall> call(TrialId id, int samples = 1) {
    auto made = std::make_shared<PromptCall>();
    made->id = id;
    made->prompt_hash = "hash";
    made->request.messages = {{"user", "Propose."}};
    made->request.samples = samples;
    return made;
  }
  static Draft draft(std::shared_ptr<const PromptCall> call, int index = 0) {
    return {.kind = Draft::Kind::call,
            .lineage = {.op = "test", .parents = {}, .call = call->id, .index = index},
            .genome = {},
            .call = std::move(call)};
  }
  void submit(TrialId id, const Draft& draft) {
    completer_->start(id, draft, [this, id](Completed done) {
      const std::lock_guard lock(mutex_);
      done_[id] = std::move(done);
      changed_.notify_all();
    });
  }
  Completed await(TrialId id) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return done_.contains(id); }));
    return done_[id];
  }
  Completed complete(TrialId id, const Draft& draft) {
    submit(id, draft);
    return await(id);
  }

  Made made_;
  Check check_;
  std::vector<std::string> good_ = test::replies_of(made_.space, 8, 3);
  std::unique_ptr<journal::Journal> journal_ = journal::Journal::in_memory({});
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<TrialId, Completed> done_;
  std::unique_ptr<ScriptedModel> model_;
  std::unique_ptr<Completer> completer_;  // ends before what it reports to
};

void expect_failure(const Completed& done, const std::string& what, base::Fault fault) {
  ASSERT_TRUE(done.failure.has_value());
  EXPECT_EQ(done.failure->what(), what);
  EXPECT_EQ(done.failure->fault(), fault);
}

TEST_F(Complete, ReadsAReplyIntoAProposal) {
  start({"Sure:\n" + good_[0] + "\nEnjoy."});
  const Completed done = complete(0, draft(call(0)));
  EXPECT_FALSE(done.failure.has_value());
  EXPECT_EQ(done.proposal.invalid, "");
  ASSERT_TRUE(done.proposal.genome.has_value());
  EXPECT_EQ(done.proposal.text, good_[0]);
  EXPECT_EQ(done.proposal.id, space::id(made_.space, *done.proposal.genome));
  EXPECT_EQ(done.proposal.reply, "Sure:\n" + good_[0] + "\nEnjoy.");
  EXPECT_EQ(done.proposal.repairs, 0);
  EXPECT_EQ(done.proposal.lineage.op, "test");
}

TEST_F(Complete, WritesTheCallIntoTheJournal) {
  start({good_[0]});
  complete(4, draft(call(4)));
  const auto written = journal_->call(4, 0);
  ASSERT_TRUE(written.has_value());
  EXPECT_EQ(written->replies, std::vector<std::string>{good_[0]});
  EXPECT_EQ(written->model, "scripted");
  EXPECT_EQ(written->prompt_hash, "hash");
  EXPECT_EQ(written->usd, 2.5);
  EXPECT_EQ(written->usage.at("prompt_tokens"), 10);
}

TEST_F(Complete, DoesNotAskForRepliesThatTheJournalHas) {
  start({good_[0], "bad", good_[1]});
  const Completed first = complete(0, draft(call(0))), repaired = complete(1, draft(call(1)));
  EXPECT_EQ(repaired.proposal.repairs, 1);
  done_.clear();
  start({});
  EXPECT_EQ(complete(0, draft(call(0))).proposal.text, first.proposal.text);
  EXPECT_EQ(complete(1, draft(call(1))).proposal.text, repaired.proposal.text);
  EXPECT_EQ(await(1).proposal.repairs, 1);
  EXPECT_TRUE(model_->requests.empty());
}

TEST_F(Complete, MakesOneCallForSeveralDrafts) {
  start({good_[0], good_[1], good_[2]});
  const auto shared = call(5, 3);
  for (int i = 0; i < 3; ++i) submit(5 + i, draft(shared, i));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(await(5 + i).proposal.text, good_[static_cast<std::size_t>(i)]);
  EXPECT_EQ(model_->requests.size(), 1U);
  EXPECT_EQ(journal_->calls().size(), 1U);
  EXPECT_EQ(complete(9, draft(shared, 1)).proposal.text, good_[1]) << "also when the call is long over";
}

TEST_F(Complete, MakesTheCallOfATrialThatIsNotTheFirstOfIt) {
  start({good_[0], good_[1]});
  const auto shared = call(2, 2);
  EXPECT_EQ(complete(3, draft(shared, 1)).proposal.text, good_[1]);
  EXPECT_TRUE(journal_->call(2, 0).has_value()) << "the call is its first trial's";
  EXPECT_EQ(model_->occasions.at(0).trial, 2);
}

TEST_F(Complete, HasAReplyRepairedWithItsErrorShown) {
  start({R"({"depth": 99})", good_[1]});
  const Completed done = complete(0, draft(call(0)));
  EXPECT_EQ(done.proposal.text, good_[1]);
  EXPECT_EQ(done.proposal.repairs, 1);
  EXPECT_EQ(done.proposal.reply, good_[1]);
  ASSERT_EQ(model_->requests.size(), 2U);
  const std::string asked = model_->requests[1].messages.back().text;
  EXPECT_NE(asked.find(R"({"depth": 99})"), std::string::npos);
  EXPECT_NE(asked.find("It is not valid: "), std::string::npos);
  EXPECT_NE(asked.find(space::from_reply(made_.space, R"({"depth": 99})").error()), std::string::npos) << asked;
  EXPECT_EQ(model_->requests[1].samples, 1);
  EXPECT_NE(model_->requests[1].seed, model_->requests[0].seed);
  EXPECT_EQ(model_->occasions[1].trial, 0);
  EXPECT_EQ(model_->occasions[1].attempt, 1);
  EXPECT_EQ(journal_->call(0, 1)->replies, std::vector<std::string>{good_[1]});
}

TEST_F(Complete, GivesUpAfterSoManyRepairs) {
  for (const int repairs : {0, 1, 3}) {
    done_.clear();
    journal_ = journal::Journal::in_memory({});
    start(std::vector<std::string>(10, "no genome"), repairs);
    const Completed done = complete(0, draft(call(0)));
    EXPECT_FALSE(done.proposal.genome.has_value());
    EXPECT_FALSE(done.proposal.invalid.empty());
    EXPECT_EQ(done.proposal.repairs, repairs);
    EXPECT_EQ(done.proposal.reply, "no genome");
    EXPECT_EQ(model_->requests.size(), static_cast<std::size_t>(repairs) + 1);
  }
}

TEST_F(Complete, HasAGenomeRepairedThatDoesNotDecode) {
  bool first = true;
  check_ = [&](const space::Genome&) { return std::exchange(first, false) ? "layer 0: too large" : ""; };
  start({good_[0], good_[1]});
  const Completed done = complete(0, draft(call(0)));
  EXPECT_EQ(done.proposal.text, good_[1]);
  EXPECT_NE(model_->requests.at(1).messages.back().text.find("layer 0: too large"), std::string::npos);
}

TEST_F(Complete, KeepsAGenomeThatDoesNotDecodeWithItsReason) {
  check_ = [](const space::Genome&) { return "layer 0: too large"; };
  start({good_[0]}, 0);
  const Completed done = complete(0, draft(call(0)));
  EXPECT_EQ(done.proposal.invalid, "layer 0: too large");
  EXPECT_TRUE(done.proposal.genome.has_value());
  EXPECT_EQ(done.proposal.text, good_[0]);
}

TEST_F(Complete, HasTheDraftsOfACallRepairedEachOnItsOwn) {
  start({"bad", "worse", good_[0], good_[1]});
  const auto shared = call(0, 2);
  submit(0, draft(shared, 0));
  submit(1, draft(shared, 1));
  EXPECT_EQ((std::set<std::string>{await(0).proposal.text, await(1).proposal.text}),
            (std::set<std::string>{good_[0], good_[1]}));
  EXPECT_TRUE(journal_->call(0, 1).has_value());
  EXPECT_TRUE(journal_->call(1, 1).has_value());
  EXPECT_NE(model_->requests[1].seed, model_->requests[2].seed);
}

TEST_F(Complete, FailsWhereTheProviderDoes) {
  start({});
  expect_failure(complete(0, draft(call(0))), "language model: no more replies", base::Fault::user);
  EXPECT_TRUE(journal_->calls().empty()) << "a failed call is made again by a resume";
}

TEST_F(Complete, FailsEveryDraftOfACallThatFails) {
  start({good_[0]});
  const auto shared = call(0, 2);
  submit(0, draft(shared, 0));
  submit(1, draft(shared, 1));
  EXPECT_TRUE(await(0).failure.has_value());
  EXPECT_TRUE(await(1).failure.has_value());
}

TEST_F(Complete, FailsWhereTheProviderDoesInARepair) {
  start({"bad"});
  expect_failure(complete(0, draft(call(0))), "language model: no more replies", base::Fault::user);
  EXPECT_EQ(journal_->calls().size(), 1U) << "the first reply stays";
}

TEST_F(Complete, FailsWhereTheJournalHasFewerRepliesThanAskedFor) {
  journal_->add_call(
      {.trial = 0, .request = base::Json::object(), .replies = {good_[0]}, .usage = base::Json::object()});
  start({});
  expect_failure(complete(0, draft(call(0, 2), 1)), "the call of trial 0 has 1 replies; expected 2", base::Fault::weft);
}

TEST_F(Complete, MakesNoCallForAGenome) {
  start({});
  base::Random random(1);
  const space::Genome genome = space::sample(made_.space, random);
  const Completed done = complete(0, Draft::of(genome, "sample", {}));
  EXPECT_EQ(done.proposal.text, space::to_text(made_.space, genome));
  EXPECT_EQ(done.proposal.invalid, made_.problem(genome));
  EXPECT_TRUE(model_->requests.empty());
}

TEST_F(Complete, GivesEachDraftItsOwnProposalWithManyCallsAtATime) {
  std::vector<std::string> replies;
  for (int i = 0; i < 200; ++i) replies.push_back(good_[static_cast<std::size_t>(i) % good_.size()]);
  start(replies, 1, 8);
  for (TrialId id = 0; id < 200; ++id) submit(id, draft(call(id)));
  for (TrialId id = 0; id < 200; ++id) {
    EXPECT_FALSE(await(id).failure.has_value());
    EXPECT_EQ(await(id).proposal.lineage.call, id);
    EXPECT_EQ(await(id).proposal.reply, journal_->call(id, 0)->replies.at(0));
  }
}

TEST_F(Complete, ReportsNothingAfterItIsStopped) {
  start({good_[0]});
  completer_->stop();
  submit(0, draft(call(0)));
  completer_.reset();
  EXPECT_TRUE(done_.empty());
}

}  // namespace
}  // namespace weft::evolve
