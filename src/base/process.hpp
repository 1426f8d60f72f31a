// Child processes: spawned (never forked), in a process group of their own.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace weft::base {

struct Command {
  std::vector<std::string> argv;         ///< argv[0] is looked up in PATH
  std::vector<std::string> environment;  ///< "NAME=value"
  int in = -1, out = -1, err = -1;  ///< descriptors to become 0, 1, 2; -1 means /dev/null for 0 and inherited for 1, 2
  int channel = -1;                 ///< a descriptor to become 3
  bool err_with_out = false;        ///< 2 goes where 1 goes
  bool own_group = true;            ///< leads a process group, so that its children can be ended with it
};

/// Starts the command. Throws Error where it cannot be started.
pid_t spawn(const Command& command);

/// Where spawn() will find a program: its path, or where PATH has it; empty where it is nowhere or may not be run.
std::string find_program(const std::string& name);

/// How a process ended, in words: "exit code 1", "signal 9 (Killed)".
std::string exit_text(int status);

struct Finished {
  int status = 0;  ///< as waitpid gives it
  std::string output;
  bool timed_out = false;
};

/// Runs a command with `input` on its standard input and returns what it printed (at most `limit` bytes of it); kills
/// its whole group at the time limit, and what is left of the group when the command has ended.
Finished run(Command command, const std::string& input, std::chrono::milliseconds time_limit,
             std::size_t limit = 16U << 20U);

/// The path of this program's own file, also where it was replaced or removed after the program started.
std::string own_path();

}  // namespace weft::base
