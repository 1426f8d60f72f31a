// More of workers_test.cpp: what takes its time.
#include <gtest/gtest.h>

#include <fstream>

#include "base/text.hpp"
#include "tests/evaluate/fixture.hpp"
#include "tests/support/environment.hpp"

namespace weft::evaluate {
namespace {

using Clock = std::chrono::steady_clock;

TEST_F(Workers, ShowNoKeyToAProgram) {
  const test::Environment environment(test::Variables{{"OPENAI_API_KEY", "sk-secret"}});
  EXPECT_EQ(outcome(R"(echo "{\"length\": ${#OPENAI_API_KEY}}")").metrics.at("length"), 0);
}

TEST_F(Workers, ThatEndBySignalAreCrashes) {
  const journal::Outcome made = outcome("kill -SEGV $$");
  EXPECT_EQ(made.failure, "crashed");
  EXPECT_NE(made.detail.find("signal 11"), std::string::npos) << made.detail;
}

TEST_F(Workers, ThatPrintHalfAnObjectAreCrashes) {
  for (const char* line : {"{\"loss\": 1", "{\"loss\": NaN}"}) {
    const journal::Outcome made = outcome("echo '" + std::string(line) + "'");
    EXPECT_EQ(made.failure, "crashed") << line;
    EXPECT_NE(made.detail.find("no JSON object of numbers"), std::string::npos) << made.detail;
  }
}

TEST_F(Workers, ThatPrintAHundredMegabytesAreCrashes) {
  const auto start = Clock::now();
  const journal::Outcome made = outcome("head -c 100000000 /dev/zero | tr '\\0' x; echo; echo '{\"loss\": 1}'");
  EXPECT_EQ(made.failure, "crashed");
  EXPECT_NE(made.detail.find("16 MiB"), std::string::npos) << made.detail;
  EXPECT_LT(made.detail.size(), 500U);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(10));
}

TEST_F(Workers, ThatHangWithTheirOutputClosedAreTimeLimits) {
  EXPECT_EQ(outcome("exec >&- 2>&-; sleep 100", 0.3).failure, "time_limit");
}

TEST_F(Workers, ThatTakeTooMuchMemoryAreOutOfMemory) {
  const journal::Outcome made = outcome("head -c 900M /dev/zero | tail -c 900M | sleep 100", 20, 700e6);
  EXPECT_EQ(made.failure, "out_of_memory");
  EXPECT_EQ(made.detail, "the worker held more than its share of memory, 700 MB");
}

TEST_F(Workers, ThatAreKilledAreTriedAgainOnce) {
  const journal::Outcome made =
      outcome("echo x >> $1/tries; [ $(wc -l < $1/tries) = 2 ] || kill -KILL $PPID; echo '{\"loss\": 1}'");
  EXPECT_TRUE(made.ok()) << made.detail;
  EXPECT_EQ(file("tries"), "x\nx\n");
}

TEST_F(Workers, AreReplacedAfterAFailure) {
  const evaluate::Setup setup =
      program("read line; case $line in *'\"test\":true'*) kill -KILL $PPID; sleep 9 ;; esac; echo '{\"loss\": 1}'");
  const auto engine = engine_of(setup);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(run(*engine, evaluation_of(setup, 0, true)).failure, "crashed");
    EXPECT_TRUE(run(*engine, evaluation_of(setup, 1)).ok());
  }
}

TEST_F(Workers, StopSoonWhileTheyStart) {
  const evaluate::Setup setup = program("true");
  const auto engine = engine_of(setup, 2);
  Outcomes outcomes;
  engine->submit(evaluation_of(setup, 0), outcomes.slot(0));
  const auto start = Clock::now();
  engine->stop();
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
  started_.expect_none_left();
}

TEST_F(Workers, RunAsManyAtATimeAsThereAre) {
  const evaluate::Setup setup =
      program("echo x >> $1/here; while [ $(wc -l < $1/here) -lt 3 ]; do sleep 0.02; done; echo '{\"loss\": 1}'");
  const auto engine = engine_of(setup, 3);
  Outcomes outcomes;
  for (int i = 0; i < 3; ++i) engine->submit(evaluation_of(setup, i), outcomes.slot(i));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(outcomes.await(i).ok());
}

}  // namespace
}  // namespace weft::evaluate
