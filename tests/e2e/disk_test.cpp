#include "tests/e2e/search_fixture.hpp"

namespace weft::e2e {
namespace {

// A disk of a few hundred kilobytes, in a mount namespace of its own: it goes with the shell that made it.
class Disk : public Searches {
 protected:
  void SetUp() override {
    base::fs::create_directories(disk());
    const Ended possible = shell("true");
    if (possible.code != 0) GTEST_SKIP() << "no mount namespace for users here: " << possible.err;
  }
  std::string disk() const { return in_folder("disk"); }
  // Runs `script` with a small disk at $DISK; `grow` makes it large.
  Ended shell(const std::string& script) const {
    return Running({"unshare", "--user", "--map-root-user", "--mount", "bash", "-c",
                    "DISK=\"$1\"; WEFT=\"$2\"; OUT=\"$3\"; grow() { mount -o remount,size=64m \"$DISK\"; }\n"
                    "mount -t tmpfs -o size=400k tmpfs \"$DISK\" || exit 99\n" +
                        script,
                    "shell", disk(), WEFT_BINARY, folder_.path().string()})
        .wait();
  }
  std::string read(const std::string& name) const { return base::read_file(in_folder(name)); }
};

TEST_F(Disk, ThatIsFullEndsARunInOneLineAndAResumeWithSpaceGoesOn) {
  const std::string file = experiment("random", "", 2000);
  const Ended ended = shell("\"$WEFT\" run \"" + file +
                            "\" -o \"$DISK/run\" 2> \"$OUT/err\"; echo $? > \"$OUT/code\"\n"
                            "grow; \"$WEFT\" journal dump \"$DISK/run\" > \"$OUT/before\"\n"
                            "\"$WEFT\" resume \"$DISK/run\" || exit\n"
                            "\"$WEFT\" journal dump \"$DISK/run\" > \"$OUT/after\"\n");
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_EQ(read("code"), "1\n");
  const std::string said = complaint({.code = 1, .out = "", .err = read("err")});
  EXPECT_NE(said.find("the disk is full; what is journaled stays: free some space, then weft resume "),
            std::string::npos)
      << said;
  EXPECT_GT(json_lines(read("before")).size(), 10U);
  EXPECT_TRUE(read("after").starts_with(read("before")));
  EXPECT_EQ(json_lines(read("after")).size(), 2000U);
}

TEST_F(Disk, ThatIsFullAmidCallsOfAModelEndsARunInOneLine) {
  const test::ModelServer server(with_replies());
  const std::string file =
      experiment("{genius: {conversations: 4, iterations: 100, memory: chat}}", llm("openai", server.url()), 400);
  const Ended ended = shell("\"$WEFT\" run \"" + file +
                            "\" --set search.window=4 -o \"$DISK/run\" 2> \"$OUT/err\"; echo $? > \"$OUT/code\"\n"
                            "grow; \"$WEFT\" journal dump \"$DISK/run\" > \"$OUT/before\"\n");
  EXPECT_EQ(read("code"), "1\n") << read("err");
  EXPECT_NE(complaint({.code = 1, .out = "", .err = read("err")}).find("the disk is full"), std::string::npos);
  EXPECT_FALSE(json_lines(read("before")).empty());
}

TEST_F(Disk, ThatIsFullAmidEvaluationsEndsARunInOneLine) {
  const std::string script =
      folder_.write("program.sh",
                    "i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); echo \"{\\\"step\\\": $i}\"; done\n"
                    "echo '{\"score\": 1}'\n");
  const std::string file =
      folder_.write("e.yaml", "space: gpt_nano\nevaluate: {command: {run: [sh, \"" + script +
                                  "\"]}}\nobjective: {minimize: score}\nsearch: {method: random, trials: 20}\n");
  const Ended ended = shell("\"$WEFT\" run \"" + file +
                            "\" --allow-command -o \"$DISK/run\" 2> \"$OUT/err\"; echo $? > \"$OUT/code\"\n"
                            "grow; \"$WEFT\" resume --allow-command \"$DISK/run\" || exit\n"
                            "\"$WEFT\" journal dump \"$DISK/run\" > \"$OUT/after\"\n");
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_EQ(read("code"), "1\n") << read("err");
  EXPECT_NE(complaint({.code = 1, .out = "", .err = read("err")}).find("the disk is full"), std::string::npos);
  EXPECT_EQ(json_lines(read("after")).size(), 20U);
}

TEST_F(Disk, ThatIsFullFromTheStartLeavesNoRun) {
  const std::string file = experiment("random", "", 20);
  const Ended ended = shell(
      "head -c 390000 /dev/zero > \"$DISK/filler\"\n"
      "\"$WEFT\" run \"" +
      file +
      "\" -o \"$DISK/run\" 2> \"$OUT/err\"; echo $? > \"$OUT/code\"\n"
      "ls \"$DISK\"; rm \"$DISK/filler\"; grow; exec \"$WEFT\" run \"" +
      file + "\" -o \"$DISK/run\"\n");
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_TRUE(ended.out.starts_with("filler\n20 trials")) << ended;
  EXPECT_EQ(read("code"), "1\n");
  EXPECT_NE(complaint({.code = 1, .out = "", .err = read("err")}).find("is full"), std::string::npos);
}

}  // namespace
}  // namespace weft::e2e
