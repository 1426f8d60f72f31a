#include "tests/support/model_server.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>

#include "base/error.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

namespace weft::test {
namespace {

std::vector<std::string> environment() {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) entries.emplace_back(*entry);
  return entries;
}

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw base::internal_error("no pipe");
  return ends;
}

}  // namespace

Certificate::Certificate(const Folder& folder, const std::string& name)
    : file(folder / (name + ".pem")), key(folder / (name + ".key")) {
  base::Command command;
  command.argv = {"openssl",
                  "req",
                  "-x509",
                  "-newkey",
                  "ec",
                  "-pkeyopt",
                  "ec_paramgen_curve:prime256v1",
                  "-nodes",
                  "-days",
                  "2",
                  "-keyout",
                  key,
                  "-out",
                  file,
                  "-subj",
                  "/CN=" + name,
                  "-addext",
                  "subjectAltName=DNS:" + name + (name == "localhost" ? ",IP:127.0.0.1" : "")};
  command.environment = environment();
  const auto finished = base::run(command, "", std::chrono::seconds(60));
  if (finished.status != 0) throw base::internal_error("openssl: " + finished.output);
}

ModelServer::ModelServer(std::vector<std::string> arguments) {
  const auto input = make_pipe(), output = make_pipe();
  base::Command command;
  command.argv = {"python3", std::string(WEFT_SOURCE_DIR) + "/tests/support/fake_model_server.py", "--announce",
                  "--log", (folder_ / "log").string()};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.environment = environment();
  command.in = input[0];
  command.out = output[1];
  process_ = base::spawn(command);
  ::close(input[0]);
  ::close(output[1]);
  in_ = input[1];
  out_ = output[0];
  const std::string line = read_line();
  if (!line.starts_with("port ")) throw base::internal_error("the fake model server did not start");
  port_ = std::stoi(line.substr(5));
}

ModelServer::~ModelServer() {
  ::close(in_);
  ::waitpid(process_, nullptr, 0);
  ::close(out_);
}

std::string ModelServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::vector<base::Json> ModelServer::requests() const {
  std::vector<base::Json> entries;
  if (!base::fs::exists(folder_ / "log")) return entries;
  for (const std::string& line : base::split_lines(base::read_file(folder_ / "log")))
    entries.push_back(base::parse_json(line).value());
  return entries;
}

void ModelServer::await_request() {
  if (!read_line().starts_with("request ")) throw base::internal_error("the fake model server ended");
}

std::string ModelServer::read_line() const {
  std::string line;
  char byte = 0;
  while (::read(out_, &byte, 1) == 1 && byte != '\n') line += byte;
  return line;
}

}  // namespace weft::test
