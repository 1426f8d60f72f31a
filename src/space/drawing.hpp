// A whole architecture as a picture: stem, layers and head. Layers that differ in numbers alone are drawn once.
#pragma once

#include <string>

#include "space/architecture.hpp"

namespace weft::space {

/// The architecture in DOT; block::to_svg() draws it.
std::string to_dot(const Architecture& architecture);

}  // namespace weft::space
