// Runs the real weft as its users do: a process of its own, its two outputs apart, its exit code. One thread.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "tests/support/folder.hpp"

namespace weft::e2e {

using Arguments = std::vector<std::string>;
using Json = base::Json;

struct Ended {
  int code = -1;  ///< the exit code, or 128 and the signal that ended the process
  std::string out, err;
  double seconds = 0;
};

inline std::ostream& operator<<(std::ostream& stream, const Ended& ended) {
  return stream << "exit code " << ended.code << " after " << ended.seconds << " s\n"
                << base::shorten(ended.out, 2000) << "\n"
                << base::shorten(ended.err, 2000);
}

/// Looks until `condition` holds; a failed test where it does not within 30 seconds.
inline void await(const char* what, const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "waited in vain: " << what;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

/// A program under way. It is killed where the object goes first.
class Running {
 public:
  explicit Running(const Arguments& argv, const std::string& input = "") {
    base::Command command{.argv = argv, .environment = {}};
    for (char** entry = environ; *entry != nullptr; ++entry) command.environment.emplace_back(*entry);
    const std::vector<FILE*> files{::fopen(folder_.write("in", input).c_str(), "r"), ::fopen(file("out").c_str(), "w"),
                                   ::fopen(file("err").c_str(), "w")};
    command.in = ::fileno(files[0]);
    command.out = ::fileno(files[1]);
    command.err = ::fileno(files[2]);
    process_ = base::spawn(command);
    for (FILE* open : files) ::fclose(open);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    if (process_ > 0) wait(std::chrono::seconds(0));
  }

  void signal(int number) const { ::kill(process_, number); }
  std::string out() const { return base::read_file(file("out")); }
  std::string err() const { return base::read_file(file("err")); }

  /// Waits for its end; at the limit it is killed, and the test fails.
  Ended wait(std::chrono::seconds limit = std::chrono::seconds(60)) {
    int status = 0;
    while (::waitpid(process_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() - start_ > limit) {
        EXPECT_EQ(limit.count(), 0) << "did not end in time: " << err();
        ::kill(-process_, SIGKILL);
        ::waitpid(process_, &status, 0);
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    process_ = -1;
    return {.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            .out = base::read_file(file("out")),
            .err = base::read_file(file("err")),
            .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count()};
  }

 private:
  std::string file(const char* name) const { return (folder_.path() / name).string(); }

  test::Folder folder_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  pid_t process_ = -1;
};

inline Arguments weft_with(const Arguments& arguments) {
  Arguments argv{WEFT_BINARY};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

/// weft with these arguments, from its start to its end.
inline Ended weft(const Arguments& arguments, const std::string& input = "") {
  return Running(weft_with(arguments), input).wait();
}

/// The lines of `text` as JSON; a failed test for a line that is none.
inline std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> lines;
  for (const std::string& line : base::split_lines(text)) {
    const auto value = base::parse_json(line);
    EXPECT_TRUE(value) << base::shorten(line, 200);
    if (value) lines.push_back(*value);
  }
  return lines;
}

/// What is journaled of a run, a trial a line.
inline std::vector<Json> trials_of(const std::string& run) {
  const Ended dump = weft({"journal", "dump", run, "--all"});
  EXPECT_EQ(dump.code, 0) << dump;
  return json_lines(dump.out);
}

/// The one line that says what went wrong: the last on standard error, with nothing but progress before it.
inline std::string complaint(const Ended& ended) {
  std::vector<std::string> lines;
  for (const std::string& line : base::split_lines(ended.err)) {
    if (line.starts_with("weft: ")) lines.push_back(line);
  }
  EXPECT_FALSE(lines.empty()) << ended;
  for (const char* noise : {"terminate", "what()", "internal error", "frame #", "Aborted", "std::"})
    EXPECT_EQ(ended.err.find(noise), std::string::npos) << ended;
  if (lines.empty()) return "";
  EXPECT_TRUE(base::trim(ended.err).ends_with(lines.back())) << ended;
  return lines.back();
}

/// Ids of the processes whose environment holds `mark`: what a weft started with it left behind.
inline std::vector<std::string> processes_with(const std::string& mark) {
  std::vector<std::string> found;
  for (const auto& entry : base::fs::directory_iterator("/proc")) {
    const std::string id = entry.path().filename();
    if (id.find_first_not_of("0123456789") != std::string::npos || id == std::to_string(::getpid())) continue;
    try {
      if (base::read_file(entry.path() / "environ").find(mark) != std::string::npos) found.push_back(id);
    } catch (const std::exception&) {
      continue;  // it ended, or is not ours
    }
  }
  return found;
}

}  // namespace weft::e2e
