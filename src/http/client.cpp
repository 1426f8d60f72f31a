#include "http/client.hpp"

#include <signal.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "http/call.hpp"
#include "http/proxy.hpp"

namespace weft::http {
namespace {

using Clock = std::chrono::steady_clock;
using Result = tl::expected<Response, Failure>;
using Kind = Failure::Kind;

tl::unexpected<Failure> failed(Kind kind, std::string reason) {
  return tl::unexpected(Failure{kind, std::move(reason)});
}

// What send() and its thread share; the last of the two to leave deletes it.
class Exchange {
 public:
  Exchange(Request request, Options options) : request_(std::move(request)), options_(std::move(options)) {}

  void run() {
    // httplib writes to sockets that may be closed; the signal of it is this thread's alone and dies with it.
    sigset_t broken_pipe;
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    Result result = attempt();
    const std::lock_guard lock(mutex_);
    result_ = std::move(result);
    done_.notify_all();
  }

  /// Waits until the thread is done, or cuts its connection. False: it hangs where nothing can reach it.
  bool wait() {
    std::unique_lock lock(mutex_);
    const auto done = [this] { return result_.has_value(); };
    if (done_.wait_until(lock, options_.stop, options_.deadline, done)) return true;
    wire_.cut();
    return done_.wait_for(lock, std::chrono::milliseconds(200), done);
  }

  Result take() {
    const std::lock_guard lock(mutex_);
    if (result_ && (*result_ || !ended())) return std::move(*result_);
    return overdue(request_, options_);
  }

  static Result overdue(const Request& request, const Options& options) {
    const std::string where = request.url.authority() + via(proxy_for(request.url).value_or(std::nullopt));
    if (options.stop.stop_requested()) return failed(Kind::stopped, "stopped while waiting for " + where);
    return failed(Kind::timeout, "no reply of " + where + " within the time limit");
  }

 private:
  bool ended() const { return options_.stop.stop_requested() || Clock::now() >= options_.deadline; }

  Result attempt() {
    try {
      return call(request_, options_, wire_);
    } catch (const std::exception& error) {
      return failed(Kind::broken, "the reply of " + request_.url.authority() + " is unusable: " + error.what());
    }
  }

  const Request request_;
  const Options options_;
  Wire wire_;
  std::mutex mutex_;
  std::condition_variable_any done_;
  std::optional<Result> result_;
};

}  // namespace

Result send(const Request& request, const Options& options) {
  if (options.stop.stop_requested() || Clock::now() >= options.deadline) return Exchange::overdue(request, options);
  const auto exchange = std::make_shared<Exchange>(request, options);
  try {
    std::thread thread([exchange] { exchange->run(); });
    if (exchange->wait()) {
      thread.join();
    } else {
      thread.detach();
    }
  } catch (const std::system_error& error) {
    return failed(Kind::connect, std::string("no thread for a request: ") + error.what());
  }
  return exchange->take();
}

}  // namespace weft::http
