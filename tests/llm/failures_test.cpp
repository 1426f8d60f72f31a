#include "base/secret.hpp"
#include "tests/llm/provider_fixture.hpp"

namespace weft::llm {
namespace {

// What can go wrong with a server, and what has to come of it, at every provider that talks to one.
class Failures : public WithServer, public testing::WithParamInterface<const char*> {
 protected:
  struct Outcome {
    Chat chat;
    std::size_t requests = 0;
    bool leaked = false;
  };

  Outcome outcome(
      const std::string& scenario, const std::function<void(ProviderConfig&)>& change = [](auto&) {}) const {
    test::ModelServer server({"--scenario", scenario});
    ProviderConfig changed = config(server, GetParam());
    changed.max_reply_bytes = 1'000'000;
    change(changed);
    Outcome outcome{.chat = ask(*make_provider(changed), request_for("some words"))};
    outcome.requests = server.requests().size();
    std::string shown = outcome.chat ? outcome.chat->model : outcome.chat.error().reason;
    if (outcome.chat) {
      for (const Reply& reply : outcome.chat->replies) shown += reply.text + reply.finish_reason;
    }
    outcome.leaked = shown.find(kKey) != std::string::npos || shown.find("secret") != std::string::npos;
    return outcome;
  }

  static void expect_failure(const Outcome& outcome, const std::string& reason, bool permanent) {
    ASSERT_FALSE(outcome.chat);
    EXPECT_NE(outcome.chat.error().reason.find(reason), std::string::npos) << outcome.chat.error().reason;
    EXPECT_EQ(outcome.chat.error().permanent, permanent);
    EXPECT_FALSE(outcome.leaked);
  }
};

INSTANTIATE_TEST_SUITE_P(Of, Failures, testing::Values("openai", "anthropic"),
                         [](const auto& given) { return std::string(given.param); });

TEST_P(Failures, ThatPassAreTriedAgainUntilThereIsAReply) {
  for (const char* once :
       {"429:0",        "429-date:0",  "status:408",   "status:409",  "status:500", "status:503",        "status:529",
        "close",        "cut",         "cut-chunked",  "bad-chunked", "cut-gzip",   "bad-length",        "garbage",
        "invalid-json", "huge-number", "invalid-utf8", "nul",         "no-choices", "long-status:100000"}) {
    const Outcome outcome = this->outcome(std::string(once) + ",ok");
    ASSERT_TRUE(outcome.chat) << once << ": " << outcome.chat.error().reason;
    EXPECT_EQ(outcome.chat->replies.at(0).text, "some words") << once;
    EXPECT_EQ(outcome.chat->attempts, 2) << once;
    EXPECT_EQ(outcome.requests, 2) << once;
  }
}

TEST_P(Failures, ThatDoNotPassEndAfterTheTriesAllowed) {
  for (const char* always : {"429:0", "status:500", "close", "cut", "invalid-json", "no-choices"}) {
    const Outcome outcome = this->outcome(always);
    expect_failure(outcome, "(after 3 tries)", false);
    EXPECT_EQ(outcome.requests, 3) << always;
  }
}

TEST_P(Failures, ThatWouldComeAgainAreNotTriedAgain) {
  for (const char* final : {"status:400", "status:401", "status:404", "redirect", "quota"}) {
    const Outcome outcome = this->outcome(final);
    expect_failure(outcome, "127.0.0.1", true);
    EXPECT_EQ(outcome.requests, 1) << final;
  }
}

TEST_P(Failures, OfSizeAreNotTriedAgain) {
  for (const char* large : {"big:10000000", "gzip-bomb:100000000", "huge-length"}) {
    const Outcome outcome = this->outcome(large);
    expect_failure(outcome, "larger than the 1000000 bytes allowed", false);
    EXPECT_EQ(outcome.requests, 1) << large;
  }
}

TEST_P(Failures, OfAServerThatHangsLeaveTimeForAnotherTryUnderOneDeadline) {
  const auto start = std::chrono::steady_clock::now();
  const Outcome again = outcome("hang,ok", [](ProviderConfig& config) { config.timeout_seconds = 4; });
  ASSERT_TRUE(again.chat) << again.chat.error().reason;
  EXPECT_EQ(again.chat->attempts, 2);
  for (const char* slow : {"hang", "drip:0.01", "drip-head:0.05"}) {
    const Outcome never = outcome(slow, [](ProviderConfig& config) { config.timeout_seconds = 0.5; });
    expect_failure(never, "within the time limit", false);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST_P(Failures, NeverShowTheKeyThatAServerRepeats) {
  expect_failure(outcome("echo-key"), "Incorrect API key provided: ", true);
  const Outcome reply = outcome("echo-key-reply");
  ASSERT_TRUE(reply.chat);
  EXPECT_FALSE(reply.leaked) << reply.chat->replies[0].text;
  EXPECT_NE(reply.chat->replies[0].text.find("[key]"), std::string::npos);
}

TEST_P(Failures, OfARefusedCertificateAreClearAndFinal) {
  const test::Folder folder;
  const test::Certificate certificate(folder);
  test::ModelServer server({"--tls", certificate.file, certificate.key});
  ProviderConfig tls = config(server, GetParam());
  tls.base_url.replace(0, 4, "https");
  const Chat refused = ask(*make_provider(tls), request_for("x"));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().reason.find("is refused: self-signed certificate"), std::string::npos);
  EXPECT_TRUE(refused.error().permanent);
  EXPECT_EQ(refused.error().attempts, 1);
  EXPECT_TRUE(server.requests().empty());
  tls.ca_file = certificate.file;
  EXPECT_TRUE(ask(*make_provider(tls), request_for("x")));
}

TEST_P(Failures, EndSoonAfterAStopIsRequested) {
  test::ModelServer server({"--scenario", "hang"});
  const auto provider = make_provider(config(server, GetParam()));
  std::stop_source source;
  const std::jthread stopper([&] {
    server.await_request();
    source.request_stop();
  });
  const auto start = std::chrono::steady_clock::now();
  const Chat chat = provider->chat(request_for("x"), {}, in(std::chrono::minutes(2)), source.get_token());
  ASSERT_FALSE(chat);
  EXPECT_NE(chat.error().reason.find("stopped"), std::string::npos) << chat.error().reason;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST_P(Failures, OfOneCallDoNotTouchOthersAtTheSameTime) {
  test::ModelServer server({"--scenario", "status:500,ok,close,ok,429:0,ok", "--delay", "0.02,0.5,1"});
  ProviderConfig many = config(server, GetParam());
  many.retries = 20;
  const auto provider = make_provider(many);
  std::atomic<int> answered = 0;
  std::vector<std::jthread> threads;
  threads.reserve(12);
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&, i] {
      const Chat chat = ask(*provider, request_for("call " + std::to_string(i)));
      answered += chat && chat->replies.at(0).text == "call " + std::to_string(i);
    });
  }
  threads.clear();
  EXPECT_EQ(answered, 12);
}

}  // namespace
}  // namespace weft::llm
