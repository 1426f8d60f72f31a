// The gradients of a step's sub-networks, side by side.
#pragma once

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
/// one, and networks need not wait for each other.
class SubnetLanes {
 public:
  /// As many lanes as an operation may have threads where it is made (net::set_threads).
  SubnetLanes();
  SubnetLanes(const SubnetLanes&) = delete;
  SubnetLanes& operator=(const SubnetLanes&) = delete;
  ~SubnetLanes();

  /// Adds the gradients of each network's loss to those of the supernet, in the order of the networks, so that the sums
  /// are the same with any number of lanes. Returns the losses, detached.
  std::vector<at::Tensor> add_gradients(std::span<const net::SubNetwork> networks,
                                        const std::function<at::Tensor(const net::SubNetwork&)>& loss_of);

 private:
  void run(std::span<const net::SubNetwork> networks, const std::function<void(std::size_t)>& job);

  std::unique_ptr<c10::ThreadPool> threads_;  // null where there is one lane
};

}  // namespace weft::train
