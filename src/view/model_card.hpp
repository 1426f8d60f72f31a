// The README.md beside an exported model: what it is, how well it did, where it comes from, how to load it.
#pragma once

#include <string>

#include "journal/journal.hpp"
#include "space/space.hpp"

namespace weft::view {

struct CardFacts {
  const space::Space& space;
  const space::Genome& genome;
  const space::Architecture& architecture;
  std::string weights;                        ///< "trained by ...", "fresh, of seed 0, untrained"
  const journal::Journal* journal = nullptr;  ///< of the run, where it comes from one
  journal::TrialId trial = -1;
};

/// Markdown. Nothing of the experiment's language model but its name, no paths, no keys.
std::string model_card(const CardFacts& facts);

}  // namespace weft::view
