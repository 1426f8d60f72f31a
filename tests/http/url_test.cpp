#include "http/url.hpp"

#include <gtest/gtest.h>

namespace weft::http {
namespace {

std::string error_of(std::string_view text) {
  const auto url = Url::parse(text);
  return url ? "" : url.error();
}

TEST(Url, HasTheSchemesOwnPortUnlessOneIsGiven) {
  EXPECT_EQ(Url::parse("http://example.org")->port, 80);
  EXPECT_EQ(Url::parse("https://example.org/v1")->port, 443);
  EXPECT_EQ(Url::parse("https://example.org:8443/v1")->port, 8443);
}

TEST(Url, KeepsPathAndQueryAsTheTarget) {
  EXPECT_EQ(Url::parse("http://example.org")->target, "/");
  EXPECT_EQ(Url::parse("http://example.org/v1/chat?x=1")->target, "/v1/chat?x=1");
  EXPECT_EQ(Url::parse("http://example.org?x=1")->target, "/?x=1");
}

TEST(Url, TakesTheBracketsOffAnIPv6AddressAndPutsThemBack) {
  const auto url = Url::parse("http://[::1]:8000/v1");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->authority(), "[::1]:8000");
  EXPECT_EQ(url->text(), "http://[::1]:8000/v1");
}

TEST(Url, WritesItselfWithoutTheSchemesOwnPort) {
  EXPECT_EQ(Url::parse("HTTPS://Example.org:443/V1")->text(), "https://example.org/V1");
}

TEST(Url, SaysWhatIsWrong) {
  EXPECT_EQ(error_of("localhost:8000"), "a URL starts with http:// or https://");
  EXPECT_EQ(error_of("ftp://example.org"), "a URL starts with http:// or https://");
  EXPECT_EQ(error_of("http:///v1"), "the host is missing");
  EXPECT_EQ(error_of("http://example.org:70000"), "the port is '70000'; expected 1 to 65535");
  EXPECT_EQ(error_of("http://example.org:80x"), "the port is '80x'; expected 1 to 65535");
  EXPECT_EQ(error_of("http://[::1"), "the address lacks its ']'");
  EXPECT_EQ(error_of("http://example.org/a b"), "a URL has only printable ASCII characters and no spaces");
  EXPECT_EQ(error_of("http://example.org/\r\nX: 1"), "a URL has only printable ASCII characters and no spaces");
  EXPECT_EQ(error_of("http://example.org/#top"), "a URL of a server has no '#'");
}

TEST(Url, NeverQuotesAPasswordInIt) {
  const std::string error = error_of("https://user:hunter2@example.org/");
  EXPECT_NE(error, "");
  EXPECT_EQ(error.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace weft::http
