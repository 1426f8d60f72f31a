// Workers whose program fails in every way that one can: each costs one outcome and leaves nothing behind.
#include <gtest/gtest.h>

#include <fstream>

#include "base/text.hpp"
#include "tests/evaluate/fixture.hpp"
#include "tests/support/environment.hpp"

namespace weft::evaluate {
namespace {

using Clock = std::chrono::steady_clock;

TEST_F(Workers, ReadWhatAProgramPrints) {
  const journal::Outcome made = outcome(R"(echo words; echo '{"step": 1, "loss": 3}'; echo '{"step": 2, "loss": 2}'
echo '{"loss": 2, "params": 1000, "wait_s": 0.25, "memory_bytes": 5}'; echo '{"more": 1}')");
  ASSERT_TRUE(made.ok()) << made.detail;
  EXPECT_EQ(made.metrics, (std::map<std::string, double>{{"loss", 2}, {"params", 1000}, {"more", 1}}));
  EXPECT_EQ(made.measured.at("wait_s"), 0.25);
  EXPECT_EQ(made.measured.at("memory_bytes"), 5);
  EXPECT_EQ(made.curve.size(), 2U);
}

TEST_F(Workers, GiveAProgramItsRequest) {
  const journal::Outcome made = outcome(R"(cat > $1/request; echo '{"loss": 1}')");
  ASSERT_TRUE(made.ok()) << made.detail;
  const base::Json request = base::Json::parse(file("request"));
  EXPECT_TRUE(request.at("genome").is_object());
  EXPECT_EQ(request.at("seed"), 7);
  EXPECT_EQ(request.at("budget"), 1);
  EXPECT_EQ(request.at("test"), false);
  EXPECT_EQ(request.at("threads"), 1);
}

TEST_F(Workers, ThatEndWithACodeAreCrashes) {
  const journal::Outcome made = outcome("echo 'no data here'; exit 1");
  EXPECT_EQ(made.failure, "crashed");
  EXPECT_EQ(made.detail, "the command ended with exit code 1: 'no data here'");
  EXPECT_FALSE(made.transient);
}

TEST_F(Workers, ThatCannotBeStartedAreCrashes) {
  const evaluate::Setup setup = setup_of("gpt_nano", "{}", "{command: {run: [/no/such/program]}}");
  const auto engine = engine_of(setup);
  const journal::Outcome made = run(*engine, evaluation_of(setup, 0));
  EXPECT_EQ(made.failure, "crashed");
  EXPECT_NE(made.detail.find("/no/such/program"), std::string::npos) << made.detail;
}

TEST_F(Workers, ThatPrintNoMetricAreCrashes) {
  for (const char* script : {"head -c 5000 /dev/urandom | tr '{' x", "echo '{\"step\": 1, \"loss\": 2}'"}) {
    const journal::Outcome made = outcome(script);
    EXPECT_EQ(made.failure, "crashed") << script;
    EXPECT_NE(made.detail.find("no metrics"), std::string::npos) << made.detail;
  }
}

TEST_F(Workers, ThatHangAreTimeLimits) {
  const auto start = Clock::now();
  const journal::Outcome made = outcome("sleep 100; echo '{\"loss\": 1}'", 0.3);
  EXPECT_EQ(made.failure, "time_limit");
  EXPECT_TRUE(made.transient);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(5));
}

TEST_F(Workers, ThatLeaveChildrenBehindLeaveNone) {
  const journal::Outcome made = outcome("sleep 100 & (sleep 100 > /dev/null 2>&1 &) ; echo '{\"loss\": 1}'");
  EXPECT_EQ(made.metrics.at("loss"), 1);
}

TEST_F(Workers, ThatAreKilledTwiceAreCrashes) {
  const journal::Outcome made = outcome("echo x >> $1/tries; kill -KILL $PPID; sleep 100");
  EXPECT_EQ(made.failure, "crashed");
  EXPECT_TRUE(made.transient);
  EXPECT_EQ(made.detail, "the worker was lost: signal 9 (Killed)");
  EXPECT_EQ(file("tries"), "x\nx\n");
}

// The worker answers on a descriptor of its own, which its programs do not get.
TEST_F(Workers, CannotBeMisledByTheirProgram) {
  const journal::Outcome made = outcome(
      "for fd in 3 4 5 6 7; do (echo '{\"metrics\": {\"loss\": -1}}' >&$fd) 2> /dev/null; (echo garbage >&$fd) 2> "
      "/dev/null; done; echo '{\"loss\": 1}'");
  ASSERT_TRUE(made.ok()) << made.detail;
  EXPECT_EQ(made.metrics.at("loss"), 1);
}

TEST_F(Workers, StopSoonWhileTheyAreBusy) {
  const evaluate::Setup setup = program("echo x >> $1/busy; sleep 100");
  Outcomes outcomes;
  const auto engine = engine_of(setup, 2);
  for (int i = 0; i < 5; ++i) engine->submit(evaluation_of(setup, i), outcomes.slot(i));
  await_file("busy");
  const auto start = Clock::now();
  engine->stop();
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
  started_.expect_none_left();
  EXPECT_EQ(outcomes.size(), 0U);
}

TEST_F(Workers, ThatCannotMakeTheirEvaluatorSayWhy) {
  const evaluate::Setup setup = setup_of("gpt_nano", "{path: /no/such/folder}", "{train: {steps: 1, precision: fp32}}");
  const auto engine = engine_of(setup);
  const journal::Outcome made = run(*engine, evaluation_of(setup, 0));
  EXPECT_EQ(made.failure, "crashed");
  EXPECT_NE(made.detail.find("/no/such/folder"), std::string::npos) << made.detail;
}

}  // namespace
}  // namespace weft::evaluate
