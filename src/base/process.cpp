#include "base/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <thread>
#include <utility>

#include "base/error.hpp"

namespace weft::base {
namespace {

constexpr int kLook = 20;  // milliseconds between looks at whether the command has ended

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

// Keeps what was printed, up to `limit`; false at its end.
bool drain(const Descriptor& pipe, std::string& output, std::size_t limit) {
  std::array<char, 1 << 14> buffer{};
  const ssize_t got = ::read(pipe.get(), buffer.data(), buffer.size());
  if (got > 0) output.append(buffer.data(), std::min(static_cast<std::size_t>(got), limit - output.size()));
  return got > 0 || (got < 0 && errno == EINTR);
}

// While it lives, writing where nobody reads is an error of write() and not the end of this process.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;
  ~NoPipeSignal() {
    const timespec now{};
    if (sigismember(&before_, SIGPIPE) == 0) ::sigtimedwait(&pipe_, nullptr, &now);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{}, before_{};
};

// A started command with its deadline.
class Child {
 public:
  Child(pid_t pid, bool group, std::chrono::milliseconds time_limit)
      : pid_(pid), group_(group), deadline_(std::chrono::steady_clock::now() + time_limit) {}
  bool late() const { return std::chrono::steady_clock::now() >= deadline_; }
  bool ended() {
    ended_ = ended_ || ::waitpid(pid_, &status_, WNOHANG) != 0;
    return ended_;
  }
  void kill() const { ::kill(group_ ? -pid_ : pid_, SIGKILL); }
  int status() const { return status_; }

 private:
  pid_t pid_;
  bool group_, ended_ = false;
  std::chrono::steady_clock::time_point deadline_;
  int status_ = 0;
};

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

std::string find_program(const std::string& name) {
  const auto runs = [](const std::filesystem::path& file) {
    return std::filesystem::is_regular_file(file) && ::access(file.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) return runs(name) ? name : "";
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/bin:/usr/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto file = std::filesystem::path(folder) / name;
    if (runs(file)) return file.string();
  }
  return "";
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
  Child child(spawn(command), command.own_group, time_limit);
  in_read.close();
  out_write.close();
  ::fcntl(in_write.get(), F_SETFL, O_NONBLOCK);
  const NoPipeSignal quiet;
  Finished finished;
  std::size_t sent = 0;
  while (!child.late()) {
    const bool ended = child.ended();
    std::array<pollfd, 2> waits{{{out_read.get(), POLLIN, 0}, {in_write.get(), POLLOUT, 0}}};
    const int ready = ::poll(waits.data(), in_write.get() >= 0 ? 2 : 1, ended ? 0 : kLook);
    if (ready == 0 && ended) break;  // what it left behind may hold the pipe open
    if (in_write.get() >= 0 && waits[1].revents != 0) feed(in_write, input, sent);
    if (waits[0].revents != 0 && !drain(out_read, finished.output, limit)) break;
  }
  while (!child.ended()) {
    finished.timed_out = finished.timed_out || child.late();
    if (finished.timed_out) child.kill();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (command.own_group) child.kill();  // whatever it started and left behind
  finished.status = child.status();
  return finished;
}

std::string own_path() {
  const std::filesystem::path link = "/proc/self/exe", path = std::filesystem::read_symlink(link);
  return (std::filesystem::exists(path) ? path : link).string();
}

}  // namespace weft::base
