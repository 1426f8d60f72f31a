// The largest and the smallest genome of a space, and genomes with one gene set throughout: what a supernet is built
// around.
#pragma once

#include <optional>
#include <vector>

#include "space/decode.hpp"

namespace weft::space {

/// The genome with this value of the gene in every layer that has it. Layers that a larger depth brings are like the
/// last one; genes that come to life have the first value of their domain that the constraints allow. Nothing where
/// the constraints refuse it.
std::optional<Genome> with_value(const Space& space, const Genome& genome, int gene, std::int32_t code);

/// The genome with the most parameters (then FLOPs), or the fewest, that a search gene by gene finds from a fixed
/// start; all layers are alike where that is allowed. Programs of open genes are seeds. Throws Error where the space's
/// limits and constraints refuse 100 random genomes.
Genome largest(const Space& space, const Input& input);
Genome smallest(const Space& space, const Input& input);

/// The largest genome, then it with each other value of each gene that the space allows, and in spaces of few values
/// with each pair of them: together they have the sizes that one gene or two bring.
std::vector<Genome> outline(const Space& space, const Input& input);

}  // namespace weft::space
