// The one retry layer: tries again what may go better, under the one deadline of a call. Called by Endpoint. Any
// thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include <tl/expected.hpp>

#include "http/message.hpp"
#include "llm/chat.hpp"

namespace weft::llm {

using Seconds = std::chrono::duration<double>;

struct Retries {
  int most = 4;      ///< tries after the first
  double scale = 1;  ///< multiplies every wait; tests set 0
};

/// Why a try brought no result, and what follows from it.
struct Setback {
  std::string reason;
  bool again = false;           ///< another try may go better
  bool permanent = false;       ///< so would another call not
  std::optional<Seconds> wait;  ///< what the server asks for
};

/// Lost and refused connections and the end of a try's time may go better; a refused certificate does not.
Setback judge(const http::Failure& failure);

/// A status other than 200: 408, 409, 429, 529 and >= 500 may go better, unless the quota is used up. The reason quotes
/// the server's message.
Setback judge(const http::Request& request, const http::Response& response);

/// A Retry-After header in seconds or as an HTTP date, if it is at most 60 s.
std::optional<Seconds> retry_after(const std::string& header, std::chrono::system_clock::time_point now);

/// min(0.5 · 2^failures, 8) s · (1 − 0.25 · random), with random in [0, 1).
Seconds backoff(int failures, double random);

/// One try, which has to be over by the time that it is given.
using Try = std::function<tl::expected<ChatResult, Setback>(Deadline)>;

/// Tries until there is a result, a setback that does not go away, no try left, or no time for another. While tries are
/// left each gets half of the time that is left, so that a server that hangs does not use up the call.
Chat with_retries(const Retries& retries, Deadline deadline, const std::stop_token& stop, const Try& attempt);

}  // namespace weft::llm
