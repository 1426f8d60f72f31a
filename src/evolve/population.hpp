// Genomes with their scores, as methods that keep a population have them.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "evolve/objective.hpp"

namespace weft::evolve {

struct Member {
  journal::TrialId trial = -1;
  space::Genome genome;
  std::vector<double> costs;  ///< of each goal, to be minimised
};

/// Leaves the best `size` of the members, from the best on, by ranking().
inline void keep_best(std::vector<Member>& members, std::size_t size) {
  std::vector<std::vector<double>> costs;
  for (const Member& member : members) costs.push_back(member.costs);
  std::vector<std::size_t> order = ranking(costs);
  order.resize(std::min(order.size(), size));
  std::vector<Member> best;
  for (const std::size_t index : order) best.push_back(std::move(members[index]));
  members = std::move(best);
}

}  // namespace weft::evolve
