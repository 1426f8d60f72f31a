// Genomes from nothing, from one parent, from two: the conventional operators on genes and on block programs.
#pragma once

#include <functional>
#include <optional>

#include "base/random.hpp"
#include "block/operators.hpp"
#include "space/space.hpp"

namespace weft::space {

/// Each gene uniform over its domain, layer by layer, drawn again where a constraint fails. An open gene is a seed
/// program with up to eight random edits. Throws Error where the constraints refuse 10,000 draws.
Genome sample(const Space& space, base::Random& random);

/// How the programs of open genes are edited.
struct ProgramEdits {
  std::span<const block::Edit> kinds = block::all_edits();
  block::Preference preference = {};
};

/// One gene, chosen uniformly among the active ones, changed in one place: a new value, or one edit of a program. What
/// a new depth or condition brings to life is sampled. Nothing after 100 refused tries.
std::optional<Genome> mutate(const Space& space, const Genome& parent, base::Random& random,
                             const ProgramEdits& edits = {});

/// Uniform crossover: the depth from either parent, then each gene of each layer from either that has it. A program of
/// one parent takes a sub-graph of the other's.
std::optional<Genome> cross_over(const Space& space, const Genome& a, const Genome& b, base::Random& random);

/// Every genome of a closed space that the constraints allow, in order, until `visit` returns false.
/// Throws Error for an open space.
void enumerate(const Space& space, const std::function<bool(const Genome&)>& visit);

/// Whether every `require` holds (limits are decode()'s).
bool allowed(const Space& space, const Genome& genome);

}  // namespace weft::space
