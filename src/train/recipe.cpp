#include "train/recipe.hpp"

#include <algorithm>
#include <cmath>

namespace weft::train {

Recipe Recipe::from_json(const base::Json& checked) {
  return {.steps = checked.value("steps", std::int64_t{0}),
          .tokens = checked.value("tokens", std::int64_t{0}),
          .seconds = checked.value("seconds", 0.0),
          .batch = checked.at("batch"),
          .learning_rate = checked.at("learning_rate"),
          .warmup = checked.at("warmup"),
          .final_rate = checked.at("final_rate"),
          .weight_decay = checked.at("weight_decay"),
          .beta1 = checked.at("beta1"),
          .beta2 = checked.at("beta2"),
          .epsilon = checked.at("epsilon"),
          .clip = checked.at("clip"),
          .precision = checked.at("precision"),
          .validation = checked.at("validation"),
          .test = checked.at("test"),
          .curve = checked.at("curve"),
          .time_limit = checked.at("time_limit"),
          .device = checked.at("device"),
          .base = checked.value("base", "")};
}

double learning_rate(const Recipe& recipe, double used) {
  if (used < recipe.warmup) return recipe.learning_rate * std::min(1.0, std::max(used, 1e-3) / recipe.warmup);
  const double share = std::min(1.0, (used - recipe.warmup) / std::max(1e-9, 1 - recipe.warmup));
  return recipe.learning_rate *
         (recipe.final_rate + (1 - recipe.final_rate) * 0.5 * (1 + std::cos(share * std::acos(-1.0))));
}

}  // namespace weft::train
