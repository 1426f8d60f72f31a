#include "llm/chat.hpp"

#include "base/text.hpp"
#include "llm/fields.hpp"

namespace weft::llm {

base::Json ChatRequest::to_json() const {
  base::Json list = base::Json::array();
  for (const Message& message : messages)
    list.push_back({{"role", message.role}, {"text", base::to_utf8(message.text)}});
  return {{"messages", list},
          {"samples", samples},
          {"temperature", temperature},
          {"max_tokens", max_tokens},
          {"seed", seed},
          {"stop", stop},
          {"json_schema", constraint.json_schema},
          {"grammar", constraint.grammar}};
}

base::Json Usage::to_json() const {
  return {{"prompt_tokens", prompt_tokens},
          {"cached_tokens", cached_tokens},
          {"cache_write_tokens", cache_write_tokens},
          {"completion_tokens", completion_tokens},
          {"reasoning_tokens", reasoning_tokens}};
}

Usage Usage::from_json(const base::Json& value) {
  const auto count = [&](const char* key) { return find_count(value, {key}); };
  return {.prompt_tokens = count("prompt_tokens"),
          .cached_tokens = count("cached_tokens"),
          .cache_write_tokens = count("cache_write_tokens"),
          .completion_tokens = count("completion_tokens"),
          .reasoning_tokens = count("reasoning_tokens")};
}

Usage& Usage::operator+=(const Usage& other) {
  prompt_tokens += other.prompt_tokens;
  cached_tokens += other.cached_tokens;
  cache_write_tokens += other.cache_write_tokens;
  completion_tokens += other.completion_tokens;
  reasoning_tokens += other.reasoning_tokens;
  return *this;
}

}  // namespace weft::llm
