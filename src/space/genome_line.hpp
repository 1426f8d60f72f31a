// The JSON of a genome's closed genes, as genome_form() writes it, from its beginning: how it can go on to be valid.
// Called by space::GenomePrefix.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "space/space.hpp"

namespace weft::space {

/// What stands before the first program of a reply, and what follows from it.
struct GenomeLine {
  std::string text;  ///< up to the program's first character: with the end of the line, or the quote of a list's text
  Genome genome;     ///< of the closed genes
};

/// The first line that goes on as `given` begins, of values that hold and, with programs that do nothing, decode. Where
/// `given` is longer, the line is its beginning. Nothing where there is none.
std::optional<GenomeLine> find_line(const Space& space, const Input& input, std::string_view given);

/// The program that does nothing.
const std::shared_ptr<const ProgramText>& identity();
/// The genome with a program in every layer: those that are given, then one that does nothing.
Genome with_programs(const Space& space, const Genome& genome,
                     std::vector<std::shared_ptr<const ProgramText>> programs);
/// How many programs a genome has: one, or one for each layer.
int count_programs(const Space& space, const Genome& genome);

}  // namespace weft::space
