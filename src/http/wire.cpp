#include "http/wire.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weft::http {

Wire::~Wire() {
  if (held_ >= 0) ::close(held_);
}

void Wire::hold(int socket) {
  const std::lock_guard lock(mutex_);
  if (held_ >= 0) ::close(held_);
  held_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (!cut_) return;
  // What is no socket cannot be connected: a request that nobody waits for any more must not reach the server.
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup3(nothing, socket, O_CLOEXEC);
  ::close(nothing);
}

void Wire::cut() {
  const std::lock_guard lock(mutex_);
  cut_ = true;
  if (held_ >= 0) ::shutdown(held_, SHUT_RDWR);
}

}  // namespace weft::http
