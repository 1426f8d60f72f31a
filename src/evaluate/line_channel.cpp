#include "evaluate/line_channel.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace weft::evaluate {
namespace {

constexpr std::size_t kMaxLine = 64U << 20U;

}  // namespace

bool LineChannel::write(const std::string& line) {
  const std::string text = line + "\n";
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t written = ::send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    sent += static_cast<std::size_t>(written);
  }
  return true;
}

LineChannel::Status LineChannel::read(std::string& line, std::chrono::milliseconds wait) {
  const auto deadline = std::chrono::steady_clock::now() + wait;
  while (true) {
    if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
      line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return Status::line;
    }
    if (buffer_.size() > kMaxLine) return Status::closed;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd poll{fd_, POLLIN, 0};
    const int ready = ::poll(&poll, 1, static_cast<int>(std::max<long long>(0, left.count())));
    if (ready == 0) return Status::waiting;
    std::array<char, 1 << 14> bytes{};
    const ssize_t got = ready < 0 ? -1 : ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Status::closed;
    buffer_.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace weft::evaluate
