// What tokens cost. Called wherever a call's usage is counted against a budget or shown. Any thread.
#pragma once

#include <optional>
#include <string>

#include "base/json.hpp"
#include "llm/chat.hpp"

namespace weft::llm {

class Prices {
 public:
  /// Those of models.yaml.
  static Prices load();
  /// Those that a run has kept as to_json() gave them.
  static Prices from_json(const base::Json& kept);
  base::Json to_json() const { return models_; }

  /// USD for a call to `model`, each kind of token at its own price; nothing where the price is unknown.
  std::optional<double> cost(const std::string& model, const Usage& usage) const;

 private:
  explicit Prices(base::Json models) : models_(std::move(models)) {}

  base::Json models_;
};

}  // namespace weft::llm
