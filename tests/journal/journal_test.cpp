#include "journal/journal.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"

namespace weft::journal {
namespace {

using base::Json;
using test::error_of;
using test::Folder;
namespace fs = base::fs;

constexpr TrialId kHuge = (TrialId{1} << 62U) + 12345;

Outcome scored(double loss) {
  Outcome outcome;
  outcome.metrics = {{"val_loss", loss}};
  outcome.measured = {{"train_s", 1.25}};
  outcome.curve.push_back({{"step", 1}, {"val_loss", loss}});
  return outcome;
}

Trial trial_with(TrialId id, std::optional<Outcome> outcome) {
  Trial trial{.id = id};
  trial.proposal.lineage = {.op = "mutate", .parents = {id / 2}, .call = id, .index = 1};
  trial.proposal.text = R"({"depth":2})";
  trial.proposal.id = "g1-" + std::to_string(id);
  trial.outcome = std::move(outcome);
  return trial;
}

Call call_of(TrialId trial, std::vector<std::string> replies) {
  return {.trial = trial,
          .attempt = 0,
          .request = {{"messages", Json::array()}},
          .prompt_hash = "p",
          .model = "m",
          .replies = std::move(replies),
          .usage = {{"prompt_tokens", 3}},
          .usd = 0.25,
          .seconds = 2,
          .requests = 1};
}

class Run : public ::testing::Test {
 protected:
  fs::path path() const { return folder_.path() / "run"; }
  std::unique_ptr<Journal> create() const { return Journal::create(path(), {{"name", "test"}}); }
  std::unique_ptr<Journal> open(Journal::Mode mode = Journal::Mode::write) const { return Journal::open(path(), mode); }
  std::string refusal(Journal::Mode mode = Journal::Mode::write) const {
    return error_of([&] { open(mode); });
  }
  Folder folder_;
};

TEST_F(Run, KeepsEverythingWhenItIsOpenedAgain) {
  std::string before;
  {
    const auto journal = create();
    journal->add_call(call_of(0, {"first", "second"}));
    journal->add_outcome("k0", 0, scored(2.5));
    journal->close(trial_with(0, scored(2.5)), "k0");
    Trial invalid = trial_with(1, std::nullopt);
    invalid.proposal.invalid = "no JSON";
    journal->close(invalid, "");
    journal->add_event("start", "here");
    journal->set("final", {{"trial", 0}});
    before = journal->dump(true);
  }
  const auto journal = open();
  EXPECT_EQ(journal->dump(true), before);
  EXPECT_EQ(journal->header(), Json({{"name", "test"}}));
  EXPECT_EQ(journal->size(), 2);
  EXPECT_TRUE(journal->closed(1));
  EXPECT_FALSE(journal->closed(2));
  EXPECT_EQ(journal->first_with("k0"), 0);
  EXPECT_EQ(journal->first_with("k1"), -1);
  EXPECT_EQ(journal->get("final").at("trial"), 0);
  EXPECT_TRUE(journal->get("nothing").is_null());
  ASSERT_EQ(journal->events().size(), 1U);
  EXPECT_EQ(journal->events()[0].text, "here");
  const auto call = journal->call(0, 0);
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->replies, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(call->usd, 0.25);
  EXPECT_FALSE(journal->call(0, 1).has_value());
  EXPECT_EQ(journal->trials()[0].outcome->curve.size(), 1U);
  EXPECT_FALSE(journal->trials()[1].outcome.has_value());
}

TEST_F(Run, IsNotCreatedTwice) {
  create();
  EXPECT_NE(error_of([&] { create(); }).find("holds a run already; go on with: weft resume"), std::string::npos);
}

TEST_F(Run, HasOneWriterAndAnyNumberOfReaders) {
  const auto writer = create();
  EXPECT_NE(refusal().find("another weft runs here"), std::string::npos);
  const auto reader = open(Journal::Mode::read), other = open(Journal::Mode::read);
  EXPECT_EQ(reader->size(), 0);
  writer->close(trial_with(0, scored(1)), "k");
  EXPECT_EQ(other->trials().size(), 1U);
}

TEST_F(Run, IsFreeAgainWhenItsWriterIsGone) {
  create();
  EXPECT_NO_THROW(open());
  EXPECT_NO_THROW(open());
}

TEST_F(Run, OfALaterSchemaIsRefusedInOneClearLine) {
  create();
  {  // the version stands at offset 60 of the file's header, big-endian
    std::fstream file(path() / "journal.sqlite", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(60);
    file.write("\0\0\0\x63", 4);
  }
  for (const auto mode : {Journal::Mode::write, Journal::Mode::read}) {
    EXPECT_EQ(refusal(mode),
              path().string() + ": was written by another version of weft (journal version 99, this one reads 2)");
  }
}

TEST_F(Run, OfTheFirstSchemaIsReadAndGoneOnWith) {
  {
    const auto journal = create();
    journal->close(trial_with(0, scored(2)), "k0");
  }
  {
    SQLite::Database database((path() / "journal.sqlite").string(), SQLite::OPEN_READWRITE);
    database.exec("ALTER TABLE trials DROP COLUMN budget");
    database.exec("ALTER TABLE trials DROP COLUMN replicate");
    database.exec("PRAGMA user_version = 1");
  }
  EXPECT_EQ(open(Journal::Mode::read)->trials().at(0).proposal.fidelity.budget, 1);
  const auto journal = open();
  Trial next = trial_with(1, scored(1));
  next.proposal.fidelity = {.budget = 0.25, .test = false, .replicate = 3};
  journal->close(next, "k1");
  EXPECT_EQ(journal->trials().at(0).proposal.fidelity.budget, 1);
  EXPECT_EQ(journal->trials().at(1).proposal.fidelity.budget, 0.25);
  EXPECT_EQ(journal->trials().at(1).proposal.fidelity.replicate, 3);
}

TEST_F(Run, WithoutADatabaseIsRefused) {
  EXPECT_EQ(refusal(), path().string() + ": holds no run (there is no journal.sqlite)");
}

TEST_F(Run, WhoseFileIsNoDatabaseIsRefusedAndLeavesNoLockBehind) {
  folder_.write("run/journal.sqlite", std::string(5000, 'x'));
  const std::string expected = (path() / "journal.sqlite").string() + ": is no journal, or a damaged one";
  EXPECT_EQ(refusal(Journal::Mode::read), expected);
  EXPECT_EQ(refusal(), expected);
  EXPECT_EQ(refusal(), expected) << "the lock of the failed opening is still held";
}

TEST_F(Run, ThatIsDamagedAnywhereIsAnErrorAndNothingWorse) {
  {
    const auto journal = create();
    for (TrialId id = 0; id < 40; ++id) {
      journal->add_call(call_of(id, {std::string(200, 'r')}));
      journal->close(trial_with(id, scored(static_cast<double>(id))), "k" + std::to_string(id));
    }
  }
  const std::string whole = base::read_file(path() / "journal.sqlite");
  int refused = 0;
  for (std::size_t at = 100; at + 400 < whole.size(); at += 1024) {
    std::string damaged = whole;
    damaged.replace(at, 400, std::string(400, '\xA5'));
    folder_.write("run/journal.sqlite", damaged);
    try {
      const auto journal = open(Journal::Mode::read);
      journal->trials();
      journal->calls();
      journal->dump(true);
    } catch (const base::Error& error) {
      ++refused;
      EXPECT_NE(std::string(error.what()).find("journal"), std::string::npos) << error.what();
    }
  }
  EXPECT_GT(refused, 0);
}

TEST_F(Run, ThatIsCutShortIsRefused) {
  {
    const auto journal = create();
    for (TrialId id = 0; id < 40; ++id) journal->close(trial_with(id, scored(1)), "k");
  }
  const std::string whole = base::read_file(path() / "journal.sqlite");
  folder_.write("run/journal.sqlite", whole.substr(0, whole.size() / 2));
  EXPECT_NE(error_of([&] { open()->trials(); }).find("is no journal, or a damaged one"), std::string::npos);
}

TEST_F(Run, ThatNeverStartedSaysSo) {
  create()->set("header", nullptr);
  EXPECT_NE(refusal().find("never started; remove the folder"), std::string::npos);
}

TEST_F(Run, CountsItsSecondsOverAllSessions) {
  double first = 0;
  {
    const auto journal = create();
    journal->close(trial_with(0, scored(1)), "k");
    journal->add_event("end", "");
    first = journal->events()[0].at_s;
    EXPECT_GT(first, 0);
    EXPECT_GE(first, journal->trials()[0].closed_s);
  }
  const auto journal = open();
  EXPECT_GE(journal->seconds(), first);
  EXPECT_LT(journal->seconds(), first + 60);
}

TEST(Journal, ClosesTrialsInTheirOrder) {
  const auto journal = Journal::in_memory({{"name", "test"}});
  EXPECT_NE(error_of([&] {
              journal->close(trial_with(1, scored(1)), "k");
            }).find("internal error: trials are closed in order"),
            std::string::npos);
  journal->close(trial_with(0, scored(1)), "k");
  EXPECT_NE(error_of([&] { journal->close(trial_with(0, scored(1)), "k"); }).find("internal error"), std::string::npos);
  EXPECT_EQ(journal->size(), 1);
}

TEST(Journal, GivesALastingOutcomeToEveryTrial) {
  const auto journal = Journal::in_memory({});
  journal->add_outcome("k", 3, scored(1.5));
  for (const TrialId trial : {0, 3, 9}) {
    ASSERT_TRUE(journal->outcome("k", trial).has_value());
    EXPECT_EQ(journal->outcome("k", trial)->metrics.at("val_loss"), 1.5);
  }
  EXPECT_FALSE(journal->outcome("other", 3).has_value());
}

TEST(Journal, GivesATransientOutcomeToItsOwnTrialAlone) {
  const auto journal = Journal::in_memory({});
  journal->add_outcome("k", 0, Outcome::failed("time_limit", "slow", true));
  EXPECT_EQ(journal->outcome("k", 0)->failure, "time_limit");
  EXPECT_FALSE(journal->outcome("k", 1).has_value());
  journal->add_outcome("k", 1, scored(2));
  EXPECT_EQ(journal->outcome("k", 0)->failure, "time_limit") << "what a trial had stays its own";
  EXPECT_TRUE(journal->outcome("k", 1)->ok());
  EXPECT_TRUE(journal->outcome("k", 2)->ok());
  journal->close(trial_with(0, Outcome::failed("time_limit", "slow", true)), "k");
  EXPECT_EQ(journal->first_with("k"), -1) << "bad luck is nobody's duplicate";
  journal->close(trial_with(1, scored(2)), "k");
  EXPECT_EQ(journal->first_with("k"), 1);
  EXPECT_EQ(journal->trials()[0].outcome->failure, "time_limit");
  EXPECT_TRUE(journal->trials()[1].outcome->ok());
}

TEST(Journal, WritesAnOutcomeThatItWasGivenBeforeOnce) {
  const auto journal = Journal::in_memory({});
  journal->add_outcome("k", 0, scored(2));
  journal->close(trial_with(0, scored(2)), "k");
  Trial again = trial_with(1, scored(2));
  again.duplicate_of = 0;
  journal->close(again, "k");
  EXPECT_EQ(journal->trials()[1].duplicate_of, 0);
  EXPECT_FALSE(journal->trials()[1].fresh());
  EXPECT_EQ(journal->trials()[1].outcome->metrics.at("val_loss"), 2);
}

TEST(Journal, KeepsIdentitiesOfSixtyFourBits) {
  const auto journal = Journal::in_memory({});
  Trial trial = trial_with(0, std::nullopt);
  trial.proposal.lineage.parents = {kHuge, kHuge + 1};
  trial.proposal.lineage.call = kHuge;
  trial.proposal.invalid = "x";
  journal->close(trial, "");
  journal->add_call(call_of(kHuge, {"reply"}));
  EXPECT_EQ(journal->trials()[0].proposal.lineage.parents, (std::vector<TrialId>{kHuge, kHuge + 1}));
  EXPECT_EQ(journal->trials()[0].proposal.lineage.call, kHuge);
  EXPECT_EQ(journal->call(kHuge, 0)->trial, kHuge);
  EXPECT_NE(journal->dump(false).find(std::to_string(kHuge + 1)), std::string::npos);
}

TEST(Journal, KeepsAnyReplyAndItsDumpIsJson) {
  const auto journal = Journal::in_memory({});
  const std::vector<std::string> odd{"\xF0\x9F\xA7\xB5 \xC3\xA9", std::string("a\0b", 3), "\x1b[31m\r\n\t\"\\",
                                     "\xFF\xC3", ""};
  journal->add_call(call_of(0, odd));
  Trial trial = trial_with(0, std::nullopt);
  trial.proposal.invalid = "is no \xFF genome";
  journal->close(trial, "");
  const auto replies = journal->call(0, 0)->replies;
  ASSERT_EQ(replies.size(), odd.size());
  for (const std::size_t i : {0U, 1U, 2U, 4U}) EXPECT_EQ(replies[i], odd[i]);
  EXPECT_NE(replies[3].find("\xEF\xBF\xBD"), std::string::npos) << "invalid bytes are replaced";
  const Json line = Json::parse(journal->dump(true));
  EXPECT_EQ(line.at("calls")[0].at("replies")[1], odd[1]);
}

TEST(Journal, DumpsTheSameTextForTheSameRunWhateverItsTimes) {
  const auto run = [](double seconds) {
    const auto journal = Journal::in_memory({});
    Call call = call_of(0, {"reply"});
    call.seconds = seconds;
    call.requests = static_cast<int>(seconds);
    journal->add_call(call);
    Outcome outcome = scored(2);
    outcome.measured["train_s"] = seconds;
    journal->close(trial_with(0, outcome), "k");
    return std::pair(journal->dump(false), journal->dump(true));
  };
  EXPECT_EQ(run(1).first, run(9).first);
  EXPECT_NE(run(1).second, run(9).second);
  EXPECT_EQ(
      run(1).first,
      R"({"trial":0,"op":"mutate","parents":[0],"call":0,"index":1,"calls":[{"attempt":0,"request":{"messages":[]},)"
      R"("prompt_hash":"p","model":"m","replies":["reply"],"usage":{"prompt_tokens":3},"usd":0.25}],"id":"g1-0",)"
      R"("genome":{"depth":2},"outcome":{"metrics":{"val_loss":2.0},"curve":[{"step":1,"val_loss":2.0}]}})"
      "\n");
}

TEST(Journal, ReadsBackAnOutcomeWhoseNumbersAreNone) {
  const auto journal = Journal::in_memory({});
  Outcome outcome = scored(2);
  outcome.metrics["ratio"] = std::numeric_limits<double>::infinity();
  outcome.curve.push_back({{"val_loss", std::nan("")}});
  journal->close(trial_with(0, outcome), "k");
  const Trial trial = journal->trials().at(0);
  EXPECT_EQ(trial.outcome->metrics.at("val_loss"), 2);
  EXPECT_FALSE(
      std::isfinite(trial.outcome->metrics.contains("ratio") ? trial.outcome->metrics.at("ratio") : std::nan("")));
}

TEST(Outcome, SurvivesItsJson) {
  Outcome outcome = scored(2.25);
  outcome.test = {{"test_loss", 2.5}};
  const Outcome again = Outcome::from_json(outcome.to_json());
  EXPECT_EQ(again.to_json(), outcome.to_json());
  EXPECT_TRUE(again.ok());
  const Outcome failed = Outcome::from_json(Outcome::failed("diverged", "at step 3", true).to_json());
  EXPECT_EQ(failed.failure, "diverged");
  EXPECT_EQ(failed.detail, "at step 3");
  EXPECT_TRUE(failed.transient);
}

}  // namespace
}  // namespace weft::journal
