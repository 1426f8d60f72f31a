#include "http/proxy.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "base/text.hpp"

namespace weft::http {
namespace {

std::string variable(std::string name) {
  for (int pass = 0; pass < 2; ++pass) {
    if (const char* value = std::getenv(name.c_str()); value != nullptr && *value != '\0') return value;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  }
  return "";
}

bool excludes(std::string_view entry, const Url& url) {
  if (entry == "*") return true;
  if (const std::size_t colon = entry.rfind(':'); colon != std::string_view::npos && entry.find(':') == colon) {
    if (entry.substr(colon + 1) != std::to_string(url.port)) return false;
    entry = entry.substr(0, colon);
  }
  if (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.empty() || !std::string_view(url.host).ends_with(entry)) return false;
  return url.host.size() == entry.size() || url.host[url.host.size() - entry.size() - 1] == '.';
}

bool excluded(const Url& url) {
  const std::string list = variable("no_proxy");
  std::string_view rest = list;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (excludes(base::trim(rest.substr(0, comma)), url)) return true;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return false;
}

std::string percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      plain += static_cast<char>(value);
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

base::Result<std::optional<Proxy>> proxy_for(const Url& url) {
  const std::string name = url.tls ? "https_proxy" : "http_proxy", text = variable(name);
  if (text.empty() || excluded(url)) return std::nullopt;
  const auto failed = [&](const std::string& why) { return base::failure("the proxy in " + name + ": " + why); };
  std::string_view rest = text;
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  if (rest.find("://") != std::string_view::npos) return failed("only http:// proxies are understood");
  Proxy proxy;
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::size_t colon = std::min(rest.find(':'), at);
    proxy.user = percent_decoded(rest.substr(0, colon));
    proxy.password = percent_decoded(rest.substr(std::min(colon + 1, at), at - std::min(colon + 1, at)));
    rest.remove_prefix(at + 1);
  }
  const auto address = Url::parse("http://" + std::string(rest));
  if (!address) return failed(address.error());
  proxy.host = address->host;
  proxy.port = address->port;
  return proxy;
}

std::string via(const std::optional<Proxy>& proxy) {
  return proxy ? " through the proxy " + proxy->host + ":" + std::to_string(proxy->port) : "";
}

}  // namespace weft::http
