// Anthropic's messages API. It has no seed and no samples: several replies are several requests.
#include <algorithm>
#include <array>

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

const OwnServer kAnthropic{.base_url = "https://api.anthropic.com", .key_variable = "ANTHROPIC_API_KEY"};

base::Result<ChatResult> read_reply(const Json& json) {
  const Json& content = find(json, {"content"});
  if (!content.is_array()) return base::failure("it has no content");
  Reply reply{.text = "", .finish_reason = find_text(json, {"stop_reason"})};
  for (const Json& block : content) {
    if (find_text(block, {"type"}) == "text") reply.text += find_text(block, {"text"});
  }
  ChatResult result;
  result.replies.push_back(std::move(reply));
  const std::int64_t plain = find_count(json, {"usage", "input_tokens"}),
                     read = find_count(json, {"usage", "cache_read_input_tokens"}),
                     written = find_count(json, {"usage", "cache_creation_input_tokens"});
  result.usage = {.prompt_tokens = plain + read + written,
                  .cached_tokens = read,
                  .cache_write_tokens = written,
                  .completion_tokens = find_count(json, {"usage", "output_tokens"}),
                  .reasoning_tokens = 0};
  result.model = find_text(json, {"model"});
  return result;
}

// Keywords with which the server refuses a schema, because it cannot enforce them.
constexpr std::array kRefused{"$schema",    "minimum",     "maximum",   "exclusiveMinimum", "exclusiveMaximum",
                              "multipleOf", "minLength",   "maxLength", "pattern",          "minItems",
                              "maxItems",   "uniqueItems", "default"};

Json enforceable(Json schema) {
  for (const char* keyword : kRefused) schema.erase(keyword);
  for (const char* part : {"items", "additionalProperties"}) {
    if (schema.contains(part) && schema[part].is_object()) schema[part] = enforceable(schema[part]);
  }
  for (const char* part : {"properties", "$defs"}) {
    if (!schema.contains(part)) continue;
    for (auto& [name, member] : schema[part].items()) member = enforceable(member);
  }
  for (const char* part : {"anyOf", "oneOf", "allOf"}) {
    if (!schema.contains(part)) continue;
    for (Json& member : schema[part]) member = enforceable(member);
  }
  return schema;
}

class Anthropic : public Provider {
 public:
  explicit Anthropic(const ProviderConfig& config)
      : name_(config.model),
        model_(find_model(load_models(), config.model)),
        endpoint_(config, kAnthropic, "/v1/messages") {
    if (!endpoint_.key().empty()) endpoint_.add_header("x-api-key", endpoint_.key());
    endpoint_.add_header("anthropic-version", "2023-06-01");
    const bool schema = config.structured == "json_schema" || (config.structured == "auto" && model_.json_schema);
    capabilities_ = {.structured = schema ? Structured::json_schema : Structured::none,
                     .temperature = config.temperature.value_or(model_.temperature),
                     .seed = false,
                     .samples = false,
                     .completion = false,
                     .concurrency = config.concurrency.value_or(8)};
  }

  Chat chat(const ChatRequest& request, const Occasion&, Deadline deadline, std::stop_token stop) override {
    return endpoint_.chat(
        request, [&](int, int) { return body(request); }, read_reply, deadline, stop);
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  std::string name() const override { return "anthropic " + name_ + " at " + endpoint_.base_url(); }

 private:
  Json body(const ChatRequest& request) const {
    Json body = {{"model", name_}, {"max_tokens", request.max_tokens}, {"messages", Json::array()}};
    std::vector<std::string> system, stops;
    for (const Message& message : request.messages) {
      if (message.role == "system") {
        system.push_back(message.text);
      } else {
        body["messages"].push_back({{"role", message.role}, {"content", message.text}});
      }
    }
    if (!system.empty()) body["system"] = base::join(system, "\n\n");
    if (capabilities_.temperature) body["temperature"] = std::min(request.temperature, 1.0);  // 1 is its largest
    for (const std::string& stop : request.stop) {
      if (!base::trim(stop).empty()) stops.push_back(stop);  // white space alone is refused
    }
    if (model_.stop && !stops.empty()) body["stop_sequences"] = stops;
    if (capabilities_.structured == Structured::json_schema && !request.constraint.json_schema.is_null()) {
      body["output_config"] = {
          {"format", {{"type", "json_schema"}, {"schema", enforceable(request.constraint.json_schema)}}}};
    }
    return body;
  }

  const std::string name_;
  const Model model_;
  Endpoint endpoint_;
  Capabilities capabilities_;
};

}  // namespace

std::unique_ptr<Provider> make_anthropic(const ProviderConfig& config) {
  if (config.model.empty()) throw base::Error("the provider 'anthropic' needs a 'model'");
  if (config.form == "completion")
    throw base::Error("the provider 'anthropic' has no form 'completion'; expected chat");
  if (config.structured == "grammar")
    throw base::Error("the provider 'anthropic' knows no grammars; expected auto, none or json_schema");
  return std::make_unique<Anthropic>(config);
}

}  // namespace weft::llm::providers
