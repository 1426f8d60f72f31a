// The factories behind the registry table of evaluators.
#pragma once

#include "evaluate/evaluator.hpp"

namespace weft::evaluate::evaluators {

/// Trains the architecture alone from fresh weights.
std::unique_ptr<Evaluator> train(const Setup& setup);
/// Scores with the weights that a supernet passes on.
std::unique_ptr<Evaluator> supernet(const Setup& setup);
/// Zero-cost proxies of fresh weights.
std::unique_ptr<Evaluator> proxy(const Setup& setup);
/// Parameters, FLOPs, activations and an analytic score.
std::unique_ptr<Evaluator> count(const Setup& setup);
/// Seconds of a forward pass or a training step: measured, or looked up in a table.
std::unique_ptr<Evaluator> latency(const Setup& setup);
/// What a benchmark table says.
std::unique_ptr<Evaluator> table(const Setup& setup);
/// The genomes of a table that holds a sample, where a search goes from row to row; else none.
std::vector<space::Genome> rows_to_search(const Setup& setup);
/// What a surrogate of a table predicts.
std::unique_ptr<Evaluator> surrogate(const Setup& setup);
/// A user's own program.
std::unique_ptr<Evaluator> command(const Setup& setup);
/// Other evaluators in their order, until a threshold is not kept.
std::unique_ptr<Evaluator> cascade(const Setup& setup);

}  // namespace weft::evaluate::evaluators
