#include <fstream>

#include "llm/tape.hpp"
#include "tests/llm/provider_fixture.hpp"

namespace weft::llm {
namespace {

class Cassette : public WithServer {
 protected:
  std::unique_ptr<Provider> open(const std::string& mode, const test::ModelServer* server = nullptr) const {
    ProviderConfig cassette;
    cassette.provider = "cassette";
    cassette.cassette = file_;
    cassette.mode = mode;
    if (server != nullptr) cassette.recorded = std::make_shared<ProviderConfig>(config(*server));
    return make_provider(cassette);
  }

  std::string error_of(const std::string& mode, const test::ModelServer* server = nullptr) const {
    try {
      open(mode, server);
    } catch (const base::Error& error) {
      return error.what();
    }
    return "";
  }

  std::string text() const { return base::read_file(file_); }
  void write(const std::string& content) const { base::write_file(file_, content); }

  const test::Folder folder_;
  const std::string file_ = folder_ / "replies.jsonl";
};

TEST_F(Cassette, ReplaysWhatItRecordedWithoutAServer) {
  Chat first, second;
  std::string name;
  {
    test::ModelServer server;
    const auto recorder = open("record", &server);
    first = ask(*recorder, request_for("one two"), {.trial = 3, .attempt = 1});
    second = ask(*recorder, request_for("one two"), {.trial = 4, .attempt = 0});
    name = recorder->name();
    EXPECT_EQ(server.requests().size(), 2);
  }
  ASSERT_TRUE(first && second);
  const auto player = open("replay");
  const Chat again = ask(*player, request_for("one two"), {.trial = 3, .attempt = 1});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->replies.at(0).text, "one two");
  EXPECT_EQ(again->replies.at(0).finish_reason, "stop");
  EXPECT_EQ(again->model, first->model);
  EXPECT_EQ(again->seconds, first->seconds);
  EXPECT_EQ(again->usage.cached_tokens, first->usage.cached_tokens);
  EXPECT_EQ(player->name(), name);
}

TEST_F(Cassette, StandsForTheProviderThatItRecorded) {
  test::ModelServer server;
  const Capabilities recorded = open("record", &server)->capabilities();
  const Capabilities replayed = open("replay")->capabilities();
  EXPECT_EQ(replayed.structured, recorded.structured);
  EXPECT_EQ(replayed.temperature, recorded.temperature);
  EXPECT_EQ(replayed.seed, recorded.seed);
  EXPECT_EQ(replayed.samples, recorded.samples);
  EXPECT_EQ(replayed.completion, recorded.completion);
  EXPECT_EQ(replayed.concurrency, recorded.concurrency);
}

TEST_F(Cassette, SaysWhichReplyIsMissing) {
  test::ModelServer server;
  ASSERT_TRUE(ask(*open("record", &server), request_for("x"), {.trial = 3, .attempt = 1}));
  const Chat chat = ask(*open("replay"), request_for("x"), {.trial = 3, .attempt = 2});
  ASSERT_FALSE(chat);
  EXPECT_TRUE(chat.error().permanent);
  EXPECT_EQ(chat.error().attempts, 0);
  EXPECT_NE(chat.error().reason.find("trial 3, attempt 2"), std::string::npos) << chat.error().reason;
  EXPECT_NE(chat.error().reason.find("mode: record"), std::string::npos) << chat.error().reason;
}

TEST_F(Cassette, AsksTheServerOnlyForWhatIsMissing) {
  test::ModelServer server;
  ASSERT_TRUE(ask(*open("record", &server), request_for("x"), {.trial = 1}));
  const auto recorder = open("record", &server);
  ASSERT_TRUE(ask(*recorder, request_for("x"), {.trial = 1}));
  EXPECT_EQ(server.requests().size(), 1);
  ASSERT_TRUE(ask(*recorder, request_for("y"), {.trial = 1}));
  EXPECT_EQ(server.requests().size(), 2);
}

TEST_F(Cassette, RecordsNoFailureAndNoKey) {
  test::ModelServer server({"--scenario", "echo-key,echo-key-reply"});
  const auto recorder = open("record", &server);
  EXPECT_FALSE(ask(*recorder, request_for("x"), {.trial = 1}));
  const std::string before = text();
  EXPECT_TRUE(ask(*recorder, request_for("x"), {.trial = 1}));
  EXPECT_EQ(base::split_lines(before).size(), 1);
  EXPECT_EQ(base::split_lines(text()).size(), 2);
  EXPECT_NE(text().find("[key]"), std::string::npos);
  EXPECT_EQ(text().find("secret"), std::string::npos);
}

TEST_F(Cassette, ForgetsALineThatACrashLeftUnfinished) {
  test::ModelServer server;
  ASSERT_TRUE(ask(*open("record", &server), request_for("x"), {.trial = 1}));
  const std::string whole = text();
  write(whole + R"({"key": "half)");
  EXPECT_TRUE(ask(*open("replay"), request_for("x"), {.trial = 1}));
  ASSERT_TRUE(ask(*open("record", &server), request_for("y"), {.trial = 2}));
  EXPECT_EQ(text().find("half"), std::string::npos);
  const auto player = open("replay");
  EXPECT_TRUE(ask(*player, request_for("x"), {.trial = 1}));
  EXPECT_TRUE(ask(*player, request_for("y"), {.trial = 2}));
}

TEST_F(Cassette, StartsAnewWhereACrashLeftNotEvenAHeader) {
  test::ModelServer server;
  write(R"({"cassette)");
  EXPECT_EQ(error_of("replay"), file_ + ": holds no recording");
  ASSERT_TRUE(ask(*open("record", &server), request_for("x"), {.trial = 1}));
  EXPECT_TRUE(ask(*open("replay"), request_for("x"), {.trial = 1}));
}

TEST_F(Cassette, NamesTheLineThatItCannotRead) {
  test::ModelServer server;
  ASSERT_TRUE(ask(*open("record", &server), request_for("x"), {.trial = 1}));
  const std::string whole = text(), header = base::split_lines(whole)[0] + "\n";
  for (const char* bad : {"{}", "[]", "7", R"({"key": 1, "result": {}})", R"({"key": "k", "result": {"replies": 1}})",
                          R"({"key": "k", "result": {"usage": {}, "model": "m", "seconds": 1, "replies": [1]}})"}) {
    write(header + bad + "\n");
    EXPECT_EQ(error_of("replay"), file_ + ":2: is not an entry of a cassette") << bad;
  }
  write(header + "{x\n");
  EXPECT_EQ(error_of("replay"), file_ + ":2: not JSON: error at byte 2");
  write(R"({"cassette": 1, "name": 7})"
        "\n");
  EXPECT_EQ(error_of("replay"), file_ + ":1: is not the header of a cassette");
  write(R"({"cassette": 2})"
        "\n");
  EXPECT_EQ(error_of("replay"), file_ + ":1: is a cassette of another version");
}

TEST_F(Cassette, SaysWhatItCannotUse) {
  EXPECT_EQ(error_of("replay"), file_ + ": no such file");
  EXPECT_EQ(error_of("record"), "a cassette in mode 'record' needs the provider to record, under 'record'");
  const test::ModelServer server, other;
  open("record", &server);
  EXPECT_NE(error_of("record", &other).find("is a recording of 'openai m at http://127.0.0.1:"), std::string::npos);
}

TEST_F(Cassette, RecordsFromManyThreads) {
  test::ModelServer server;
  {
    const auto recorder = open("record", &server);
    std::vector<std::jthread> threads;
    threads.reserve(12);
    for (int i = 0; i < 12; ++i)
      threads.emplace_back([&, i] { EXPECT_TRUE(ask(*recorder, request_for("x"), {.trial = i})); });
  }
  const auto player = open("replay");
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(ask(*player, request_for("x"), {.trial = i})) << i;
}

}  // namespace
}  // namespace weft::llm
