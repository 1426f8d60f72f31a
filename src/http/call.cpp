#include "http/call.hpp"

#include <netdb.h>
#include <openssl/err.h>

#include <memory>
#include <optional>

#include "http/body.hpp"
#include "http/connection.hpp"
#include "http/proxy.hpp"

namespace weft::http {
namespace {

using Clock = std::chrono::steady_clock;
using Result = tl::expected<Response, Failure>;
using Kind = Failure::Kind;

tl::unexpected<Failure> failed(Kind kind, std::string reason) {
  return tl::unexpected(Failure{kind, std::move(reason)});
}

bool resolves(const std::string& host) {
  addrinfo* found = nullptr;
  const bool known = ::getaddrinfo(host.c_str(), nullptr, nullptr, &found) == 0;
  if (known) ::freeaddrinfo(found);
  return known;
}

class Call {
 public:
  Call(const Request& request, const Options& options, Wire& wire)
      : request_(request), options_(options), wire_(wire), where_(request.url.authority()) {}

  Result run() {
    if (auto proxy = proxy_for(request_.url); proxy) {
      proxy_ = std::move(*proxy);
    } else {
      return failed(Kind::connect, proxy.error());
    }
    const Url& url = request_.url;
    if (url.tls) {
      client_ = std::make_unique<Connection<httplib::SSLClient>>(url.host, url.port, head_);
    } else {
      client_ = std::make_unique<Connection<httplib::ClientImpl>>(url.host, url.port, head_);
    }
    set_up();
    return outcome(client_->send(raw_request()));
  }

 private:
  void set_up() {
    // A little more than is left: it is send() that keeps the deadline, and it must know that it did.
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(options_.deadline - Clock::now());
    const auto limit = std::min(left, std::chrono::seconds(100'000)) + std::chrono::seconds(5);
    client_->set_connection_timeout(limit);
    client_->set_read_timeout(limit);
    client_->set_write_timeout(limit);
    client_->set_socket_options([this](socket_t socket) { wire_.hold(socket); });
    client_->set_decompress(false);
    client_->set_url_encode(false);
    if (!options_.ca_file.empty()) client_->set_ca_cert_path(options_.ca_file);
    if (!proxy_) return;
    client_->set_proxy(proxy_->host, proxy_->port);
    if (!proxy_->user.empty()) client_->set_proxy_basic_auth(proxy_->user, proxy_->password);
  }

  httplib::Request raw_request() {
    httplib::Request raw;
    raw.method = request_.method;
    raw.path = request_.url.target;
    raw.headers.insert(request_.headers.begin(), request_.headers.end());
    raw.headers.emplace("Host", where_);
    raw.headers.emplace("Accept-Encoding", "identity");
    // httplib sends a proxy's password through the tunnel as well, to the server, unless the header is there.
    if (proxy_ && !proxy_->user.empty() && request_.url.tls) raw.headers.emplace("Proxy-Authorization", "");
    raw.body = request_.body;
    raw.response_handler = [this](const httplib::Response& head) { return take_head(head); };
    raw.content_receiver = [this](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
      return body_->take({data, size});
    };
    return raw;
  }

  bool take_head(const httplib::Response& head) {
    head_.open = false;
    response_.status = head.status;
    response_.headers.insert(head.headers.begin(), head.headers.end());
    body_.emplace(response_.headers, options_.max_bytes);
    // Without these httplib hands over the bytes as they come until the connection ends, or body_ has enough.
    auto& headers = const_cast<httplib::Response&>(head).headers;
    headers.erase("Transfer-Encoding");
    headers.erase("Content-Length");
    return body_->take("");
  }

  Result outcome(const httplib::Result& result) {
    if (body_) {
      auto text = body_->finish(result.error() == httplib::Error::Success);
      if (!text) return failed(text.error().kind, "the reply of " + where_ + " is unusable: " + text.error().reason);
      response_.body = std::move(*text);
      return std::move(response_);
    }
    if (!result) return failure(result.error());
    response_.status = result->status;  // 204, or a proxy that refuses
    response_.headers.insert(result->headers.begin(), result->headers.end());
    return std::move(response_);
  }

  Result failure(httplib::Error error) const {
    if (head_.too_large())
      return failed(Kind::broken, "the reply of " + where_ + " is unusable: its head is too large");
    switch (error) {
      case httplib::Error::SSLLoadingCerts:
        return failed(Kind::tls, "no certificates can be read from '" + options_.ca_file + "'");
      case httplib::Error::SSLServerVerification: return failed(Kind::tls, refused_certificate());
      case httplib::Error::SSLConnection:
        return failed(Kind::connect, "the TLS handshake with " + where_ + via(proxy_) + " failed" + tls_reason());
      case httplib::Error::Connection:
      case httplib::Error::ConnectionTimeout: return failed(Kind::connect, unreachable());
      default: return failed(Kind::broken, "the connection to " + where_ + via(proxy_) + " was lost before its reply");
    }
  }

  std::string unreachable() const {
    const std::string& host = proxy_ ? proxy_->host : request_.url.host;
    if (!resolves(host)) return "there is no host '" + host + "'";
    return "no connection to " + where_ + via(proxy_);
  }

  std::string refused_certificate() const {
    const long code = static_cast<const httplib::SSLClient&>(*client_).get_openssl_verify_result();
    const char* why = code == X509_V_OK ? "it is for another host" : X509_verify_cert_error_string(code);
    return "the certificate of " + where_ + " is refused: " + why;
  }

  static std::string tls_reason() {
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    return reason == nullptr ? "" : std::string(": ") + reason;
  }

  const Request& request_;
  const Options& options_;
  Wire& wire_;
  const std::string where_;
  std::optional<Proxy> proxy_;
  Head head_;
  std::unique_ptr<httplib::ClientImpl> client_;
  Response response_;
  std::optional<Body> body_;
};

}  // namespace

Result call(const Request& request, const Options& options, Wire& wire) {
  return Call(request, options, wire).run();
}

}  // namespace weft::http
