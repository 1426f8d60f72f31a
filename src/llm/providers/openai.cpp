// Any server that speaks OpenAI's chat completions: OpenAI, vLLM, llama-server, Ollama.
#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "llm/endpoint.hpp"
#include "llm/fields.hpp"
#include "llm/models.hpp"
#include "llm/providers/all.hpp"

namespace weft::llm::providers {
namespace {

using base::Json;
using Structured = Capabilities::Structured;

const OwnServer kOpenAi{.base_url = "https://api.openai.com/v1", .key_variable = "OPENAI_API_KEY"};

constexpr std::size_t kMostStops = 4;

base::Result<ChatResult> read_reply(const Json& json) {
  ChatResult result;
  for (const Json& choice : find(json, {"choices"})) {
    const Json& message = find(choice, {"message"});
    if (!message.is_object() && !find(choice, {"text"}).is_string()) continue;
    result.replies.push_back({.text = find_text(choice, {"text"}) + find_text(message, {"content"}),
                              .finish_reason = find_text(choice, {"finish_reason"})});
  }
  if (result.replies.empty()) return base::failure("it has no choices");
  result.usage = {.prompt_tokens = find_count(json, {"usage", "prompt_tokens"}),
                  .cached_tokens = find_count(json, {"usage", "prompt_tokens_details", "cached_tokens"}),
                  .cache_write_tokens = find_count(json, {"usage", "prompt_tokens_details", "cache_write_tokens"}),
                  .completion_tokens = find_count(json, {"usage", "completion_tokens"}),
                  .reasoning_tokens = find_count(json, {"usage", "completion_tokens_details", "reasoning_tokens"})};
  result.model = find_text(json, {"model"});
  return result;
}

class OpenAi : public Provider {
 public:
  explicit OpenAi(const ProviderConfig& config)
      : name_(config.model),
        model_(find_model(load_models(), config.model)),
        endpoint_(config, kOpenAi, config.form == "completion" ? "/completions" : "/chat/completions") {
    if (!endpoint_.key().empty()) endpoint_.add_header("Authorization", "Bearer " + endpoint_.key());
    capabilities_ = {.structured = structured(config),
                     .temperature = config.temperature.value_or(model_.temperature),
                     .seed = true,
                     .samples = config.samples.value_or(endpoint_.base_url() == kOpenAi.base_url),
                     .completion = config.form == "completion",
                     .concurrency = config.concurrency.value_or(8)};
  }

  Chat chat(const ChatRequest& request, const Occasion&, Deadline deadline, std::stop_token stop) override {
    return endpoint_.chat(
        request, [&](int samples, int had) { return body(request, samples, had); }, read_reply, deadline, stop);
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  std::string name() const override { return "openai " + name_ + " at " + endpoint_.base_url(); }

 private:
  Structured structured(const ProviderConfig& config) const {
    if (config.structured == "grammar") return Structured::grammar;
    if (config.structured == "json_schema") return Structured::json_schema;
    const bool supported = config.structured == "auto" && model_.json_schema && config.form != "completion";
    return supported ? Structured::json_schema : Structured::none;
  }

  Json body(const ChatRequest& request, int samples, int had) const {
    Json body = {{"model", name_}};
    add_prompt(request, body);
    body[capabilities_.completion ? "max_tokens" : model_.max_tokens_key] = request.max_tokens;
    if (capabilities_.temperature) body["temperature"] = request.temperature;
    // Servers differ in how large a seed may be, and the same one twice could bring the same reply twice.
    body["seed"] = (request.seed + static_cast<std::uint64_t>(had)) & 0x7fffffffU;
    if (capabilities_.samples && samples > 1) body["n"] = samples;
    if (model_.stop && !request.stop.empty() && request.stop.size() <= kMostStops) body["stop"] = request.stop;
    add_constraint(request.constraint, body);
    return body;
  }

  void add_prompt(const ChatRequest& request, Json& body) const {
    if (capabilities_.completion) {
      body["prompt"] = request.messages.empty() ? "" : request.messages.back().text;
      return;
    }
    body["messages"] = Json::array();
    for (const Message& message : request.messages)
      body["messages"].push_back({{"role", message.role}, {"content", message.text}});
  }

  void add_constraint(const Constraint& constraint, Json& body) const {
    if (capabilities_.structured == Structured::json_schema && !constraint.json_schema.is_null()) {
      body["response_format"] = {
          {"type", "json_schema"},
          {"json_schema", {{"name", "reply"}, {"strict", false}, {"schema", constraint.json_schema}}}};
    }
    if (capabilities_.structured == Structured::grammar && !constraint.grammar.empty()) {
      body["grammar"] =
          constraint.grammar;  // llama-server reads this one, vLLM the other; each ignores what it knows not
      body["structured_outputs"] = {{"grammar", constraint.grammar}};
    }
  }

  const std::string name_;
  const Model model_;
  Endpoint endpoint_;
  Capabilities capabilities_;
};

}  // namespace

std::unique_ptr<Provider> make_openai(const ProviderConfig& config) {
  if (config.model.empty()) throw base::Error("the provider 'openai' needs a 'model'");
  return std::make_unique<OpenAi>(config);
}

}  // namespace weft::llm::providers
