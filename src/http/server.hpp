// A small HTTP server for this machine or a trusted network: fixed paths, JSON in and out. Handlers are called from any
// of its threads, several at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

namespace weft::http {

class Server {
 public:
  struct Answer {
    int status = 200;
    std::string body;
    std::string type = "application/json";
  };
  using Handler = std::function<Answer(const std::string& body)>;

  Server();
  ~Server();
  /// Answers `method` (GET or POST) on exactly this path, of letters, digits, '/', '_' and '.'. Bodies beyond
  /// `max_bytes` are refused with 413, other paths with 404, each as {"error": ...}. A handler's base::Error is 400,
  /// anything else 500.
  void on(const std::string& method, const std::string& path, Handler handler);

  /// Takes the port (0: any that is free), and returns it. Throws base::Error where it cannot be had.
  int bind(const std::string& host, int port);
  /// Serves until a stop is requested. After bind().
  void serve(const std::stop_token& stop);

  static constexpr std::size_t kMaxBytes = std::size_t{8} << 20U;  ///< of a request's body

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft::http
