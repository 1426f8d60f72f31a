#include "app/signals.hpp"

#include <signal.h>

#include <cerrno>
#include <ctime>

namespace weft::app {
namespace {

constexpr int kGraceSeconds = 30;

sigset_t ours() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

StopSignals::StopSignals(std::function<void(const std::string&)> tell) : tell_(std::move(tell)) {
  const sigset_t set = ours();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

StopSignals::~StopSignals() = default;

void StopSignals::serve(const std::stop_token& stop) {
  const sigset_t set = ours();
  int waited = 0;
  while (!stop.stop_requested()) {
    const timespec tick{0, 200'000'000};
    const bool signalled = sigtimedwait(&set, nullptr, &tick) > 0;
    if (signalled && !gently_.stop_requested()) {
      tell_("stopping: finishing what is under way, for at most " + std::to_string(kGraceSeconds) +
            " s (again to stop at once)");
      gently_.request_stop();
    } else if (signalled || (gently_.stop_requested() && ++waited > 5 * kGraceSeconds)) {
      at_once_.request_stop();
    }
  }
}

}  // namespace weft::app
