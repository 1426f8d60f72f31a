// A graph as a picture: Graphviz's language, and SVG where Graphviz is installed.
#pragma once

#include <string>

#include "block/graph.hpp"

namespace weft::block {

/// The graph in DOT: a box for each op with its attributes, parameters and output channels, colours by kind.
std::string to_dot(const Graph& graph);

/// The drawing as an <svg> element. Throws Error naming the package where the program `dot` is missing.
std::string to_svg(const std::string& dot);

}  // namespace weft::block
