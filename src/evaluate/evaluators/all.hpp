// The factories behind the registry table of evaluators.
#pragma once

#include "evaluate/evaluator.hpp"

namespace weft::evaluate::evaluators {

/// Trains the architecture alone from fresh weights.
std::unique_ptr<Evaluator> train(const Setup& setup);
/// Parameters, FLOPs, activations and an analytic score.
std::unique_ptr<Evaluator> count(const Setup& setup);
/// Zero-cost proxies of fresh weights.
std::unique_ptr<Evaluator> proxy(const Setup& setup);
/// A user's own program.
std::unique_ptr<Evaluator> command(const Setup& setup);

}  // namespace weft::evaluate::evaluators
