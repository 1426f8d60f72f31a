// The proxy that the environment names: cpp-httplib knows only explicit ones. Used by send(); any thread that does not
// race with setenv().
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "http/url.hpp"

namespace weft::http {

struct Proxy {
  std::string host;
  int port = 0;
  std::string user, password;
};

/// What HTTPS_PROXY or HTTP_PROXY (by the URL's scheme; names in small letters win) says for this URL, unless NO_PROXY
/// lists its host: "*", a name that is the host or a domain above it, each with or without ":port".
base::Result<std::optional<Proxy>> proxy_for(const Url& url);

/// " through the proxy host:port", or nothing: for messages.
std::string via(const std::optional<Proxy>& proxy);

}  // namespace weft::http
