#include "tests/llm/provider_fixture.hpp"

namespace weft::llm {
namespace {

using base::Json;

class OpenAi : public WithServer {
 protected:
  // The body of the first request that a provider with this configuration sends.
  Json sent(
      const ChatRequest& request, const std::function<void(ProviderConfig&)>& change = [](auto&) {}) const {
    test::ModelServer server;
    ProviderConfig changed = config(server);
    change(changed);
    const Chat chat = ask(*make_provider(changed), request);
    EXPECT_TRUE(chat) << chat.error().reason;
    return server.requests().at(0).at("body");
  }
};

TEST_F(OpenAi, SendsTheMessagesAndReadsTheReply) {
  test::ModelServer server;
  ChatRequest request = request_for("one two three four");
  request.messages.insert(request.messages.begin(), {"system", "be brief"});
  const Chat chat = ask(*make_provider(config(server)), request);
  ASSERT_TRUE(chat) << chat.error().reason;
  ASSERT_EQ(chat->replies.size(), 1);
  EXPECT_EQ(chat->replies[0].text, "one two three four");
  EXPECT_EQ(chat->replies[0].finish_reason, "stop");
  EXPECT_EQ(chat->model, "m-fake");
  EXPECT_EQ(chat->attempts, 1);
  EXPECT_GT(chat->seconds, 0);
  const Json seen = server.requests().at(0);
  EXPECT_EQ(seen.at("path"), "/v1/chat/completions");
  EXPECT_EQ(seen.at("headers").at("authorization"), "Bearer " + kKey);
  EXPECT_EQ(seen.at("headers").at("content-type"), "application/json");
  EXPECT_EQ(seen.at("body").at("messages").dump(),
            R"([{"role":"system","content":"be brief"},{"role":"user","content":"one two three four"}])");
}

TEST_F(OpenAi, CountsCachedAndReasoningTokens) {
  test::ModelServer server;
  const Chat chat = ask(*make_provider(config(server)), request_for("1 2 3 4 5 6 7 8"));
  ASSERT_TRUE(chat);
  EXPECT_EQ(chat->usage.prompt_tokens, 8);
  EXPECT_EQ(chat->usage.cached_tokens, 4);
  EXPECT_EQ(chat->usage.completion_tokens, 8);
  EXPECT_EQ(chat->usage.reasoning_tokens, 2);
}

TEST_F(OpenAi, SendsNoKeyWhereNoneIsToBeSent) {
  test::ModelServer server;
  ProviderConfig keyless = config(server);
  keyless.api_key_env = "";
  ASSERT_TRUE(ask(*make_provider(keyless), request_for("x")));
  EXPECT_FALSE(server.requests().at(0).at("headers").contains("authorization"));
}

TEST_F(OpenAi, SendsTheSettingsThatTheModelAccepts) {
  ChatRequest request = request_for("x");
  request.temperature = 0.7;
  request.max_tokens = 99;
  request.seed = 0x123456789ULL;
  request.stop = {"END"};
  const Json plain = sent(request);
  EXPECT_EQ(plain.at("temperature"), 0.7);
  EXPECT_EQ(plain.at("max_tokens"), 99);
  EXPECT_EQ(plain.at("seed"), 0x23456789);
  EXPECT_EQ(plain.at("stop"), Json({"END"}));
  const Json reasoning = sent(request, [](ProviderConfig& changed) { changed.model = "gpt-5-mini"; });
  EXPECT_EQ(reasoning.at("max_completion_tokens"), 99);
  for (const char* refused : {"temperature", "stop", "max_tokens"})
    EXPECT_FALSE(reasoning.contains(refused)) << refused;
}

TEST_F(OpenAi, CutsRepliesAtStopsThatTheServerDoesNotKnow) {
  test::ModelServer server;
  ChatRequest request = request_for("first\n\nsecond END third");
  request.stop = {"END", "", "\n\n"};
  const Chat chat = ask(*make_provider(config(server)), request);
  ASSERT_TRUE(chat);
  EXPECT_EQ(chat->replies[0].text, "first");
}

TEST_F(OpenAi, AsksForTheFormThatTheServerCanEnforce) {
  ChatRequest request = request_for("x");
  request.constraint = {.json_schema = {{"type", "object"}}, .grammar = "root ::= \"x\""};
  const Json schema = sent(request);
  EXPECT_EQ(schema.at("response_format").dump(),
            R"({"type":"json_schema","json_schema":{"name":"reply","strict":false,"schema":{"type":"object"}}})");
  EXPECT_FALSE(schema.contains("grammar"));
  const Json grammar = sent(request, [](ProviderConfig& changed) { changed.structured = "grammar"; });
  EXPECT_EQ(grammar.at("grammar"), "root ::= \"x\"");
  EXPECT_EQ(grammar.at("structured_outputs").at("grammar"), "root ::= \"x\"");
  EXPECT_FALSE(grammar.contains("response_format"));
  const Json free = sent(request, [](ProviderConfig& changed) { changed.structured = "none"; });
  EXPECT_FALSE(free.contains("grammar") || free.contains("response_format"));
}

TEST_F(OpenAi, ContinuesAPromptInTheFormOfACompletion) {
  test::ModelServer server;
  ProviderConfig completing = config(server);
  completing.form = "completion";
  const Chat chat = ask(*make_provider(completing), request_for("1, 2, 3,"));
  ASSERT_TRUE(chat) << chat.error().reason;
  EXPECT_EQ(chat->replies[0].text, "1, 2, 3,");
  EXPECT_EQ(server.requests().at(0).at("path"), "/v1/completions");
  EXPECT_EQ(server.requests().at(0).at("body").at("prompt"), "1, 2, 3,");
}

TEST_F(OpenAi, AsksForAllSamplesAtOnceWhereTheServerCan) {
  test::ModelServer server;
  ProviderConfig sampling = config(server);
  sampling.samples = true;
  const Chat chat = ask(*make_provider(sampling), request_for("a b", 3));
  ASSERT_TRUE(chat);
  EXPECT_EQ(chat->replies.size(), 3);
  EXPECT_EQ(chat->usage.completion_tokens, 6);
  EXPECT_EQ(server.requests().size(), 1);
}

TEST_F(OpenAi, FetchesTheSamplesThatAServerLeavesOut) {
  test::ModelServer server({"--most-choices", "2"});
  ProviderConfig sampling = config(server);
  sampling.samples = true;
  const Chat chat = ask(*make_provider(sampling), request_for("a b", 5));
  ASSERT_TRUE(chat);
  EXPECT_EQ(chat->replies.size(), 5);
  EXPECT_EQ(chat->attempts, 3);
  EXPECT_EQ(chat->usage.prompt_tokens, 6);
}

TEST_F(OpenAi, AsksForOneSampleAtATimeWithAnotherSeedElsewhere) {
  test::ModelServer server;
  ChatRequest request = request_for("a b", 3);
  request.seed = 7;
  const Chat chat = ask(*make_provider(config(server)), request);
  ASSERT_TRUE(chat);
  EXPECT_EQ(chat->replies.size(), 3);
  ASSERT_EQ(server.requests().size(), 3);
  for (int i = 0; i < 3; ++i) {
    const Json body = server.requests()[static_cast<std::size_t>(i)].at("body");
    EXPECT_FALSE(body.contains("n"));
    EXPECT_EQ(body.at("seed"), 7 + i);
  }
}

TEST_F(OpenAi, SaysWhatTheSamplesBeforeAFailureHaveCost) {
  test::ModelServer server({"--scenario", "ok,status:400"});
  const Chat chat = ask(*make_provider(config(server)), request_for("a b", 3));
  ASSERT_FALSE(chat);
  EXPECT_EQ(chat.error().usage.completion_tokens, 2);
  EXPECT_EQ(chat.error().attempts, 2);
  EXPECT_TRUE(chat.error().permanent);
}

TEST_F(OpenAi, SendsTextThatIsNotValidUtf8AsFarAsItIs) {
  test::ModelServer server;
  const Chat chat = ask(*make_provider(config(server)), request_for("a\xff"
                                                                    "b"));
  ASSERT_TRUE(chat) << chat.error().reason;
  EXPECT_EQ(chat->replies[0].text,
            "a\xEF\xBF\xBD"
            "b");
}

}  // namespace
}  // namespace weft::llm
