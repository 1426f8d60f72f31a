// Runs tests/support/fake_model_server.py for as long as the object lives, and reads its log. Used by tests that talk
// to a model server. One thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/json.hpp"
#include "tests/support/folder.hpp"

namespace weft::test {

/// A self-signed certificate for localhost and 127.0.0.1, made by the openssl command.
struct Certificate {
  explicit Certificate(const Folder& folder, const std::string& name = "localhost");
  std::string file, key;
};

class ModelServer {
 public:
  /// `arguments` as the script's header says; --log and --announce are added.
  explicit ModelServer(std::vector<std::string> arguments = {});
  ModelServer(const ModelServer&) = delete;
  ModelServer& operator=(const ModelServer&) = delete;
  ~ModelServer();

  int port() const { return port_; }
  /// "http://127.0.0.1:PORT" and `path`.
  std::string url(const std::string& path = "/v1") const;

  /// The requests so far, as the log has them.
  std::vector<base::Json> requests() const;
  /// Waits until one more request has been received.
  void await_request();

 private:
  std::string read_line() const;

  Folder folder_;
  pid_t process_ = -1;
  int in_ = -1, out_ = -1;  ///< our ends of its standard input and output
  int port_ = 0;
};

}  // namespace weft::test
