#include "llm/config.hpp"

namespace weft::llm {
namespace {

template <class T>
void read(const base::Json& json, const char* key, T& value) {
  if (json.contains(key)) value = json.at(key).get<T>();
}

template <class T>
void read(const base::Json& json, const char* key, std::optional<T>& value) {
  if (json.contains(key)) value = json.at(key).get<T>();
}

}  // namespace

ProviderConfig ProviderConfig::from_json(const base::Json& checked) {
  ProviderConfig config;
  read(checked, "provider", config.provider);
  read(checked, "model", config.model);
  read(checked, "base_url", config.base_url);
  read(checked, "api_key_env", config.api_key_env);
  read(checked, "ca_file", config.ca_file);
  read(checked, "structured", config.structured);
  read(checked, "temperature", config.temperature);
  read(checked, "samples", config.samples);
  read(checked, "concurrency", config.concurrency);
  read(checked, "form", config.form);
  read(checked, "timeout", config.timeout_seconds);
  read(checked, "retries", config.retries);
  read(checked, "max_reply", config.max_reply_bytes);
  read(checked, "context", config.context);
  read(checked, "cassette", config.cassette);
  read(checked, "mode", config.mode);
  if (checked.contains("record")) config.recorded = std::make_shared<ProviderConfig>(from_json(checked.at("record")));
  return config;
}

}  // namespace weft::llm
