#include "http/server.hpp"

#include <httplib.h>
#include <sys/socket.h>

#include <thread>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"

namespace weft::http {
namespace {

constexpr int kPatience = 10;  // seconds for a request to come, and for an answer to go

std::string error_text(const std::string& what) {
  return nlohmann::json{{"error", base::redact(what)}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

}  // namespace

struct Server::State {
  httplib::Server server;
};

Server::Server() : state_(std::make_unique<State>()) {
  httplib::Server& server = state_->server;
  // Its own choice would let two servers share a port.
  server.set_socket_options([](int socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.set_payload_max_length(kMaxBytes);
  server.set_read_timeout(kPatience);
  server.set_write_timeout(kPatience);
  server.set_error_handler([](const httplib::Request& request, httplib::Response& response) {
    if (!response.body.empty()) return;
    const std::string what =
        response.status == 404
            ? "there is no " + base::quote(request.method + " " + request.path) + "; see /openapi.json"
        : response.status == 413 ? "the request is too large"
                                 : "this cannot be answered";
    response.set_content(error_text(what), "application/json");
  });
}

Server::~Server() = default;

// The path is a pattern of httplib's in which nothing repeats: matching it needs no stack, however long a path comes.
void Server::on(const std::string& method, const std::string& path, Handler handler) {
  std::string pattern;
  for (const char c : path) pattern += c == '.' ? "\\." : std::string(1, c);
  const auto answer = [handler = std::move(handler)](const httplib::Request& request, httplib::Response& response) {
    Answer made;
    try {
      made = handler(request.body);
    } catch (const base::Error& error) {
      made = {400, error_text(error.what())};
    } catch (const std::exception& error) {
      made = {500, error_text(error.what())};
    }
    response.status = made.status;
    response.set_content(made.body, made.type.c_str());
  };
  if (method == "GET") {
    state_->server.Get(pattern, answer);
  } else {
    state_->server.Post(pattern, answer);
  }
}

int Server::bind(const std::string& host, int port) {
  const int taken =
      port == 0 ? state_->server.bind_to_any_port(host) : (state_->server.bind_to_port(host, port) ? port : -1);
  if (taken <= 0)
    throw base::Error(
        "cannot be listened at: the port is taken, or the address is not this machine's; try another --port",
        host + ":" + std::to_string(port));
  return taken;
}

void Server::serve(const std::stop_token& stop) {
  // httplib's stop() does nothing before it runs.
  std::jthread watcher([&, this](const std::stop_token& over) {
    while (!over.stop_requested()) {
      if (stop.stop_requested() && state_->server.is_running()) {
        state_->server.stop();
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  state_->server.listen_after_bind();
}

}  // namespace weft::http
