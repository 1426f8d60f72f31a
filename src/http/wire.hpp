// A hold on the connection of a request, by which another thread can cut it. httplib's own stop() waits for a lock that
// is held while it connects and shakes hands, so it cannot end either. Any thread.
#pragma once

#include <mutex>

namespace weft::http {

class Wire {
 public:
  Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire();

  /// Takes hold of a socket that is about to be connected; once cut, makes its connection fail instead.
  void hold(int socket);
  /// Ends the connection: whoever reads or writes it finds it closed. No later one is made.
  void cut();

 private:
  std::mutex mutex_;
  int held_ = -1;  ///< a duplicate: its number cannot become another file's while we use it
  bool cut_ = false;
};

}  // namespace weft::http
