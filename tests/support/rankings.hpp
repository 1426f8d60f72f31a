// Studies of rankings with known properties: the truth is a hidden quality with noise, and so is what predicts it.
#pragma once

#include <cmath>
#include <numbers>
#include <string>

#include "base/random.hpp"
#include "search/rank_study.hpp"

namespace weft::test {

/// Normal with deviation 1 (Box, Muller 1958).
inline double normal(base::Random& random) {
  return std::sqrt(-2 * std::log(1 - random.uniform())) * std::cos(2 * std::numbers::pi * random.uniform());
}

/// A predictor whose correlation with the hidden quality is `strength`.
struct Predicting {
  std::string name;
  double strength = 0;
  bool minimize = true;
};

/// Genomes with a loss around 2.5 that has deviation 0.1 between genomes and 0.1 · `noise` between seeds. Parameters
/// predict it with the strength `params`.
inline search::RankStudy study_of(std::size_t genomes, std::size_t seeds, double params,
                                  const std::vector<Predicting>& predictors, std::uint64_t seed = 1,
                                  double noise = 0.3) {
  base::Random random(seed, "study");
  search::RankStudy study{.name = "a study", .metric = "val_loss"};
  const auto copy = [&](double quality, double strength) {
    return strength * quality + std::sqrt(1 - strength * strength) * normal(random);
  };
  for (const Predicting& one : predictors) study.predictors.push_back({one.name, one.minimize, {}});
  for (std::size_t i = 0; i < genomes; ++i) {
    const double quality = normal(random);  // a low one is good
    const auto size = static_cast<std::int64_t>(std::lround(1e5 * std::exp(-copy(quality, params))));
    study.genomes.push_back({.id = "g" + std::to_string(i),
                             .text = R"({"depth":)" + std::to_string(i) + "}",
                             .params = size,
                             .flops = 2 * size});
    for (std::size_t p = 0; p < predictors.size(); ++p) {
      const double score = copy(quality, predictors[p].strength);
      study.predictors[p].scores.push_back(predictors[p].minimize ? score : -score);
    }
    study.truth.emplace_back();
    for (std::size_t s = 0; s < seeds; ++s)
      study.truth.back().push_back(2.5 + 0.1 * (quality + noise * normal(random)));
  }
  return study;
}

}  // namespace weft::test
