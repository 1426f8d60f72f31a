// What differs between language models, as models.yaml has it: what a model accepts, and what it costs. Called by the
// providers and by Prices. Any thread.
#pragma once

#include <optional>
#include <string>

#include "base/json.hpp"

namespace weft::llm {

/// USD per million tokens.
struct TokenPrices {
  double input = 0;
  double cached_input = 0;  ///< read from the server's cache
  double cache_write = 0;
  double output = 0;
};

struct Model {
  bool temperature = true;  ///< whether it accepts one
  bool stop = true;         ///< whether it accepts stop sequences
  bool json_schema = true;  ///< whether it can be held to one
  std::string max_tokens_key = "max_tokens";
  std::optional<TokenPrices> prices;  ///< nothing: unknown
};

/// The checked content of models.yaml: a value that a run can keep. Throws Error where the file is wrong.
base::Json load_models();

/// What `models` says of a model, by the longest entry that begins its name. The price is that of the entry's own
/// name and its dated versions only.
Model find_model(const base::Json& models, const std::string& name);

}  // namespace weft::llm
