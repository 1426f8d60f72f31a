// Which ops did well where: the operation priority of OP-NAS (Gao et al. 2022, AutoBERT-Zero). Learned in order by a
// method, and read by mutation.
#pragma once

#include <limits>
#include <map>

#include "block/operators.hpp"
#include "space/space.hpp"

namespace weft::evolve {

class OpPriority {
 public:
  /// Learns what a genome with this cost (lower is better) has for programs. A position in a program is the op that
  /// uses a value first; of equal ops at equal positions a genome counts one.
  void learn(const space::Genome& genome, double cost);

  /// exp(u), so that an op is drawn with the softmax of u = μ + √(2 ln N / n): μ the mean rating of the genomes that
  /// have the op at the position, from 0 for the worst known cost to 1 for the best; n their number, and N that of all
  /// ops there. An op never seen there counts as seen once with a rating of 1/2.
  block::Preference preference() const;

 private:
  struct Tally {
    double cost = 0;  // sum
    int count = 0;
  };
  std::map<const block::Op*, std::map<const block::Op*, Tally>> positions_;  // only looked up: addresses order nothing
  double best_ = std::numeric_limits<double>::infinity(), worst_ = -std::numeric_limits<double>::infinity();
};

}  // namespace weft::evolve
