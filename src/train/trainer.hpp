// Trains one architecture alone and says how well it did. One call at a time a process: it uses the process's
// generators.
#pragma once

#include <functional>

#include "journal/values.hpp"
#include "net/network.hpp"
#include "train/data.hpp"
#include "train/recipe.hpp"

namespace weft::train {

/// Trains from fresh weights, or from copies of `initial`. The outcome has val_loss (nats; for images val_accuracy as
/// well), train_loss, params, flops, steps and tokens; train_s, tokens_per_s and memory_bytes as measured; with
/// `fidelity.test` also test scores. What does not fit, diverges or takes too long is a failed outcome with its reason.
/// On a CPU with the same threads the same call gives the same numbers, bit for bit. `trained`, where given, gets the
/// weights of a training that went well.
journal::Outcome train(const space::Architecture& architecture, const Dataset& data, const Recipe& recipe,
                       const journal::Fidelity& fidelity, std::uint64_t seed, net::Weights* trained = nullptr,
                       const net::Weights* initial = nullptr);

/// "bf16" where a training step of this architecture is faster in it by a twentieth, else "fp32".
std::string faster_precision(const space::Architecture& architecture, const Dataset& data, const Recipe& recipe);

}  // namespace weft::train
