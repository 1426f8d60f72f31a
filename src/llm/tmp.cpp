#include "llm/config.hpp"
#include "llm/providers/all.hpp"
namespace weft::llm {
ProviderConfig ProviderConfig::from_json(const base::Json& c) { ProviderConfig p; p.provider=c.at("provider"); p.model=c.value("model",""); p.structured=c.at("structured"); p.form=c.at("form"); p.context=c.at("context"); p.timeout_seconds=c.at("timeout"); return p; }
std::unique_ptr<Provider> make_provider(const ProviderConfig& c) { return providers::make_llama(c); }
std::vector<std::string> provider_names() { return {"llama"}; }
}
