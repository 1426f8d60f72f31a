// What tests of the providers share: a provider that talks to a fake server with a key of its own, without waiting
// between tries.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "llm/config.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/model_server.hpp"

namespace weft::llm {

inline const std::string kKey = "sk-secret/of+this\"test";

inline Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

inline ChatRequest request_for(const std::string& text, int samples = 1) {
  ChatRequest request;
  request.messages = {{"user", text}};
  request.samples = samples;
  return request;
}

class WithServer : public testing::Test {
 protected:
  ProviderConfig config(const test::ModelServer& server, const std::string& provider = "openai") const {
    ProviderConfig config;
    config.provider = provider;
    config.model = "m";
    config.base_url = server.url(provider == "openai" ? "/v1" : "");
    config.api_key_env = "WEFT_TEST_KEY";
    config.retries = 2;
    config.backoff = 0;
    return config;
  }

  static Chat ask(Provider& provider, const ChatRequest& request, Occasion occasion = {}) {
    return provider.chat(request, occasion, in(std::chrono::minutes(2)), {});
  }

  const test::Environment clean_{test::no_proxies()};
  const test::Environment key_{test::Variables{{"WEFT_TEST_KEY", kKey}}};
};

}  // namespace weft::llm
