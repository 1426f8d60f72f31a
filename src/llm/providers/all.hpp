// The providers' factories, for the table in llm/providers.cpp. Each throws Error for a configuration it cannot use.
#pragma once

#include <memory>

#include "llm/config.hpp"

namespace weft::llm::providers {

std::unique_ptr<Provider> make_openai(const ProviderConfig& config);
std::unique_ptr<Provider> make_anthropic(const ProviderConfig& config);
std::unique_ptr<Provider> make_llama(const ProviderConfig& config);
std::unique_ptr<Provider> make_cassette(const ProviderConfig& config);

}  // namespace weft::llm::providers
