#include "http/client.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "base/error.hpp"
#include "base/json.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/model_server.hpp"

namespace weft::http {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = Failure::Kind;
using std::chrono::milliseconds;

constexpr milliseconds kAmple(60'000), kShort(300);
// What a call may overrun its deadline by on a busy machine; far below what the misbehaving servers would take.
constexpr milliseconds kSlack(5'000);

Request request_to(const std::string& url) {
  const std::string body = R"({"model": "m", "messages": [{"role": "user", "content": "some words to repeat"}]})";
  return {.method = "POST",
          .url = Url::parse(url).value(),
          .headers = {{"Content-Type", "application/json"}},
          .body = body};
}

Options within(milliseconds time) {
  return {.deadline = Clock::now() + time, .max_bytes = 1'000'000, .ca_file = "", .stop = {}};
}

class Client : public testing::Test {
 protected:
  const test::Environment clean_{test::no_proxies()};
};

// A port where connections are made but never accepted, or, once `full`, not even made.
class SilentPort {
 public:
  explicit SilentPort(bool full) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, full ? 0 : 16) != 0 ||
        ::getsockname(listener_, any, &size) != 0)
      throw base::internal_error("no port");
    port_ = ntohs(address.sin_port);
    for (int& waiting : waiting_) {
      waiting = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      if (full) (void)::connect(waiting, any, size);
    }
  }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  ~SilentPort() {
    for (const int waiting : waiting_) ::close(waiting);
    ::close(listener_);
  }
  std::string url(const std::string& scheme) const { return scheme + "://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  int listener_, port_ = 0;
  std::array<int, 4> waiting_{};
};

void expect_failure(const tl::expected<Response, Failure>& result, Kind kind, const std::string& reason) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, kind) << result.error().reason;
  EXPECT_NE(result.error().reason.find(reason), std::string::npos) << result.error().reason;
}

TEST_F(Client, SendsTheRequestAndReturnsStatusHeadersAndBody) {
  test::ModelServer server;
  const Request request = request_to(server.url("/v1/chat/completions?x=1"));
  const auto response = send(request, within(kAmple));
  ASSERT_TRUE(response) << response.error().reason;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->header("content-TYPE"), "application/json");
  EXPECT_EQ(response->header("absent"), "");
  EXPECT_EQ(base::parse_json(response->body)->at("model"), "m-fake");
  const base::Json seen = server.requests().at(0);
  EXPECT_EQ(seen.at("method"), "POST");
  EXPECT_EQ(seen.at("path"), "/v1/chat/completions?x=1");
  EXPECT_EQ(seen.at("body").dump(), base::parse_json(request.body)->dump());
  EXPECT_EQ(seen.at("headers").at("host"), request.url.authority());
  EXPECT_EQ(seen.at("headers").at("accept-encoding"), "identity");
}

TEST_F(Client, ReturnsErrorsOfTheServerAsResponsesAndFollowsNoRedirect) {
  test::ModelServer server({"--scenario", "status:404,redirect,status:500"});
  for (const int status : {404, 307, 500}) EXPECT_EQ(send(request_to(server.url()), within(kAmple))->status, status);
  EXPECT_EQ(server.requests().size(), 3);
}

TEST_F(Client, ReadsTheSameReplyInEveryEncoding) {
  test::ModelServer server({"--scenario", "ok,chunked,gzip"});
  const auto plain = send(request_to(server.url()), within(kAmple));
  ASSERT_TRUE(plain);
  for (int i = 0; i < 2; ++i) {
    const auto other = send(request_to(server.url()), within(kAmple));
    ASSERT_TRUE(other) << other.error().reason;
    EXPECT_EQ(other->body, plain->body);
  }
}

TEST_F(Client, NeverTakesAReplyThatIsNotWholeForOne) {
  const std::string scenarios = "cut,cut-chunked,bad-chunked,cut-gzip,bad-length,garbage,close";
  test::ModelServer server({"--scenario", scenarios});
  for (int i = 0; i < 7; ++i) {
    const auto result = send(request_to(server.url()), within(kAmple));
    ASSERT_FALSE(result) << i << ": " << result->body;
    EXPECT_EQ(result.error().kind, Kind::broken) << i << ": " << result.error().reason;
    EXPECT_NE(result.error().reason.find("127.0.0.1"), std::string::npos) << result.error().reason;
  }
}

TEST_F(Client, StopsReadingAReplyThatIsLargerThanAllowed) {
  test::ModelServer server({"--scenario", "big:10000000,gzip-bomb:100000000,huge-length"});
  for (int i = 0; i < 3; ++i)
    expect_failure(send(request_to(server.url()), within(kAmple)), Kind::too_large, "larger than the 1000000 bytes");
}

TEST_F(Client, ReadsNoHeadWithoutEnd) {
  test::ModelServer server({"--scenario", "long-status:8000,long-head:60000,long-status:1000000,long-head:1000000"});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(send(request_to(server.url()), within(kAmple))->status, 200);
  for (int i = 0; i < 2; ++i)
    expect_failure(send(request_to(server.url()), within(kAmple)), Kind::broken, "its head is too large");
}

TEST_F(Client, KeepsItsDeadlineWhateverTheServerTrickles) {
  test::ModelServer server({"--scenario", "hang,drip:0.01,drip-head:0.01"});
  for (int i = 0; i < 3; ++i) {
    const auto start = Clock::now();
    expect_failure(send(request_to(server.url()), within(kShort)), Kind::timeout, "within the time limit");
    EXPECT_LT(Clock::now() - start, kShort + kSlack) << i;
  }
}

TEST_F(Client, KeepsItsDeadlineWhileItConnectsAndShakesHands) {
  const SilentPort unanswered(false), full(true);
  for (const std::string& url : {unanswered.url("http"), unanswered.url("https"), full.url("http")}) {
    const auto start = Clock::now();
    expect_failure(send(request_to(url), within(kShort)), Kind::timeout, "127.0.0.1");
    EXPECT_LT(Clock::now() - start, kShort + kSlack) << url;
  }
}

TEST_F(Client, SendsNothingOnceTheDeadlineIsPastOrAStopIsRequested) {
  test::ModelServer server;
  expect_failure(send(request_to(server.url()), within(milliseconds(-1))), Kind::timeout, "127.0.0.1");
  std::stop_source source;
  source.request_stop();
  Options options = within(kAmple);
  options.stop = source.get_token();
  expect_failure(send(request_to(server.url()), options), Kind::stopped, "127.0.0.1");
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(Client, EndsSoonAfterAStopIsRequested) {
  test::ModelServer server({"--scenario", "hang"});
  std::stop_source source;
  Options options = within(kAmple);
  options.stop = source.get_token();
  const std::jthread stopper([&] {
    server.await_request();
    source.request_stop();
  });
  expect_failure(send(request_to(server.url()), options), Kind::stopped, "127.0.0.1");
  EXPECT_LT(Clock::now(), options.deadline - kAmple + kSlack);
}

TEST_F(Client, SaysWhereNoConnectionCouldBeMade) {
  std::string gone;
  {
    const test::ModelServer server;
    gone = server.url();
  }
  expect_failure(send(request_to(gone), within(kAmple)), Kind::connect, "no connection to 127.0.0.1:");
}

TEST_F(Client, ServesManyThreadsAtATime) {
  test::ModelServer server({"--delay", "0.05,0.5,1"});
  std::vector<std::jthread> threads;
  threads.reserve(16);
  std::atomic<int> answered = 0;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      const auto response = send(request_to(server.url()), within(kAmple));
      answered += response && response->status == 200;
    });
  }
  threads.clear();
  EXPECT_EQ(answered, 16);
}

TEST_F(Client, AsksAProxyForTheWholeUrlAndShowsItThePassword) {
  test::ModelServer proxy;
  const test::Environment given(
      test::Variables{{"http_proxy", "http://me:hunter2@127.0.0.1:" + std::to_string(proxy.port())}});
  const auto response = send(request_to("http://model.invalid/v1/chat/completions"), within(kAmple));
  ASSERT_TRUE(response) << response.error().reason;
  const base::Json seen = proxy.requests().at(0);
  EXPECT_EQ(seen.at("path"), "http://model.invalid:80/v1/chat/completions");
  EXPECT_EQ(seen.at("headers").at("proxy-authorization"), "Basic bWU6aHVudGVyMg==");
}

}  // namespace
}  // namespace weft::http
