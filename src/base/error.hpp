// The one exception of weft: misuse, bad configuration, I/O. Thrown anywhere, caught once in main and printed as one
// line. What can be expected to fail (a reply, a training) is a value and never one of these.
#pragma once

#include <stdexcept>
#include <string>

namespace weft::base {

/// Whose mistake it is; main turns it into the exit code.
enum class Fault { user = 2, weft = 1 };

class Error : public std::runtime_error {
 public:
  /// `what` says what is wrong with the offending value and what was expected; `where` is "file:line:column", a file, a
  /// flag, or empty.
  explicit Error(const std::string& what, const std::string& where = {}, Fault fault = Fault::user)
      : std::runtime_error(where.empty() ? what : where + ": " + what), fault_(fault) {}

  Fault fault() const { return fault_; }

 private:
  Fault fault_;
};

/// A broken promise inside weft.
inline Error internal_error(const std::string& what) {
  return Error(what, "internal error", Fault::weft);
}

}  // namespace weft::base
