#include "tests/e2e/search_fixture.hpp"

namespace weft::e2e {
namespace {

// What a user's own evaluator may do, and what the trial becomes of it. Nothing of it is left behind.
struct Behaviour {
  const char *name, *script, *failure, *detail;
};

std::ostream& operator<<(std::ostream& out, const Behaviour& behaviour) {
  return out << behaviour.script;
}

class Program : public Searches, public ::testing::WithParamInterface<Behaviour> {
 protected:
  const test::Environment marked_{test::Variables{{"WEFT_E2E_MARK", folder_.path().string()}}};
};

INSTANTIATE_TEST_SUITE_P(
    That, Program,
    ::testing::Values(
        Behaviour{"Works", R"(cat > "$WEFT_E2E_MARK/request"; echo hello; echo '{"score": 1.5}')", "", ""},
        Behaviour{"Crashes", "kill -SEGV $$", "crashed", "the command ended with signal 11 (Segmentation fault)"},
        Behaviour{"Fails", "echo 'no such gene' >&2; exit 3", "crashed",
                  "the command ended with exit code 3: 'no such gene'"},
        Behaviour{"PrintsGarbage", "echo '{not json'", "crashed", "printed a line that is no JSON object of numbers"},
        Behaviour{"PrintsBytes", R"(head -c 100000 /dev/urandom; printf '\n{"score": "high"}\n')", "crashed",
                  "printed a line that is no JSON object of numbers"},
        Behaviour{"PrintsNothing", "true", "crashed", "the command printed no metrics"},
        Behaviour{"PrintsWithoutEnd", "yes", "time_limit", "the command took longer than its time_limit"},
        Behaviour{"Sleeps", "sleep 1000", "time_limit", "the command took longer than its time_limit"},
        Behaviour{"LeavesChildren", R"(sleep 1000 & (sleep 1000 &) ; echo '{"score": 1.5}')", "", ""},
        Behaviour{"LeavesChildrenAndSleeps", "sleep 1000 & (sleep 1000 & sleep 1000)", "time_limit", "the command"},
        Behaviour{"KillsItsGroup", "kill -KILL 0", "crashed", "the worker was lost: signal 9"}),
    [](const auto& given) { return std::string(given.param.name); });

TEST_P(Program, EndsAsATrial) {
  const std::string script = folder_.write("program.sh", GetParam().script + std::string("\n"));
  const Ended ended =
      run(experiment("random", "engine: {local: {workers: 1}}\n", 1),
          {"--allow-command", "--set", "evaluate={command: {run: [sh, \"" + script + "\"], time_limit: 0.5}}"});
  EXPECT_EQ(ended.code, *GetParam().failure == '\0' ? 0 : 2) << ended;
  EXPECT_LT(ended.seconds, 20);
  EXPECT_EQ(processes_with("WEFT_E2E_MARK=" + folder_.path().string()), std::vector<std::string>{});
  const std::vector<Json> trials = trials_of(run_folder());
  ASSERT_EQ(trials.size(), 1U);
  const Json& outcome = trials[0].at("outcome");
  EXPECT_EQ(outcome.value("failure", ""), GetParam().failure) << outcome;
  EXPECT_TRUE(outcome.value("detail", "").starts_with(GetParam().detail)) << outcome;
}

TEST_F(Searches, DoNotBeginWithoutTheProgram) {
  for (const std::string program : {"weft-no-such-program", "/dev/null", "./weft-no-such-program"}) {
    const Ended ended = run(experiment("random", "", 1),
                            {"--allow-command", "--set", "evaluate={command: {run: [" + program + ", train]}}"});
    EXPECT_EQ(ended.code, 2) << ended;
    EXPECT_NE(ended.err.find("there is no program '" + program + "'"), std::string::npos) << ended;
    EXPECT_FALSE(base::fs::exists(run_folder()));
  }
}

TEST_F(Searches, GiveAProgramTheGenomeAndNoKeys) {
  const std::string script =
      folder_.write("program.sh", "read line; echo \"$line\" > \"$1\"; env >> \"$1\"; echo '{\"score\": 2}'\n");
  const Ended ended = run(experiment("random", "", 1),
                          {"--allow-command", "--set",
                           "evaluate={command: {run: [sh, \"" + script + "\", \"" + in_folder("seen") + "\"]}}"});
  EXPECT_EQ(ended.code, 0) << ended;
  const std::vector<std::string> seen = base::split_lines(base::read_file(in_folder("seen")));
  EXPECT_TRUE(json_lines(seen.at(0)).at(0).at("genome").contains("embed_dim"));
  for (const std::string& line : seen) EXPECT_FALSE(line.starts_with("WEFT_E2E_KEY"));
  expect_no_key(ended);
}

}  // namespace
}  // namespace weft::e2e
