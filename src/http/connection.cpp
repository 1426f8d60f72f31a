#include "http/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace weft::http {

ssize_t Stream::read(char* data, std::size_t size) {
  if (head_.open) size = std::min<std::size_t>(size, 1);
  ssize_t received = 0;
  if (tls_ != nullptr) {
    received = SSL_read(tls_, data, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
    // A connection that ends without TLS's own goodbye may have been cut by anybody.
    if (received <= 0) return SSL_get_error(tls_, static_cast<int>(received)) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
  } else {
    do received = ::recv(socket_, data, size, 0);
    while (received < 0 && errno == EINTR);
  }
  if (!head_.open || received <= 0) return received;
  ++head_.all;
  head_.line = *data == '\n' ? 0 : head_.line + 1;
  return head_.too_large() ? -1 : received;
}

ssize_t Stream::write(const char* data, std::size_t size) {
  if (tls_ != nullptr) {
    const int sent = SSL_write(tls_, data, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
    return sent > 0 ? sent : -1;
  }
  ssize_t sent = 0;
  do sent = ::send(socket_, data, size, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent;
}

}  // namespace weft::http
