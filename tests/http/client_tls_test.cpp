#include <gtest/gtest.h>

#include "http/client.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/model_server.hpp"

namespace weft::http {
namespace {

class ClientWithTls : public testing::Test {
 protected:
  std::string url(const std::string& host = "127.0.0.1") const {
    return "https://" + host + ":" + std::to_string(server_.port()) + "/v1/chat/completions";
  }

  tl::expected<Response, Failure> ask(const std::string& url, const std::string& ca_file,
                                      std::chrono::milliseconds time = std::chrono::minutes(1)) const {
    const Request request{
        .method = "POST", .url = Url::parse(url).value(), .headers = {}, .body = R"({"prompt": "x"})"};
    return send(request, {.deadline = std::chrono::steady_clock::now() + time, .ca_file = ca_file, .stop = {}});
  }

  const test::Environment clean_{test::no_proxies()};
  const test::Folder folder_;
  const test::Certificate certificate_{folder_};
  const test::ModelServer server_{{"--tls", certificate_.file, certificate_.key}};
};

TEST_F(ClientWithTls, AcceptsACertificateThatItWasToldToTrust) {
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const auto response = ask(url(host), certificate_.file);
    ASSERT_TRUE(response) << response.error().reason;
    EXPECT_EQ(response->status, 200);
  }
}

TEST_F(ClientWithTls, RefusesACertificateThatNobodyVouchesForBeforeItSendsAnything) {
  const auto result = ask(url(), "");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, Failure::Kind::tls);
  EXPECT_EQ(result.error().reason,
            "the certificate of 127.0.0.1:" + std::to_string(server_.port()) + " is refused: self-signed certificate");
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(ClientWithTls, RefusesACertificateOfAnotherHost) {
  const test::Certificate other(folder_, "other.example");
  const test::ModelServer server({"--tls", other.file, other.key});
  const auto result = ask("https://127.0.0.1:" + std::to_string(server.port()) + "/", other.file);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, Failure::Kind::tls);
  EXPECT_NE(result.error().reason.find("is refused: it is for another host"), std::string::npos);
}

TEST_F(ClientWithTls, SaysWhichFileOfCertificatesCannotBeRead) {
  const auto result = ask(url(), "/nowhere.pem");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, Failure::Kind::tls);
  EXPECT_EQ(result.error().reason, "no certificates can be read from '/nowhere.pem'");
}

TEST_F(ClientWithTls, SaysThatAServerSpeaksNoTls) {
  const test::ModelServer plain;
  const auto result = ask("https://127.0.0.1:" + std::to_string(plain.port()) + "/", "");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, Failure::Kind::connect);
  EXPECT_NE(result.error().reason.find("the TLS handshake with 127.0.0.1:"), std::string::npos);
  EXPECT_NE(result.error().reason.find(": wrong version number"), std::string::npos) << result.error().reason;
}

// httplib waits for ever for a lock of its own when a proxy refuses a tunnel and closes the connection.
TEST_F(ClientWithTls, KeepsItsDeadlineWhereItsThreadHasToBeLeftBehind) {
  const test::ModelServer proxy({"--no-tunnel"});
  const std::string address = "127.0.0.1:" + std::to_string(proxy.port());
  const test::Environment given(test::Variables{{"https_proxy", "http://" + address}});
  const auto result = ask(url(), certificate_.file, std::chrono::milliseconds(500));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, Failure::Kind::timeout);
  EXPECT_EQ(result.error().reason, "no reply of 127.0.0.1:" + std::to_string(server_.port()) + " through the proxy " +
                                       address + " within the time limit");
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(ClientWithTls, GoesThroughATunnelWithoutShowingTheServerTheProxysPassword) {
  const test::ModelServer proxy;
  const test::Environment given(
      test::Variables{{"https_proxy", "http://me:hunter2@127.0.0.1:" + std::to_string(proxy.port())}});
  const auto response = ask(url(), certificate_.file);
  ASSERT_TRUE(response) << response.error().reason;
  EXPECT_EQ(response->status, 200);
  ASSERT_EQ(proxy.requests().size(), 1);
  EXPECT_EQ(proxy.requests()[0].at("method"), "CONNECT");
  EXPECT_EQ(proxy.requests()[0].at("headers").at("proxy-authorization"), "Basic bWU6aHVudGVyMg==");
  EXPECT_EQ(server_.requests().at(0).at("headers").value("proxy-authorization", ""), "");
}

}  // namespace
}  // namespace weft::http
