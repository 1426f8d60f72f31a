// httplib's clients with a stream of ours under them. Theirs reads a head of any size, and a status line of 100 kB
// overflows the stack in its regular expression: a server must not be able to do that. Used by call.cpp. One thread.
#pragma once

#include <httplib.h>

#include <functional>
#include <string>

namespace weft::http {

/// Measures a reply's status line and headers while they are read.
struct Head {
  bool open = true;  ///< still being read
  std::size_t line = 0, all = 0;

  bool too_large() const { return line > 8192 || all > 65536; }
};

/// Blocking reads and writes: what ends them is the socket's own time limit, or a shutdown of it.
class Stream : public httplib::Stream {
 public:
  Stream(int socket, SSL* tls, Head& head) : socket_(socket), tls_(tls), head_(head) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* data, std::size_t size) override;
  ssize_t write(const char* data, std::size_t size) override;
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return socket_; }

 private:
  int socket_;
  SSL* tls_;
  Head& head_;
};

/// `Base` is httplib::ClientImpl or httplib::SSLClient.
template <class Base>
class Connection : public Base {
 public:
  Connection(const std::string& host, int port, Head& head) : Base(host, port), head_(head) {}

 private:
  bool process_socket(const typename Base::Socket& socket, std::function<bool(httplib::Stream&)> use) override {
    Stream stream(socket.sock, socket.ssl, head_);
    return use(stream);
  }

  Head& head_;
};

}  // namespace weft::http
