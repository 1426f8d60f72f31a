// Runs of experiments, as `weft run` and `weft resume` make them. Used by the commands that run one on the way.
#pragma once

#include <string>
#include <vector>

namespace weft::app {

struct RunOptions {
  std::string experiment;  ///< a name or a path; of run() alone
  std::string folder;      ///< of the run; run() takes runs/<name> where it is empty
  std::vector<std::string> settings;
  bool allow_command = false, json = false, dry = false;
  std::string again;  ///< the command that goes on with it; weft resume where it is empty
};

void run(const RunOptions& options);
void resume(const RunOptions& options);

}  // namespace weft::app
