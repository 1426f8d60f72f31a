// Marks the processes that a test starts, directly or not, and looks for those that are left.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

namespace weft::test {

/// What is started while it lives has an entry of its own in its environment.
class Started {
 public:
  Started() : mark_("WEFT_TEST_OF=" + std::to_string(reinterpret_cast<std::uintptr_t>(this))) {
    ::setenv("WEFT_TEST_OF", mark_.substr(mark_.find('=') + 1).c_str(), 1);
  }
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;
  ~Started() { ::unsetenv("WEFT_TEST_OF"); }

  /// Their numbers, read from /proc; zombies have no environment and do not count.
  std::string alive() const {
    std::string found;
    for (const auto& process : std::filesystem::directory_iterator("/proc")) {
      const std::string name = process.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::ifstream file(process.path() / "environ");
      const std::string environment{std::istreambuf_iterator<char>(file), {}};
      if (environment.find(mark_ + '\0') != std::string::npos) found += name + " ";
    }
    return found;
  }
  /// Fails the test where any is alive after a moment.
  void expect_none_left() const {
    std::string left = alive();
    for (int i = 0; i < 100 && !left.empty(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      left = alive();
    }
    EXPECT_EQ(left, "") << "left behind";
  }

 private:
  std::string mark_;
};

}  // namespace weft::test
