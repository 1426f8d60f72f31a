#include "llm/prices.hpp"

#include <algorithm>

#include "llm/models.hpp"

namespace weft::llm {

Prices Prices::load() {
  return Prices(load_models());
}

Prices Prices::from_json(const base::Json& kept) {
  return Prices(kept);
}

std::optional<double> Prices::cost(const std::string& model, const Usage& usage) const {
  const std::optional<TokenPrices> prices = find_model(models_, model).prices;
  if (!prices) return std::nullopt;
  const std::int64_t known = usage.cached_tokens + usage.cache_write_tokens;
  const std::int64_t plain = std::max<std::int64_t>(0, usage.prompt_tokens - known);
  const double millions = static_cast<double>(plain) * prices->input +
                          static_cast<double>(usage.cached_tokens) * prices->cached_input +
                          static_cast<double>(usage.cache_write_tokens) * prices->cache_write +
                          static_cast<double>(usage.completion_tokens) * prices->output;
  return millions * 1e-6;
}

}  // namespace weft::llm
