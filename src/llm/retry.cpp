#include "llm/retry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <condition_variable>
#include <ctime>
#include <mutex>

#include "base/json.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"
#include "llm/fields.hpp"

namespace weft::llm {
namespace {

using Clock = std::chrono::steady_clock;

// What an error's body says: {"error": {"message", "code", "type"}} in most servers, {"error": "text"} in some.
struct Complaint {
  std::string message, code, type;
};

Complaint read_complaint(const std::string& body) {
  const base::Json json = base::parse_json(body).value_or(nullptr);
  Complaint complaint{.message = find_text(json, {"error", "message"}),
                      .code = find_text(json, {"error", "code"}),
                      .type = find_text(json, {"error", "type"})};
  if (complaint.message.empty()) complaint.message = find_text(json, {"error"});
  if (complaint.message.empty()) complaint.message = body;
  return complaint;
}

// False: a stop came first.
bool pause(Seconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

ChatFailure failure(const Setback& setback, int attempts) {
  std::string reason = base::redact(setback.reason);
  if (attempts > 1) reason += fmt::format(" (after {} tries)", attempts);
  return {.reason = std::move(reason), .permanent = setback.permanent, .attempts = attempts, .usage = {}};
}

}  // namespace

Setback judge(const http::Failure& failure) {
  using Kind = http::Failure::Kind;
  const bool again = failure.kind == Kind::connect || failure.kind == Kind::timeout || failure.kind == Kind::broken;
  return {.reason = failure.reason, .again = again, .permanent = failure.kind == Kind::tls, .wait = {}};
}

Setback judge(const http::Request& request, const http::Response& response) {
  const Complaint complaint = read_complaint(response.body);
  const bool no_quota = complaint.code == "insufficient_quota" || complaint.type == "insufficient_quota";
  const int status = response.status;
  const bool passing = status == 408 || status == 409 || status == 429 || status >= 500;
  const bool again = passing && !no_quota;
  return {.reason = fmt::format("{} answered {}: {}", request.url.authority(), status,
                                base::quote(base::redact(complaint.message), 300)),
          .again = again,
          .permanent = !again,
          .wait = retry_after(response.header("Retry-After"), std::chrono::system_clock::now())};
}

std::optional<Seconds> retry_after(const std::string& header, std::chrono::system_clock::time_point now) {
  double seconds = -1;
  const char* end = header.data() + header.size();
  if (const auto read = std::from_chars(header.data(), end, seconds); read.ec != std::errc() || read.ptr != end) {
    std::tm date{};
    const char* rest = ::strptime(header.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
    if (rest == nullptr || *rest != '\0') return std::nullopt;
    seconds = Seconds(std::chrono::system_clock::from_time_t(::timegm(&date)) - now).count();
    seconds = std::max(0.0, seconds);
  }
  if (!(seconds >= 0 && seconds <= 60)) return std::nullopt;
  return Seconds(seconds);
}

Seconds backoff(int failures, double random) {
  return Seconds(std::min(0.5 * std::exp2(failures), 8.0) * (1 - 0.25 * random));
}

Chat with_retries(const Retries& retries, Deadline deadline, const std::stop_token& stop, const Try& attempt) {
  const auto start = Clock::now();
  base::Random random(static_cast<std::uint64_t>(start.time_since_epoch().count()));
  for (int tries = 1;; ++tries) {
    const bool last = tries > retries.most;
    const auto now = Clock::now();
    auto result = attempt(last ? deadline : now + (deadline - now) / 2);
    if (result) {
      result->attempts = tries;
      result->seconds = Seconds(Clock::now() - start).count();
      return std::move(*result);
    }
    Setback& setback = result.error();
    if (!setback.again || last) return tl::unexpected(failure(setback, tries));
    const Seconds wait = setback.wait.value_or(backoff(tries - 1, random.uniform())) * retries.scale;
    if (Clock::now() + wait >= deadline) {
      setback.reason += "; no time is left for another try";
      return tl::unexpected(failure(setback, tries));
    }
    if (!pause(wait, stop)) {
      setback.reason = "stopped after a failed try: " + setback.reason;
      return tl::unexpected(failure(setback, tries));
    }
  }
}

}  // namespace weft::llm
