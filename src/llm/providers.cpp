#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "llm/providers/all.hpp"

namespace weft::llm {
namespace {

struct Row {
  const char* name;
  std::unique_ptr<Provider> (*make)(const ProviderConfig&);
};

constexpr std::array kRows{
    Row{"llama", providers::make_llama},
    Row{"openai", providers::make_openai},
    Row{"anthropic", providers::make_anthropic},
    Row{"cassette", providers::make_cassette},
};

}  // namespace

std::unique_ptr<Provider> make_provider(const ProviderConfig& config) {
  for (const Row& row : kRows) {
    if (config.provider == row.name) return row.make(config);
  }
  throw base::Error("the provider is " + base::quote(config.provider) + "; expected " + base::either(provider_names()) +
                    base::did_you_mean(config.provider, provider_names()));
}

std::vector<std::string> provider_names() {
  std::vector<std::string> names;
  names.reserve(kRows.size());
  for (const Row& row : kRows) names.emplace_back(row.name);
  return names;
}

}  // namespace weft::llm
