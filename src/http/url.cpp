#include "http/url.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace weft::http {
namespace {

std::string lower(std::string_view text) {
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(), [](unsigned char c) { return std::tolower(c); });
  return small;
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// "host", "host:port", "[v6]", "[v6]:port".
base::Result<Url> parse_authority(std::string_view text, Url url) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return base::failure("the address lacks its ']'");
    url.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    url.host = lower(text.substr(0, colon));
    port = text.substr(colon);
  }
  if (url.host.empty()) return base::failure("the host is missing");
  if (port.empty()) return url;
  port.remove_prefix(1);
  const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (code != std::errc() || end != port.data() + port.size() || url.port < 1 || url.port > 65535)
    return base::failure("the port is " + base::quote(port) + "; expected 1 to 65535");
  return url;
}

}  // namespace

base::Result<Url> Url::parse(std::string_view text) {
  if (!is_printable(text)) return base::failure("a URL has only printable ASCII characters and no spaces");
  const std::size_t colon = text.find("://");
  const std::string scheme = colon == std::string_view::npos ? "" : lower(text.substr(0, colon));
  if (scheme != "http" && scheme != "https") return base::failure("a URL starts with http:// or https://");
  Url url;
  url.tls = scheme == "https";
  url.port = url.tls ? 443 : 80;
  text.remove_prefix(colon + 3);
  const std::size_t path = std::min(text.find_first_of("/?#"), text.size());
  const std::string_view authority = text.substr(0, path);
  url.target = text.substr(path);
  if (authority.find('@') != std::string_view::npos)
    return base::failure("a URL holds no user name or password: keys are read from the environment");
  if (url.target.find('#') != std::string::npos) return base::failure("a URL of a server has no '#'");
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return parse_authority(authority, std::move(url));
}

std::string Url::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? 443 : 80) ? name : name + ":" + std::to_string(port);
}

std::string Url::text() const {
  return (tls ? "https://" : "http://") + authority() + target;
}

}  // namespace weft::http
