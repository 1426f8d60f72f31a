#include "tests/e2e/search_fixture.hpp"

namespace weft::e2e {
namespace {

// What a server does wrong, as a whole run meets it.
struct Trouble {
  const char *name, *scenario, *said;
};

std::ostream& operator<<(std::ostream& out, const Trouble& trouble) {
  return out << trouble.scenario;
}

class Failures : public Searches, public ::testing::WithParamInterface<Trouble> {
 protected:
  static constexpr const char* kQuick = ", timeout: 2, retries: 1";
};

INSTANTIATE_TEST_SUITE_P(Of, Failures,
                         ::testing::Values(Trouble{"TooManyRequests", "429:0", "answered 429: 'slow down' (after 2"},
                                           Trouble{"AServerError", "status:500", "answered 500: 'fake error 500' (af"},
                                           Trouble{"AHang", "hang", "no reply of 127.0.0.1"},
                                           Trouble{"ACutOffBody", "cut", "it was cut short (after 2 tries)"},
                                           Trouble{"InvalidJson", "invalid-json", "not JSON"},
                                           Trouble{"InvalidUtf8", "invalid-utf8", "not JSON"}),
                         [](const auto& given) { return std::string(given.param.name); });

TEST_P(Failures, ThatPassAreTriedAgain) {
  const test::ModelServer server(with_replies({"--scenario", std::string(GetParam().scenario) + ",ok"}));
  const Ended ended = run(experiment(kEvoPrompting, llm("openai", server.url(), kQuick), 8));
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_LT(ended.seconds, 20);
  EXPECT_EQ(trials_of(run_folder()).size(), 8U);
}

TEST_P(Failures, ThatStayEndTheRunInOneLineAndAResumeGoesOn) {
  int port = 0;
  {
    const test::ModelServer server(with_replies({"--scenario", "ok,ok," + std::string(GetParam().scenario)}));
    port = server.port();
    const Ended ended = run(experiment(kEvoPrompting, llm("openai", server.url(), kQuick), 8));
    EXPECT_EQ(ended.code, 2) << ended;
    EXPECT_NE(complaint(ended).find(GetParam().said), std::string::npos) << ended;
    EXPECT_NE(complaint(ended).find("weft resume " + run_folder()), std::string::npos) << ended;
    EXPECT_LT(ended.seconds, 20);
    expect_no_key(ended);
  }
  const Ended before = weft({"journal", "dump", run_folder()});
  EXPECT_GE(json_lines(before.out).size(), 5U);  // the first four needed no model
  const test::ModelServer healthy(with_replies({"--port", std::to_string(port)}));
  const Ended resumed = resume();
  EXPECT_EQ(resumed.code, 0) << resumed;
  const Ended after = weft({"journal", "dump", run_folder()});
  EXPECT_TRUE(after.out.starts_with(before.out));
  EXPECT_EQ(json_lines(after.out).size(), 8U);
}

class Servers : public Searches {};

TEST_F(Servers, WithARefusedCertificateEndTheRunBeforeARequest) {
  const test::Folder folder;
  const test::Certificate trusted(folder), other(folder, "other.example");
  const std::string trust = ", ca_file: \"" + trusted.file + "\"";
  int port = 0;
  {
    const test::ModelServer server(with_replies({"--tls", other.file, other.key}));
    port = server.port();
    const Ended ended =
        run(experiment(kEvoPrompting, llm("openai", "https://127.0.0.1:" + std::to_string(port) + "/v1", trust), 8));
    EXPECT_EQ(ended.code, 2) << ended;
    EXPECT_NE(complaint(ended).find("is refused: self-signed certificate"), std::string::npos) << ended;
    EXPECT_TRUE(server.requests().empty());
  }
  const test::ModelServer good(with_replies({"--tls", trusted.file, trusted.key, "--port", std::to_string(port)}));
  EXPECT_EQ(resume().code, 0);
  EXPECT_EQ(trials_of(run_folder()).size(), 8U);
}

TEST_F(Servers, ThatWriteTenMegabytesAreRefused) {
  const test::ModelServer server({"--scenario", "big:10000000"});
  const Ended ended = run(experiment(kEvoPrompting, llm("openai", server.url()), 8));
  EXPECT_EQ(ended.code, 2) << ended;
  EXPECT_NE(complaint(ended).find("larger than the 4194304 bytes allowed"), std::string::npos) << ended;
  EXPECT_EQ(trials_of(run_folder()).size(), 4U);
}

TEST_F(Servers, ThatWriteTenMegabytesWhereThatIsAllowedAreNotSentThemBack) {
  const test::ModelServer server(with_replies({"--scenario", "big:10000000,ok"}));
  const Ended ended =
      run(experiment("{genius: {conversations: 1, iterations: 3}}", llm("openai", server.url(), ", max_reply: 64MiB")));
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_EQ(trials_of(run_folder()).size(), 3U);
  for (const Json& request : server.requests()) EXPECT_LT(request.at("body").dump().size(), 100'000U);
}

TEST_F(Servers, ThatCannotBeReachedEndTheRunSoon) {
  int port = 0;
  { port = test::ModelServer().port(); }
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/v1";
  const Ended ended = run(experiment(kGenius, llm("openai", url, ", timeout: 1"), 8));
  EXPECT_EQ(ended.code, 2) << ended;
  EXPECT_NE(complaint(ended).find("127.0.0.1:" + std::to_string(port)), std::string::npos) << ended;
  EXPECT_LT(ended.seconds, 10);
  const test::ModelServer healthy(with_replies({"--port", std::to_string(port)}));
  EXPECT_EQ(resume().code, 0);
  EXPECT_EQ(trials_of(run_folder()).size(), 8U);
}

TEST_F(Servers, AreWaitedForAsLongAsTheyAsk) {
  const test::ModelServer server(with_replies({"--scenario", "429:1,ok"}));
  const Ended ended = run(experiment(kGenius, llm("openai", server.url()), 2));
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_GE(ended.seconds, 1);
  EXPECT_LT(ended.seconds, 20);
}

}  // namespace
}  // namespace weft::e2e
