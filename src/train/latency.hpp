// How long a network takes on this machine. One call at a time a process: what else runs beside it is measured too.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.hpp"
#include "journal/values.hpp"
#include "space/architecture.hpp"

namespace weft::train {

/// What is timed: parsed once from the `evaluate: {latency: ...}` part of an experiment.
struct LatencyRecipe {
  std::int64_t batch = 1;  ///< sequences or images of one pass
  bool training = false;   ///< a step of training: forward, backward, AdamW; else a forward pass without gradients
  int warmup = 5;          ///< passes that are not timed
  int repeats = 30;        ///< passes that are
  double time_limit = 60;  ///< seconds of all passes together; beyond them the evaluation fails
  std::string device = "auto";

  static LatencyRecipe from_json(const base::Json& checked);
};

/// Times passes over random input with fresh weights in float32. The outcome has latency_s, the median, and
/// latency_iqr_s, the distance of the quartiles, both measured. A GPU is waited for before and after each pass.
journal::Outcome measure_latency(const space::Architecture& architecture, const LatencyRecipe& recipe);

}  // namespace weft::train
