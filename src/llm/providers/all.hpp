#pragma once
#include <memory>
#include "llm/config.hpp"
namespace weft::llm::providers { std::unique_ptr<Provider> make_llama(const ProviderConfig& config); }
