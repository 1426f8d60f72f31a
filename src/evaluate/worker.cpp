#include "evaluate/worker.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <exception>
#include <memory>
#include <thread>

#include "base/error.hpp"
#include "evaluate/evaluator.hpp"
#include "evaluate/line_channel.hpp"
#include "net/device.hpp"

namespace weft::evaluate {
namespace {

using base::Json;
constexpr std::chrono::milliseconds kForever{1 << 30};

// Ends this process and its children when the other end of the channel hangs up, whatever the main thread is doing.
void watch(int channel) {
  std::thread([channel] {
    pollfd poll{channel, POLLRDHUP, 0};
    while (::poll(&poll, 1, -1) <= 0 || (poll.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0) {
    }
    ::kill(0, SIGKILL);
  }).detach();
}

Json answer(Evaluator& evaluator, const std::string& line) {
  try {
    return evaluator.evaluate(Evaluation::from_json(Json::parse(line))).to_json();
  } catch (const std::exception& error) {
    const std::string what = error.what();
    return journal::Outcome::failed("crashed", what.substr(0, what.find('\n'))).to_json();
  }
}

}  // namespace

int serve_worker(int channel) {
  // Ours alone: a program that had it could answer in our place, and keep it open when this process is gone.
  ::fcntl(channel, F_SETFD, FD_CLOEXEC);
  LineChannel lines(channel);
  std::string line;
  if (lines.read(line, kForever) != LineChannel::Status::line) return 1;
  watch(channel);
  std::unique_ptr<Evaluator> evaluator;
  try {
    const Setup setup = Setup::from_json(Json::parse(line));
    net::set_threads(setup.threads);
    evaluator = make_evaluator(setup);
  } catch (const std::exception& error) {
    lines.write(Json{{"error", error.what()}}.dump());
    return 1;
  }
  lines.write(Json{{"ready", true}}.dump());
  while (lines.read(line, kForever) == LineChannel::Status::line) {
    if (!lines.write(answer(*evaluator, line).dump(-1, ' ', false, Json::error_handler_t::replace))) break;
  }
  return 0;
}

}  // namespace weft::evaluate
