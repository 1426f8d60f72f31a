#include "base/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/error.hpp"

namespace weft::base {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

std::pair<Descriptor, Descriptor> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(std::string("no pipe: ") + std::strerror(errno), "", Fault::weft);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

// Writes what is left of `input`; closes the pipe when all is written or nobody reads.
void feed(Descriptor& pipe, const std::string& input, std::size_t& sent) {
  const ssize_t written = ::write(pipe.get(), input.data() + sent, input.size() - sent);
  if (written > 0) sent += static_cast<std::size_t>(written);
  if (sent == input.size() || (written < 0 && errno != EINTR && errno != EAGAIN)) pipe.close();
}

}  // namespace

pid_t spawn(const Command& command) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  const std::array<int, 4> sources{command.in, command.out, command.err, command.channel};
  if (command.in < 0) posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  for (int target = 0; target < 4; ++target) {
    if (sources[target] >= 0) posix_spawn_file_actions_adddup2(&actions, sources[target], target);
  }
  if (command.err_with_out) posix_spawn_file_actions_adddup2(&actions, 1, 2);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t ignored_here;
  sigemptyset(&ignored_here);
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM}) sigaddset(&ignored_here, signal);
  posix_spawnattr_setsigdefault(&attributes, &ignored_here);
  posix_spawnattr_setpgroup(&attributes, 0);
  const int group = command.own_group ? POSIX_SPAWN_SETPGROUP : 0;
  posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | group));
  pid_t pid = -1;
  const int code = posix_spawnp(&pid, command.argv.at(0).c_str(), &actions, &attributes, pointers(command.argv).data(),
                                pointers(command.environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (code != 0) throw Error("cannot be started: " + std::string(std::strerror(code)), command.argv[0]);
  return pid;
}

std::string exit_text(int status) {
  if (WIFEXITED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  return "signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
}

Finished run(Command command, const std::string& input, std::chrono::milliseconds time_limit, std::size_t limit) {
  auto [in_read, in_write] = make_pipe();
  auto [out_read, out_write] = make_pipe();
  command.in = in_read.get();
  command.out = out_write.get();
  const pid_t pid = spawn(command);
  in_read.close();
  out_write.close();
  ::fcntl(in_write.get(), F_SETFL, O_NONBLOCK);
  Finished finished;
  std::size_t sent = 0;
  const auto deadline = std::chrono::steady_clock::now() + time_limit;
  std::array<char, 1 << 14> buffer{};
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      finished.timed_out = true;
      ::kill(command.own_group ? -pid : pid, SIGKILL);
      break;
    }
    std::array<pollfd, 2> waits{{{out_read.get(), POLLIN, 0}, {in_write.get(), POLLOUT, 0}}};
    ::poll(waits.data(), in_write.get() >= 0 ? 2 : 1, static_cast<int>(std::min<long long>(left.count(), 1000)));
    if (in_write.get() >= 0 && waits[1].revents != 0) feed(in_write, input, sent);
    if (waits[0].revents == 0) continue;
    const ssize_t got = ::read(out_read.get(), buffer.data(), buffer.size());
    if (got == 0) break;
    if (got > 0 && finished.output.size() < limit) finished.output.append(buffer.data(), static_cast<std::size_t>(got));
  }
  while (::waitpid(pid, &finished.status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() >= deadline) {
      finished.timed_out = true;
      ::kill(command.own_group ? -pid : pid, SIGKILL);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (command.own_group) ::kill(-pid, SIGKILL);  // whatever it started and left behind
  return finished;
}

std::string own_path() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

}  // namespace weft::base
