#include "tests/e2e/search_fixture.hpp"

namespace weft::e2e {
namespace {

// A run whose evaluations wait until a file "go" is there, so that a test can stop it in the middle of them.
class Signals : public Searches, public ::testing::WithParamInterface<int> {
 protected:
  Arguments waiting_run() const {
    const std::string script = folder_.write("program.sh",
                                             "cd \"$1\"; echo x >> started\n"
                                             "while [ ! -e go ]; do sleep 0.02; done\necho '{\"score\": 1}'\n");
    const std::string file = folder_.write(
        "e.yaml", "space: gpt_nano\nevaluate: {command: {run: [sh, \"" + script + "\", \"" + folder_.path().string() +
                      "\"]}}\nobjective: {minimize: score}\nsearch: {method: random, trials: 6, "
                      "window: 2}\nengine: {local: {workers: 2}}\n");
    return weft_with({"run", file, "-o", run_folder(), "--allow-command"});
  }
  std::size_t started() const {
    const std::string file = in_folder("started");
    return base::fs::exists(file) ? base::split_lines(base::read_file(file)).size() : 0;
  }
  void stop(const Running& running, int signal) const {
    await("two evaluations", [&] { return started() == 2; });
    running.signal(signal);
    await("an answer to the signal", [&] {
      return running.err().find(
                 "weft: stopping: finishing what is under way, for at most 30 s (again to stop at once)") !=
             std::string::npos;
    });
  }
  void go() const { folder_.write("go", ""); }
  void expect_nothing_left() const {
    EXPECT_EQ(processes_with("WEFT_E2E_MARK=" + folder_.path().string()), std::vector<std::string>{});
  }

  const test::Environment marked_{test::Variables{{"WEFT_E2E_MARK", folder_.path().string()}}};
};

INSTANTIATE_TEST_SUITE_P(By, Signals, ::testing::Values(SIGINT, SIGTERM), [](const auto& given) {
  return std::string(given.param == SIGINT ? "Interrupt" : "Terminate");
});

TEST_P(Signals, LetWhatIsUnderWayFinish) {
  Running running(waiting_run());
  stop(running, GetParam());
  go();
  const Ended ended = running.wait();
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_NE(ended.out.find("(stopped)"), std::string::npos) << ended;
  EXPECT_NE(ended.out.find("weft resume " + run_folder()), std::string::npos) << ended;
  EXPECT_EQ(trials_of(run_folder()).size(), 2U);
  expect_nothing_left();
  EXPECT_EQ(resume({"--allow-command"}).code, 0);
  EXPECT_EQ(trials_of(run_folder()).size(), 6U);
  EXPECT_EQ(started(), 7U);  // the trials, each once, and the winner's test
}

TEST_P(Signals, ThatComeTwiceEndTheRunAtOnce) {
  Running running(waiting_run());
  stop(running, GetParam());
  running.signal(GetParam());
  const Ended ended = running.wait(std::chrono::seconds(20));
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_NE(ended.out.find("weft resume " + run_folder()), std::string::npos) << ended;
  expect_nothing_left();
  EXPECT_EQ(trials_of(run_folder()).size(), 0U);
  go();
  EXPECT_EQ(resume({"--allow-command"}).code, 0);
  EXPECT_EQ(trials_of(run_folder()).size(), 6U);
}

class Interrupted : public Signals {};

TEST_F(Interrupted, CallsOfTheModelEndAtTheSecondSignal) {
  test::ModelServer server({"--scenario", "hang"});
  Running running(weft_with({"run", experiment(kGenius, llm("openai", server.url())), "-o", run_folder()}));
  server.await_request();
  running.signal(SIGINT);
  await("an answer", [&] { return running.err().find("stopping: ") != std::string::npos; });
  running.signal(SIGINT);
  const Ended ended = running.wait(std::chrono::seconds(20));
  EXPECT_EQ(ended.code, 0) << ended;
}

TEST_F(Interrupted, RunsKeepASecondWeftOutOfTheirFolder) {
  Running running(waiting_run());
  await("two evaluations", [&] { return started() == 2; });
  for (const Ended& second :
       {resume({"--allow-command"}), weft({"run", in_folder("e.yaml"), "-o", run_folder(), "--allow-command"})}) {
    EXPECT_EQ(second.code, 2) << second;
    const std::string said = complaint(second);
    EXPECT_TRUE(said.find("another weft runs here") != std::string::npos ||
                said.find("holds a run already") != std::string::npos)
        << said;
  }
  const Ended report = weft({"report", run_folder(), "--format", "md"});
  EXPECT_EQ(report.code, 0) << report;
  go();
  EXPECT_EQ(running.wait().code, 0);
  EXPECT_EQ(trials_of(run_folder()).size(), 6U);
}

// What a shell's pipeline, with what becomes of its first program's exit code, does.
Ended pipeline(const std::string& script, const Arguments& arguments) {
  Arguments argv{"bash", "-c", script, WEFT_BINARY};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return Running(argv).wait();
}

class Output : public Searches {};

TEST_F(Output, ThatNobodyReadsIsNoError) {
  ASSERT_EQ(run(experiment("random", "", 2000)).code, 0);
  const Ended head = pipeline("\"$0\" journal dump \"$1\" | head -n 1; exit ${PIPESTATUS[0]}", {run_folder()});
  EXPECT_EQ(head.code, 0) << head;
  EXPECT_EQ(json_lines(head.out).size(), 1U);
  EXPECT_EQ(head.err, "");
}

TEST_F(Output, ThatNobodyReadsEndsNoRun) {
  const std::string file = experiment("random", "", 50);
  const Ended closed =
      pipeline("\"$0\" run \"$1\" -o \"$2\" 2>&1 | head -n 1; exit ${PIPESTATUS[0]}", {file, run_folder()});
  EXPECT_EQ(closed.code, 0) << closed;
  EXPECT_EQ(trials_of(run_folder()).size(), 50U);
  base::fs::remove_all(run_folder());
  const Ended without = pipeline("\"$0\" run \"$1\" -o \"$2\" <&- >&- 2>&-", {file, run_folder()});
  EXPECT_EQ(without.code, 0) << without;
  EXPECT_EQ(trials_of(run_folder()).size(), 50U);
  EXPECT_EQ(base::read_file(run_folder() + "/journal.lock"), "");
}

TEST_F(Output, ThatIsLostIsAnError) {
  const Ended full = pipeline("\"$0\" space count gpt_nano > /dev/full", {});
  EXPECT_EQ(full.code, 1) << full;
  EXPECT_NE(complaint(full).find("standard output cannot be written: No space left on device"), std::string::npos);
}

}  // namespace
}  // namespace weft::e2e
