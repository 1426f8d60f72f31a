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
/// White et al. 2021: all neighbours of a genome, then of the best of them.
std::unique_ptr<Proposer> local_search(const Method& method);
/// Williams 1992: a softmax a gene, moved by the gradient of the reward.
std::unique_ptr<Proposer> reinforce(const Method& method);
/// Bergstra et al. 2011: what is likelier among the good ones than among the others.
std::unique_ptr<Proposer> tpe(const Method& method);
/// Deb et al. 2002: generations selected by fronts and crowding distance.
std::unique_ptr<Proposer> nsga2(const Method& method);
/// Jamieson, Talwalkar 2016: many at a small budget, the best of them at larger ones.
std::unique_ptr<Proposer> successive_halving(const Method& method);
/// Li et al. 2018: successive halving with many small beginnings and with few large ones, in turns.
std::unique_ptr<Proposer> hyperband(const Method& method);
/// Falkner et al. 2018: Hyperband whose genomes come from densities of the good ones and of the others.
std::unique_ptr<Proposer> bohb(const Method& method);
/// Li et al. 2020: successive halving that never waits.
std::unique_ptr<Proposer> asha(const Method& method);
/// Every cell of a table: genomes, each with several seeds and at several budgets.
std::unique_ptr<Proposer> grid(const Method& method);
/// Liu et al. 2019: the most probable genome of a learned mixture, then samples of it.
std::unique_ptr<Proposer> mixture(const Method& method);
/// Chen, Dohan, So 2023: a model crosses over parents that a prompt shows with their scores.
std::unique_ptr<Proposer> evoprompting(const Method& method);
/// Zheng et al. 2023: a conversation in which each proposal is answered with its score.
std::unique_ptr<Proposer> genius(const Method& method);

}  // namespace weft::evolve::proposers
