// How a candidate is trained: parsed once from the `evaluate: {train: ...}` part of an experiment.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.hpp"

namespace weft::train {

struct Recipe {
  std::int64_t steps = 0;   ///< exactly one of steps, tokens and seconds is the budget
  std::int64_t tokens = 0;  ///< positions seen, over all sequences
  double seconds = 0;
  std::int64_t batch = 16;      ///< sequences or images a step
  double learning_rate = 3e-3;  ///< at its peak
  double warmup = 0.1;          ///< share of the budget in which the rate rises from 0
  double final_rate = 0.1;      ///< share of the peak at the end of the cosine
  double weight_decay = 0.1;    ///< of matrices and embeddings
  double beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8;
  double clip = 1.0;               ///< largest norm of all gradients; 0: none
  std::string precision = "fp32";  ///< fp32 or bf16 (auto is resolved before)
  std::int64_t validation = 128;   ///< examples of each validation pass
  std::int64_t test = 4096;        ///< examples of a test, where one is asked for
  int curve = 4;                   ///< validation passes, the last at the end
  double time_limit = 600;         ///< seconds; beyond them the evaluation fails
  std::string device = "auto";
  std::string base;  ///< a file with the weights of what is frozen; empty: they stay as they are drawn

  static Recipe from_json(const base::Json& checked);
};

/// A linear rise to the peak, then a cosine down to final_rate of it (Loshchilov, Hutter 2017). `used` is the share of
/// the budget before the step; the first step has a thousandth of the budget behind it, so that it does something.
double learning_rate(const Recipe& recipe, double used);

}  // namespace weft::train
