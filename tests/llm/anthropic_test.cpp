#include "tests/llm/provider_fixture.hpp"

namespace weft::llm {
namespace {

using base::Json;

class Anthropic : public WithServer {
 protected:
  Json sent(const ChatRequest& request, const std::string& model = "m") const {
    test::ModelServer server;
    ProviderConfig changed = config(server, "anthropic");
    changed.model = model;
    const Chat chat = ask(*make_provider(changed), request);
    EXPECT_TRUE(chat) << chat.error().reason;
    return server.requests().at(0).at("body");
  }
};

TEST_F(Anthropic, SendsTheSystemTextApartAndJoinsTheTextOfTheReply) {
  test::ModelServer server;
  ChatRequest request = request_for("one two three four");
  request.messages.insert(request.messages.begin(), {{"system", "be brief"}, {"system", "be kind"}});
  const Chat chat = ask(*make_provider(config(server, "anthropic")), request);
  ASSERT_TRUE(chat) << chat.error().reason;
  ASSERT_EQ(chat->replies.size(), 1);
  EXPECT_EQ(chat->replies[0].text, "one two three four");
  EXPECT_EQ(chat->replies[0].finish_reason, "end_turn");
  EXPECT_EQ(chat->model, "m-fake");
  const Json seen = server.requests().at(0);
  EXPECT_EQ(seen.at("path"), "/v1/messages");
  EXPECT_EQ(seen.at("headers").at("x-api-key"), kKey);
  EXPECT_EQ(seen.at("headers").at("anthropic-version"), "2023-06-01");
  EXPECT_EQ(seen.at("body").at("system"), "be brief\n\nbe kind");
  EXPECT_EQ(seen.at("body").at("messages").dump(), R"([{"role":"user","content":"one two three four"}])");
}

TEST_F(Anthropic, CountsCachedTokensAmongThoseOfThePrompt) {
  test::ModelServer server;
  const Chat chat = ask(*make_provider(config(server, "anthropic")), request_for("1 2 3 4 5 6 7 8"));
  ASSERT_TRUE(chat);
  EXPECT_EQ(chat->usage.prompt_tokens, 8);
  EXPECT_EQ(chat->usage.cached_tokens, 4);
  EXPECT_EQ(chat->usage.cache_write_tokens, 2);
  EXPECT_EQ(chat->usage.completion_tokens, 8);
}

TEST_F(Anthropic, SendsTheSettingsThatTheModelAccepts) {
  ChatRequest request = request_for("x");
  request.temperature = 1.3;
  request.max_tokens = 99;
  request.stop = {"\n\n", "END"};
  const Json plain = sent(request);
  EXPECT_EQ(plain.at("temperature"), 1.0);
  EXPECT_EQ(plain.at("max_tokens"), 99);
  EXPECT_EQ(plain.at("stop_sequences"), Json({"END"}));
  for (const char* unknown : {"seed", "n", "output_config"}) EXPECT_FALSE(plain.contains(unknown)) << unknown;
  EXPECT_FALSE(sent(request, "claude-opus-4-7").contains("temperature"));
}

TEST_F(Anthropic, AsksForAJsonSchemaWithoutWhatTheServerRefuses) {
  ChatRequest request = request_for("x");
  request.constraint.json_schema = base::parse_json(R"({
    "$schema": "s", "title": "t", "type": "object", "additionalProperties": false, "required": ["minimum"],
    "properties": {
      "minimum": {"type": "array", "minItems": 2, "maxItems": 6, "items": {"type": "number", "minimum": 1}},
      "kind": {"anyOf": [{"enum": ["a", "b"]}, {"type": "string", "maxLength": 3}]}}})")
                                       .value();
  EXPECT_EQ(sent(request).at("output_config").at("format").dump(),
            base::parse_json(R"({"type": "json_schema", "schema": {
    "title": "t", "type": "object", "additionalProperties": false, "required": ["minimum"],
    "properties": {
      "minimum": {"type": "array", "items": {"type": "number"}},
      "kind": {"anyOf": [{"enum": ["a", "b"]}, {"type": "string"}]}}}})")
                ->dump());
  EXPECT_FALSE(sent(request, "claude-3-5-haiku-latest").contains("output_config"));
}

TEST_F(Anthropic, FetchesSamplesOneByOne) {
  test::ModelServer server;
  const Chat chat = ask(*make_provider(config(server, "anthropic")), request_for("a b", 3));
  ASSERT_TRUE(chat);
  EXPECT_EQ(chat->replies.size(), 3);
  EXPECT_EQ(chat->attempts, 3);
  EXPECT_EQ(chat->usage.completion_tokens, 6);
  EXPECT_EQ(server.requests().size(), 3);
}

}  // namespace
}  // namespace weft::llm
