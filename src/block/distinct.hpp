// When two programs, each bound to its genes, are one network: what spaces are counted by beside their genomes.
#pragma once

#include <optional>
#include <string>

#include "block/program.hpp"

namespace weft::block {

/// A text that is equal for equal networks by the rule that NAS-Bench-201 counts its 6,466 with (Dong, Yang 2020,
/// Structure.to_unique_str() of their code): what pick() does not take is not there, and so is no skip connection;
/// zeros pass through ops that keep zero; the terms of a sum are sorted, and zeros stay among them. "0" is the input,
/// "#" zero. Whether two uses share their weights makes no difference. Nothing where an attribute has no value.
std::optional<std::string> distinct_text(const Program& program, const Binding& binding);

}  // namespace weft::block
