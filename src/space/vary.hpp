// Genomes from nothing, from one parent, from two: the conventional operators on genes and on block programs. Where the
// space has a listing, what they give is the listed genome nearest to what they would have given.
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

/// Every genome that has another value in one slot of a closed gene, in order. What a new depth or condition brings to
/// life is sampled; those that the constraints refuse are left out.
std::vector<Genome> neighbours(const Space& space, const Genome& genome, base::Random& random);

/// How likely redraw() draws a gene again.
struct Redraw {
  double global = 0.4;  ///< each global gene, the depth among them
  double layer = 0.2;   ///< each per-layer gene, in each layer
};

/// Mutation of AutoFormer (Chen et al. 2021, section 3.3) and HAT: each active gene is drawn again from its whole
/// domain with the probability of its scope, so that it may also stay as it was; a program has one edit instead. New
/// layers are sampled, and what a changed condition brings to life. Drawn anew as a whole where a constraint fails;
/// nothing after 100 refused tries.
std::optional<Genome> redraw(const Space& space, const Genome& parent, const Redraw& chances, base::Random& random,
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
