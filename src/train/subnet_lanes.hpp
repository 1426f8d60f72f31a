// The gradients of a step's sub-networks, side by side.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "net/supernet.hpp"

namespace c10 {
class ThreadPool;
}

namespace weft::train {

/// On a CPU sub-networks run side by side, each on one thread: operations of small networks gain little from a second
/// one, and networks need not wait for each other. So do the parts of a batch where there is one network, or where what
/// networks keep for their backward passes is large.
class SubnetLanes {
 public:
  /// As many lanes as an operation may have threads where it is made (net::set_threads).
  SubnetLanes();
  SubnetLanes(const SubnetLanes&) = delete;
  SubnetLanes& operator=(const SubnetLanes&) = delete;
  ~SubnetLanes();

  /// Examples of a batch: their share of it, and which of all parts they are.
  struct Part {
    std::int64_t first = 0, size = 0, number = 0;
  };
  /// The mean loss of a network over a part.
  using LossOf = std::function<at::Tensor(const net::SubNetwork& network, const Part& part)>;

  /// How many parts a step with these networks takes a batch in; decided by the networks, the batch and the lanes
  /// alone.
  std::int64_t parts(std::span<const net::SubNetwork> networks, std::int64_t batch) const;

  /// Adds the gradients of each network's mean loss over the batch, taken in so many parts, to those of the supernet:
  /// from the costliest network to the cheapest, whichever ends first. Returns the losses, detached.
  std::vector<at::Tensor> add_gradients(std::span<const net::SubNetwork> networks, std::int64_t batch,
                                        std::int64_t parts, const LossOf& loss_of);

 private:
  void run(std::size_t count, const std::function<void(std::size_t)>& job);

  std::unique_ptr<c10::ThreadPool> threads_;  // null where there is one lane
};

}  // namespace weft::train
