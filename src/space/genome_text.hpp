// Genomes as text: canonical JSON, identities, and reading what people and language models write.
#pragma once

#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "space/space.hpp"

namespace weft::space {

/// {"embed_dim": 64, "depth": 2, "num_heads": [2, 4]}: genes in the space's order, inactive ones left out (null in a
/// list).
base::Json to_json(const Space& space, const Genome& genome);

/// to_json() on one line.
std::string to_text(const Space& space, const Genome& genome);

/// The genome in the space's own notation; empty where it has none.
std::string to_notation(const Space& space, const Genome& genome);

/// "g1-" and a hash of the canonical JSON: over values, with programs in canonical form.
std::string id(const Space& space, const Genome& genome);

/// Reads a genome. An illegal one is refused, never repaired: the error names the gene, the value and the domain.
/// Programs are checked for syntax here; shapes, constraints between genes and limits are decode()'s. A space with a
/// notation of its own also reads that, and the list of its genes' values.
base::Result<Genome> from_json(const Space& space, const base::Json& value);
base::Result<Genome> from_text(const Space& space, std::string_view text);

/// Share of the slots, active in either, in which two genomes differ; programs differ by the share of ops they do not
/// have in common. 0 for equal genomes, at most 1.
double distance(const Space& space, const Genome& a, const Genome& b);

}  // namespace weft::space
