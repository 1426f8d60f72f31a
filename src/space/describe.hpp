// What follows from a space for others: its exact size, a JSON schema and a GBNF grammar for constrained decoding, and
// the text that tells a language model about it.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "base/result.hpp"
#include "space/space.hpp"

namespace weft::space {

struct Size {
  bool open = false;  ///< an open gene makes the space infinite; `count` is then over the closed genes
  std::string count;  ///< exact, in decimal, before limits
};

/// Exact number of genomes that the constraints allow. Throws Error where more than 10 million combinations of coupled
/// genes would have to be looked at.
Size count(const Space& space);

/// How many different networks the genomes of a closed space are, before limits: equal are those that
/// block::distinct_text() finds equal layer by layer, without layers that do nothing. Looks at every genome.
std::int64_t count_networks(const Space& space);

/// JSON schema of a genome. It cannot couple a depth with the lengths of lists, nor express conditions.
base::Json json_schema(const Space& space);

/// GBNF (llama.cpp's grammars) of genomes as to_text() writes them: depth, conditions and the constraints on global
/// genes are enumerated in it, so that what it accepts is valid but for limits and constraints between per-layer genes.
/// A program comes after the other genes, as text (see genome_form()).
std::string grammar(const Space& space);

/// Genes, domains, constraints and limits in plain words; for an open space also the block language.
std::string describe(const Space& space);

/// How genomes stand in prompts and replies. Where a space has one global open gene: the JSON of the other genes on a
/// line, then the program's text. Else the JSON alone.
std::string genome_form(const Space& space, const Genome& genome);
/// Index of the space's only open gene, where it has one that is always active; or -1.
int open_gene(const Space& space);
/// The same, where its program follows the JSON line: where it is global.
int program_gene(const Space& space);
/// A reply's first object that names a gene, as it stands there, with the program that follows the JSON line in it.
std::optional<base::Json> reply_object(const Space& space, std::string_view reply);
/// The first genome in a reply, whatever stands around it; an error for the model to read where there is none.
base::Result<Genome> from_reply(const Space& space, std::string_view reply);

}  // namespace weft::space
