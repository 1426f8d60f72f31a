// One HTTP request under one deadline: the only door to a server. Called by the language model providers.
// Any thread, any number at a time: each call has a connection and a thread of its own, and nothing is shared.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>

#include <tl/expected.hpp>

#include "http/message.hpp"

namespace weft::http {

struct Options {
  std::chrono::steady_clock::time_point deadline;
  std::size_t max_bytes = 4U << 20U;  ///< of the reply's body, decompressed
  std::string ca_file;                ///< PEM certificates to trust instead of the system's; empty: the system's
  std::stop_token stop;
};

/// Sends the request and returns whatever the server answers: any status is a Response, redirects are not followed.
/// Returns by the deadline, or soon after a stop is requested, even where a server trickles or a name's look-up hangs;
/// a body that is not whole is a failure. Certificates are verified. Proxies are taken from the environment
/// (proxy_for). Not an exception, whatever the server does.
tl::expected<Response, Failure> send(const Request& request, const Options& options);

}  // namespace weft::http
