#include "llm/models.hpp"

#include <algorithm>
#include <cctype>

#include "base/schema.hpp"
#include "base/yaml.hpp"

namespace weft::llm {
namespace {

// What may follow a model's name without its being another model: "-2025-08-07", "-20250929", "-latest".
bool is_version(std::string_view rest) {
  if (rest.empty() || rest == "-latest") return true;
  const auto digits = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  };
  return rest.size() >= 5 && rest.front() == '-' && digits(rest.substr(1, 4));
}

TokenPrices read_prices(const base::Json& prices) {
  const double input = prices.at("input");
  return {.input = input,
          .cached_input = prices.value("cached_input", input),
          .cache_write = prices.value("cache_write", input),
          .output = prices.at("output")};
}

}  // namespace

base::Json load_models() {
  return base::check(base::load_schema("models"), base::read_yaml(base::home() / "models.yaml"));
}

Model find_model(const base::Json& models, const std::string& name) {
  std::string prefix;
  const base::Json* found = nullptr;
  for (const auto& [key, entry] : models.at("models").items()) {
    if (!name.starts_with(key) || (found != nullptr && key.size() <= prefix.size())) continue;
    prefix = key;
    found = &entry;
  }
  Model model;
  if (found == nullptr) return model;
  model.temperature = found->at("temperature");
  model.stop = found->at("stop");
  model.json_schema = found->at("json_schema");
  model.max_tokens_key = found->at("max_tokens_key");
  if (found->contains("prices") && is_version(std::string_view(name).substr(prefix.size())))
    model.prices = read_prices(found->at("prices"));
  return model;
}

}  // namespace weft::llm
