// An http or https URL: parsed once where a configuration is read, then passed on as this value. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace weft::http {

struct Url {
  bool tls = false;
  std::string host;  ///< a name or an address; IPv6 without its brackets
  int port = 0;
  std::string target;  ///< path and query, starting with '/'

  /// The error says what is wrong; it never quotes a user name or a password.
  static base::Result<Url> parse(std::string_view text);

  std::string authority() const;  ///< "localhost:8000", "[::1]:8000"; the scheme's own port is left out
  std::string text() const;
};

}  // namespace weft::http
