// The language model as an experiment names it: parsed once, from the checked `llm:` part of an experiment.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "llm/chat.hpp"

namespace weft::llm {

struct ProviderConfig {
  std::string provider;  ///< openai, anthropic, llama, cassette
  std::string model;     ///< the server's name of it; for llama a name or a .gguf file
  std::string base_url;  ///< "https://api.openai.com/v1"; empty: the provider's own
  /// The variable that holds the key; empty: no key is sent. Absent: the provider's own variable where `base_url` is
  /// the provider's own too, else no key, so that one server's key is never shown to another.
  std::optional<std::string> api_key_env;
  std::string ca_file;              ///< certificates to trust instead of the system's; empty: the system's
  std::string structured = "auto";  ///< auto, none, json_schema, grammar
  std::optional<bool> temperature;  ///< whether the model accepts one; absent: as the provider's models do
  std::optional<bool>
      samples;  ///< whether one request may ask for several replies; absent: llama, and of servers api.openai.com
  std::optional<int> concurrency;  ///< calls at a time
  std::string form = "auto";       ///< auto, chat, completion
  double timeout_seconds = 600;    ///< the one deadline of a call, retries included
  int retries = 20;
  double backoff = 1;  ///< multiplies the waits between tries; no key of an experiment: tests set it
  std::size_t max_reply_bytes = 4 << 20;
  int threads = 0;                           ///< llama: no key of its own; the plan of workers and threads sets it
  int context = 8192;                        ///< llama: tokens of context
  std::string cassette;                      ///< cassette: the file
  std::string mode = "replay";               ///< cassette: replay or record
  std::shared_ptr<ProviderConfig> recorded;  ///< cassette in mode record: the provider that answers

  /// From an object with the members' names as keys (timeout, max_reply and record stand for timeout_seconds,
  /// max_reply_bytes and recorded), as the llm part of schemas/experiment.schema.json describes it.
  static ProviderConfig from_json(const base::Json& checked);
};

/// Makes the provider. Throws Error for a key that is not set, a model file that is missing, and the like.
std::unique_ptr<Provider> make_provider(const ProviderConfig& config);

/// The names that `provider:` may have.
std::vector<std::string> provider_names();

}  // namespace weft::llm
