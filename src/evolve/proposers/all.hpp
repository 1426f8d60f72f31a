// The factories behind the registry table of methods.
#pragma once

#include "evolve/proposer.hpp"

namespace weft::evolve::proposers {

/// Independent samples of the space.
std::unique_ptr<Proposer> random(const Method& method);
/// Real et al. 2019: the best of a sample is mutated, the oldest dies.
std::unique_ptr<Proposer> regularized_evolution(const Method& method);
/// Chen et al. 2021, AutoFormer: generations of mutations and crossovers of the best so far.
std::unique_ptr<Proposer> evolution(const Method& method);
/// Liu et al. 2019: the most probable genome of a learned mixture, then samples of it.
std::unique_ptr<Proposer> mixture(const Method& method);
/// Chen, Dohan, So 2023: a model crosses over parents that a prompt shows with their scores.
std::unique_ptr<Proposer> evoprompting(const Method& method);
/// Zheng et al. 2023: a conversation in which each proposal is answered with its score.
std::unique_ptr<Proposer> genius(const Method& method);

}  // namespace weft::evolve::proposers
