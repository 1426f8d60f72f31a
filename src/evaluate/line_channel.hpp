// Lines of text over a socket, with a deadline for reading: both ends of the worker protocol. One thread at a time.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace weft::evaluate {

class LineChannel {
 public:
  explicit LineChannel(int fd) : fd_(fd) {}

  /// False where the other end is gone.
  bool write(const std::string& line);

  enum class Status { line, waiting, closed };
  /// The next line within `wait`, or why there is none.
  Status read(std::string& line, std::chrono::milliseconds wait);

 private:
  int fd_;
  std::string buffer_;
};

}  // namespace weft::evaluate
