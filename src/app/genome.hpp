// Genomes on the command line. Used by the commands that take one.
#pragma once

#include <string>

#include "space/space.hpp"

namespace weft::app {

/// A genome as given, in a file, or on standard input ("-"): JSON, or the space's own notation. Throws base::Error.
space::Genome read_genome(const space::Space& space, const std::string& given);

/// Its architecture on that input. Throws base::Error saying what is wrong.
space::Architecture decoded(const space::Space& space, const space::Genome& genome, const space::Input& input);

}  // namespace weft::app
