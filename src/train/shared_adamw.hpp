// AdamW (Loshchilov, Hutter 2019) over parts of shared weights: what no sub-network of the step used keeps its values
// and its moments, bit for bit.
#pragma once

#include <vector>

#include "net/supernet.hpp"
#include "train/recipe.hpp"

namespace weft::train {

class SharedAdamW {
 public:
  /// Moments are kept with the weights and start as zeros.
  SharedAdamW(net::Supernet& supernet, const Recipe& recipe) : supernet_(supernet), recipe_(recipe) {}

  /// One update at this learning rate of everything that the sub-networks have, from the gradients that are there,
  /// which are zeros after. Gradients are first divided by `divisor`, then clipped by their global norm. A weight's
  /// bias correction counts the updates of any part of it.
  void step(const std::vector<const net::SubNetwork*>& networks, double learning_rate, double divisor = 1);

 private:
  net::Supernet& supernet_;
  const Recipe& recipe_;
};

/// What the parts of one weight cover together: the largest of them where it has all others, else the union of their
/// memory, in order.
struct Cover {
  const net::Part* part = nullptr;  ///< the largest, where it has all others
  std::vector<const net::Part*> parts;
  std::vector<block::Run> united;  ///< where no single one does
  const std::vector<block::Run>& runs() const { return part != nullptr ? part->memory : united; }
};

/// Of each weight of the supernet; empty for those that no network has, or that do not learn.
std::vector<Cover> covers(const net::Supernet& supernet, const std::vector<const net::SubNetwork*>& networks);

/// The union of runs in order.
std::vector<block::Run> unite(const std::vector<block::Run>& a, const std::vector<block::Run>& b);

}  // namespace weft::train
