// A checked graph as a picture: Graphviz's language, and SVG where Graphviz is installed.
#pragma once

#include <span>
#include <string>

#include "block/graph.hpp"
#include "block/sketch.hpp"

namespace weft::block {

/// The graph in DOT: a box for each op with its attributes and parameters, coloured by what it does; an edge says what
/// it is to its op (q, k, v), and its size where an op changed that.
std::string to_dot(const Graph& graph);

/// The drawing as an <svg> element. Throws Error naming the package where the program `dot` is missing.
std::string to_svg(const std::string& dot);

/// Whether the two are one drawing but for their numbers: the same ops, wired alike.
bool drawn_alike(const Graph& a, const Graph& b);

/// Draws graphs that are drawn alike as one: where numbers differ, it says the number of each, or their range. Boxes
/// are named `name` and a number. `from` is the box that the input comes from; returns the one of the result.
std::string draw(Sketch& sketch, std::span<const Graph> graphs, const std::string& name, const std::string& from);

/// What the colours of boxes mean.
std::vector<std::pair<Look, std::string>> legend();

/// The look of what is neither an op nor changed: the input, the result, a stem.
Look plain();

/// "64 × 32 × 32", "256", "time × 64" for a label.
std::string size_text(const Type& type);
/// "256 channels".
std::string with_unit(const Type& type);

}  // namespace weft::block
