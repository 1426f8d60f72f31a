#include "base/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/files.hpp"
#include "tests/support/errors.hpp"

namespace weft::base {
namespace {

using namespace std::chrono_literals;

Command shell(const std::string& script) {
  return {.argv = {"sh", "-c", script}, .environment = {"PATH=/usr/bin:/bin"}};
}

// Whether a process is gone: not there, or a zombie that waits for its parent.
bool is_gone(pid_t pid) {
  const fs::path status = "/proc/" + std::to_string(pid) + "/stat";
  if (!fs::exists(status)) return true;
  const std::string text = read_file(status);
  return text.find(") Z ") != std::string::npos;
}

bool ends_soon(pid_t pid) {
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (!is_gone(pid)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::sched_yield();
  }
  return true;
}

TEST(Run, returns_what_was_printed_and_how_it_ended) {
  const Finished finished = run(shell("echo out; exit 3"), "", 10s);
  EXPECT_EQ(finished.output, "out\n");
  EXPECT_EQ(exit_text(finished.status), "exit code 3");
  EXPECT_FALSE(finished.timed_out);
}

TEST(Run, feeds_more_than_a_pipe_holds) {
  const std::string input(3'000'000, 'x');
  EXPECT_EQ(run({.argv = {"cat"}, .environment = {}}, input, 30s).output, input);
}

TEST(Run, survives_a_command_that_does_not_read) {
  const Finished finished = run({.argv = {"true"}, .environment = {}}, std::string(3'000'000, 'x'), 10s);
  EXPECT_EQ(exit_text(finished.status), "exit code 0");
  EXPECT_FALSE(finished.timed_out);
}

TEST(Run, keeps_at_most_its_limit_of_output) {
  const Finished finished = run(shell("head -c 100000 /dev/zero"), "", 10s, 1000);
  EXPECT_EQ(finished.output.size(), 1000U);
  EXPECT_EQ(exit_text(finished.status), "exit code 0");
}

TEST(Run, passes_the_environment_and_nothing_else) {
  ::setenv("WEFT_TEST_LEAK", "x", 1);
  const Finished finished = run({.argv = {"env"}, .environment = {"A=1"}}, "", 10s);
  EXPECT_EQ(finished.output, "A=1\n");
}

TEST(Run, kills_at_the_time_limit) {
  const auto start = std::chrono::steady_clock::now();
  const Finished finished = run({.argv = {"sleep", "100"}, .environment = {}}, "", 50ms);
  EXPECT_TRUE(finished.timed_out);
  EXPECT_EQ(exit_text(finished.status), "signal 9 (Killed)");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(Run, keeps_what_was_printed_before_the_time_limit) {
  const Finished finished = run(shell("echo early; exec sleep 100"), "", 300ms);
  EXPECT_TRUE(finished.timed_out);
  EXPECT_EQ(finished.output, "early\n");
}

TEST(Run, kills_a_command_that_closed_its_output) {
  const Finished finished = run(shell("exec >&-; exec sleep 100"), "", 200ms);
  EXPECT_TRUE(finished.timed_out);
  EXPECT_EQ(exit_text(finished.status), "signal 9 (Killed)");
}

TEST(Run, kills_the_whole_group_at_the_time_limit) {
  const Finished finished = run(shell("sleep 100 & echo $!; wait"), "", 300ms);
  EXPECT_TRUE(finished.timed_out);
  EXPECT_TRUE(ends_soon(std::atoi(finished.output.c_str())));
}

TEST(Run, does_not_wait_for_what_the_command_left_behind) {
  const auto start = std::chrono::steady_clock::now();
  const Finished finished = run(shell("sleep 100 & echo $!"), "", 30s);
  EXPECT_FALSE(finished.timed_out);
  EXPECT_EQ(exit_text(finished.status), "exit code 0");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
  EXPECT_TRUE(ends_soon(std::atoi(finished.output.c_str())));
}

TEST(Run, says_how_a_signal_ended_it) {
  EXPECT_EQ(exit_text(run(shell("kill -SEGV $$"), "", 10s).status), "signal 11 (Segmentation fault)");
}

TEST(Run, gives_the_command_signals_as_they_come) {
  // A parent that ignores SIGPIPE or blocks SIGTERM does not hand that down.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before {};
  ::sigaction(SIGPIPE, &ignore, &before);
  const Finished finished = run(shell("kill -PIPE $$; echo survived"), "", 10s);
  ::sigaction(SIGPIPE, &before, nullptr);
  EXPECT_EQ(exit_text(finished.status), "signal 13 (Broken pipe)");
}

TEST(Spawn, says_what_cannot_be_started) {
  EXPECT_EQ(test::error_of([] { spawn({.argv = {"weft-no-such-program"}, .environment = {}}); }),
            "weft-no-such-program: cannot be started: No such file or directory");
}

TEST(Spawn, hands_over_a_channel_as_descriptor_three) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  Command command = shell("echo hello >&3");
  command.channel = ends[1];
  const pid_t pid = spawn(command);
  ::close(ends[1]);
  std::array<char, 16> buffer{};
  const ssize_t got = ::read(ends[0], buffer.data(), buffer.size());
  ::close(ends[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(std::string(buffer.data(), static_cast<std::size_t>(got)), "hello\n");
}

TEST(Spawn, does_not_give_the_writing_end_of_its_input_away) {
  const char* script =
      "own=$(readlink /proc/$$/fd/0); for f in /proc/$$/fd/*; do readlink $f; done | grep -cF \"$own\"";
  EXPECT_EQ(run(shell(script), "", 10s).output, "1\n");
}

TEST(OwnPath, is_this_test) {
  EXPECT_NE(own_path().find("test_base_fast"), std::string::npos);
}

}  // namespace
}  // namespace weft::base
