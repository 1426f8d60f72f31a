// How much of a training's budget is used up, by steps or by the clock; and the memory that it took.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <string>

#include "train/recipe.hpp"

namespace weft::train {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Budget {
 public:
  Budget(const Recipe& recipe, double share, std::int64_t tokens_a_step) {
    if (recipe.seconds > 0) seconds_ = recipe.seconds * share;
    const double steps = recipe.steps > 0 ? static_cast<double>(recipe.steps)
                                          : static_cast<double>(recipe.tokens) / static_cast<double>(tokens_a_step);
    steps_ = std::max<std::int64_t>(1, std::llround(steps * share));
  }
  /// The share that `step` steps and `seconds` have used.
  double used(std::int64_t step, double seconds) const {
    return seconds_ > 0 ? seconds / seconds_ : static_cast<double>(step) / static_cast<double>(steps_);
  }

 private:
  double seconds_ = 0;
  std::int64_t steps_ = 0;
};

/// The largest resident memory of the process since it was made; of the GPU where there is one is its allocator's to
/// say.
class PeakMemory {
 public:
  PeakMemory() { std::ofstream("/proc/self/clear_refs") << "5"; }
  static double bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) * 1024;
    }
    return 0;
  }
};

}  // namespace weft::train
