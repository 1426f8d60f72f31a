// What is sent, what comes back, and why nothing came back.
#pragma once

#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <string_view>

#include "http/url.hpp"

namespace weft::http {

struct IgnoreCase {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
      return std::tolower(x) < std::tolower(y);
    });
  }
};

/// A name may stand in it more than once.
using Headers = std::multimap<std::string, std::string, IgnoreCase>;

struct Request {
  std::string method;  ///< GET, POST
  Url url;
  Headers headers;
  std::string body;
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;

  /// The first header of that name, or nothing.
  std::string header(std::string_view name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

struct Failure {
  enum class Kind {
    connect,    ///< no connection: no such host, refused, the TLS handshake broke off
    tls,        ///< the server's certificate is refused
    timeout,    ///< the deadline came first
    stopped,    ///< a stop was requested
    too_large,  ///< more than max_bytes
    broken      ///< the connection was lost, or what came is not HTTP or not whole
  };
  Kind kind = Kind::broken;
  std::string reason;  ///< one line that names the host
};

}  // namespace weft::http
