#include "llm/config.hpp"

#include <gtest/gtest.h>

#include "base/schema.hpp"
#include "tests/support/environment.hpp"

namespace weft::llm {
namespace {

ProviderConfig read(const std::string& yaml) {
  base::Json schema = base::load_schema("experiment");
  schema = {{"$ref", "#/$defs/llm"}, {"$defs", schema.at("$defs")}};
  return ProviderConfig::from_json(base::check(schema, base::parse_yaml(yaml, "test.yaml")));
}

std::string error_of(const ProviderConfig& config) {
  try {
    make_provider(config);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(ProviderConfig, HasTheSchemasDefaults) {
  const ProviderConfig read_config = read("provider: openai"), plain;
  EXPECT_EQ(read_config.provider, "openai");
  EXPECT_EQ(read_config.model, plain.model);
  EXPECT_EQ(read_config.base_url, plain.base_url);
  EXPECT_EQ(read_config.api_key_env, plain.api_key_env);
  EXPECT_EQ(read_config.ca_file, plain.ca_file);
  EXPECT_EQ(read_config.structured, plain.structured);
  EXPECT_EQ(read_config.temperature, plain.temperature);
  EXPECT_EQ(read_config.samples, plain.samples);
  EXPECT_EQ(read_config.concurrency, plain.concurrency);
  EXPECT_EQ(read_config.form, plain.form);
  EXPECT_EQ(read_config.timeout_seconds, plain.timeout_seconds);
  EXPECT_EQ(read_config.retries, plain.retries);
  EXPECT_EQ(read_config.max_reply_bytes, plain.max_reply_bytes);
  EXPECT_EQ(read_config.threads, plain.threads);
  EXPECT_EQ(read_config.context, plain.context);
  EXPECT_EQ(read_config.cassette, plain.cassette);
  EXPECT_EQ(read_config.mode, plain.mode);
  EXPECT_EQ(read_config.recorded, nullptr);
}

TEST(ProviderConfig, TakesEveryKeyOfTheSchema) {
  const ProviderConfig config = read(R"(
provider: cassette
cassette: replies.jsonl
mode: record
record:
  provider: openai
  model: m
  base_url: http://localhost:8000/v1
  api_key_env: ""
  ca_file: ca.pem
  structured: grammar
  temperature: false
  samples: true
  concurrency: 3
  form: completion
  timeout: 12.5
  retries: 0
  max_reply: 1MiB
  context: 4096
)");
  EXPECT_EQ(config.cassette, "replies.jsonl");
  EXPECT_EQ(config.mode, "record");
  ASSERT_NE(config.recorded, nullptr);
  const ProviderConfig& inner = *config.recorded;
  EXPECT_EQ(inner.model, "m");
  EXPECT_EQ(inner.base_url, "http://localhost:8000/v1");
  EXPECT_EQ(inner.api_key_env, "");
  EXPECT_EQ(inner.ca_file, "ca.pem");
  EXPECT_EQ(inner.structured, "grammar");
  EXPECT_EQ(inner.temperature, false);
  EXPECT_EQ(inner.samples, true);
  EXPECT_EQ(inner.concurrency, 3);
  EXPECT_EQ(inner.form, "completion");
  EXPECT_EQ(inner.timeout_seconds, 12.5);
  EXPECT_EQ(inner.retries, 0);
  EXPECT_EQ(inner.max_reply_bytes, 1U << 20U);
  EXPECT_EQ(inner.context, 4096);
}

TEST(MakeProvider, SaysWhatCannotBeUsed) {
  const test::Environment none(test::Variables{{"OPENAI_API_KEY", {}}, {"WEFT_TEST_KEY", {}}});
  EXPECT_EQ(error_of({.provider = "opneai"}).find("the provider is 'opneai'; expected llama, openai, "), 0);
  EXPECT_NE(error_of({.provider = "opneai"}).find("did you mean 'openai'?"), std::string::npos);
  EXPECT_EQ(error_of({.provider = "openai"}), "the provider 'openai' needs a 'model'");
  EXPECT_EQ(error_of({.provider = "openai", .model = "m"}),
            "the key is read from the environment variable OPENAI_API_KEY, which is not set");
  EXPECT_EQ(error_of({.provider = "anthropic", .model = "m", .api_key_env = "WEFT_TEST_KEY"}),
            "the key is read from the environment variable WEFT_TEST_KEY, which is not set");
  EXPECT_EQ(error_of({.provider = "openai", .model = "m", .base_url = "localhost:8000"}),
            "base_url 'localhost:8000': a URL starts with http:// or https://");
  EXPECT_EQ(error_of({.provider = "openai", .model = "m", .base_url = "http://x", .ca_file = "/nowhere.pem"}),
            "/nowhere.pem: no such file");
  EXPECT_EQ(error_of({.provider = "anthropic", .model = "m", .structured = "grammar"}),
            "the provider 'anthropic' knows no grammars; expected auto, none or json_schema");
  EXPECT_EQ(error_of({.provider = "anthropic", .model = "m", .form = "completion"}),
            "the provider 'anthropic' has no form 'completion'; expected chat");
}

TEST(MakeProvider, NeedsNoKeyForAServerOfOnesOwn) {
  const test::Environment none(test::Variables{{"OPENAI_API_KEY", {}}});
  const auto provider = make_provider({.provider = "openai", .model = "m", .base_url = "http://localhost:8000/v1/"});
  EXPECT_EQ(provider->name(), "openai m at http://localhost:8000/v1");
}

TEST(MakeProvider, LearnsFromTheModelsNameWhatItCanDo) {
  const auto able = [](ProviderConfig config) {
    config.provider = "openai";
    config.base_url = "http://localhost";
    return make_provider(config)->capabilities();
  };
  using Structured = Capabilities::Structured;
  EXPECT_FALSE(able({.model = "gpt-5-mini"}).temperature);
  EXPECT_TRUE(able({.model = "gpt-5-mini", .temperature = true}).temperature);
  EXPECT_EQ(able({.model = "gpt-5-mini"}).structured, Structured::json_schema);
  EXPECT_EQ(able({.model = "m", .structured = "none"}).structured, Structured::none);
  EXPECT_EQ(able({.model = "m", .structured = "grammar"}).structured, Structured::grammar);
  EXPECT_EQ(able({.model = "m", .form = "completion"}).structured, Structured::none);
  EXPECT_TRUE(able({.model = "m", .form = "completion"}).completion);
  EXPECT_FALSE(able({.model = "m"}).samples);
  EXPECT_TRUE(able({.model = "m", .samples = true}).samples);
  EXPECT_EQ(able({.model = "m", .concurrency = 3}).concurrency, 3);
}

}  // namespace
}  // namespace weft::llm
