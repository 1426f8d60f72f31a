// An architecture as a PyTorch file that a person could have written: plain modules, no interpreter. Text; no tensor.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "space/space.hpp"

namespace weft::net {

/// What the file says of itself. Every text may come from anywhere: it is made harmless.
struct PythonLabels {
  std::string title;                              ///< "gpt_nano, genome g1-...": the first line
  std::string space;                              ///< its name; blocks named after it lose that part
  std::vector<std::string> blocks = {};           ///< of each layer: its program's name; may be empty
  std::map<std::string, std::string> about = {};  ///< of programs by name: a line or two
};

/// Space, genome, and for closed blocks their names and the comments that their files begin with.
PythonLabels labels_of(const space::Space& space, const space::Genome& genome);

struct PythonSource {
  std::string text;
  std::vector<std::string> weights;  ///< state-dict key of each of make_network()'s weights, in their order
};

PythonSource write_python(const space::Architecture& architecture, const PythonLabels& labels);

}  // namespace weft::net
