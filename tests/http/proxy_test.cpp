#include "http/proxy.hpp"

#include <gtest/gtest.h>

#include "tests/support/environment.hpp"

namespace weft::http {
namespace {

class ProxyOfTheEnvironment : public testing::Test {
 protected:
  std::string chosen(const std::string& url, const test::Variables& variables) {
    const test::Environment clean(test::no_proxies());
    const test::Environment given(variables);
    const auto proxy = proxy_for(Url::parse(url).value());
    if (!proxy) return "error: " + proxy.error();
    return *proxy ? (*proxy)->host + ":" + std::to_string((*proxy)->port) : "none";
  }
};

TEST_F(ProxyOfTheEnvironment, IsNoneWithoutVariables) {
  EXPECT_EQ(chosen("http://example.org", {}), "none");
}

TEST_F(ProxyOfTheEnvironment, FollowsTheSchemeOfTheUrl) {
  EXPECT_EQ(chosen("https://example.org", {{"HTTPS_PROXY", "http://p:3128"}}), "p:3128");
  EXPECT_EQ(chosen("http://example.org", {{"HTTPS_PROXY", "http://p:3128"}}), "none");
  EXPECT_EQ(chosen("http://example.org", {{"HTTP_PROXY", "p:3128"}}), "p:3128");
}

TEST_F(ProxyOfTheEnvironment, PrefersNamesInSmallLetters) {
  EXPECT_EQ(chosen("http://example.org", {{"HTTP_PROXY", "large:1"}, {"http_proxy", "small:2"}}), "small:2");
}

TEST_F(ProxyOfTheEnvironment, LeavesOutWhatNoProxyLists) {
  const auto with = [&](const std::string& url, const std::string& list) {
    return chosen(url, {{"http_proxy", "p:1"}, {"NO_PROXY", list}});
  };
  EXPECT_EQ(with("http://example.org", "*"), "none");
  EXPECT_EQ(with("http://example.org", "localhost, example.org"), "none");
  EXPECT_EQ(with("http://api.example.org", "example.org"), "none");
  EXPECT_EQ(with("http://api.example.org", ".example.org"), "none");
  EXPECT_EQ(with("http://badexample.org", "example.org"), "p:1");
  EXPECT_EQ(with("http://example.org:8000", "example.org:8000"), "none");
  EXPECT_EQ(with("http://example.org:8001", "example.org:8000"), "p:1");
  EXPECT_EQ(with("http://[::1]:80", "::1"), "none");
  EXPECT_EQ(with("http://example.org", ""), "p:1");
}

TEST_F(ProxyOfTheEnvironment, TakesAUserAndAPassword) {
  const test::Environment clean(test::no_proxies());
  const test::Environment given(test::Variables{{"http_proxy", "http://me:p%40ss:w@proxy:8080"}});
  const auto proxy = proxy_for(Url::parse("http://example.org").value());
  ASSERT_TRUE(proxy && *proxy);
  EXPECT_EQ((*proxy)->user, "me");
  EXPECT_EQ((*proxy)->password, "p@ss:w");
  EXPECT_EQ((*proxy)->host, "proxy");
}

TEST_F(ProxyOfTheEnvironment, SaysWhichVariableCannotBeUsed) {
  EXPECT_EQ(chosen("https://example.org", {{"HTTPS_PROXY", "socks5://p:1"}}),
            "error: the proxy in https_proxy: only http:// proxies are understood");
  EXPECT_EQ(chosen("https://example.org", {{"https_proxy", "me:secret@p:x"}}),
            "error: the proxy in https_proxy: the port is 'x'; expected 1 to 65535");
}

}  // namespace
}  // namespace weft::http
