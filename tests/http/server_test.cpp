#include "http/server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/error.hpp"
#include "http/client.hpp"
#include "tests/support/errors.hpp"

namespace weft::http {
namespace {

class Serving : public ::testing::Test {
 protected:
  Serving() {
    server_.on("GET", "/a.b", [](const std::string&) { return Server::Answer{200, "\"hello\""}; });
    server_.on("POST", "/echo", [](const std::string& body) { return Server::Answer{200, body}; });
    server_.on("POST", "/refuse", [](const std::string&) -> Server::Answer { throw base::Error("no such thing"); });
    port_ = server_.bind("127.0.0.1", 0);
    thread_ = std::jthread([this](const std::stop_token& stop) { server_.serve(stop); });
  }

  Response ask(const std::string& method, const std::string& path, const std::string& body = "") const {
    const auto url = Url::parse("http://127.0.0.1:" + std::to_string(port_) + path);
    const auto answer =
        send({method, *url, {}, body}, {.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20)});
    if (!answer) {
      ADD_FAILURE() << answer.error().reason;
      return {};
    }
    return *answer;
  }

  Server server_;
  int port_ = 0;
  std::jthread thread_;
};

TEST_F(Serving, AnswersOnItsPathsAlone) {
  EXPECT_EQ(ask("GET", "/a.b").body, "\"hello\"");
  EXPECT_EQ(ask("POST", "/echo", "some words").body, "some words");
  EXPECT_EQ(ask("GET", "/axb").status, 404);
  EXPECT_EQ(ask("GET", "/axb").body, "{\"error\":\"there is no 'GET /axb'; see /openapi.json\"}\n");
  EXPECT_EQ(ask("POST", "/a.b").status, 404);
}

TEST_F(Serving, SaysWhatIsWrong) {
  EXPECT_EQ(ask("POST", "/refuse").status, 400);
  EXPECT_EQ(ask("POST", "/refuse").body, "{\"error\":\"no such thing\"}\n");
}

TEST_F(Serving, RefusesWhatIsTooLarge) {
  EXPECT_EQ(ask("POST", "/echo", std::string(Server::kMaxBytes + 1, 'x')).status, 413);
  EXPECT_GE(ask("GET", "/" + std::string(100'000, 'a')).status, 400);
}

TEST_F(Serving, HasThePortForItself) {
  Server other;
  EXPECT_TRUE(test::error_of([&] {
                other.bind("127.0.0.1", port_);
              }).starts_with("127.0.0.1:" + std::to_string(port_) + ": cannot be listened at"));
}

}  // namespace
}  // namespace weft::http
