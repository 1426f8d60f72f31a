#include "train/subnet_lanes.hpp"

#include <ATen/Parallel.h>
#include <c10/core/thread_pool.h>

#include <algorithm>
#include <exception>
#include <latch>
#include <numeric>

namespace weft::train {
namespace {

// The longest first, so that the lanes end together.
std::vector<std::size_t> by_cost(std::span<const net::SubNetwork> networks) {
  std::vector<std::size_t> order(networks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return networks[a].counts().macs > networks[b].counts().macs;
  });
  return order;
}

}  // namespace

SubnetLanes::SubnetLanes() {
  const int lanes = at::get_num_threads();
  if (lanes == 1) return;
  std::latch ready(lanes);
  threads_ = std::make_unique<c10::ThreadPool>(lanes, -1, [&ready] {
    at::get_num_threads();  // its first call in a thread sets what all others have, and would later undo the next line
    at::set_num_threads(1);
    ready.count_down();
  });
  ready.wait();
  at::set_num_threads(lanes);  // what threads made from here on begin with
}

SubnetLanes::~SubnetLanes() = default;

void SubnetLanes::run(std::span<const net::SubNetwork> networks, const std::function<void(std::size_t)>& job) {
  const std::vector<std::size_t> order = by_cost(networks);
  std::vector<std::exception_ptr> failures(networks.size());
  std::latch left(static_cast<std::ptrdiff_t>(networks.size()));
  for (const std::size_t i : order) {
    threads_->run([&, i] {
      try {
        job(i);
      } catch (...) {
        failures[i] = std::current_exception();
      }
      left.count_down();
    });
  }
  left.wait();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

std::vector<at::Tensor> SubnetLanes::add_gradients(std::span<const net::SubNetwork> networks,
                                                   const std::function<at::Tensor(const net::SubNetwork&)>& loss_of) {
  std::vector<at::Tensor> losses(networks.size());
  std::vector<std::vector<at::Tensor>> gradients(networks.size());
  const auto differentiate = [&](std::size_t i) {
    const at::Tensor loss = loss_of(networks[i]);
    gradients[i] = networks[i].gradients(loss);
    losses[i] = loss.detach();
  };
  const auto collect = [&](std::size_t i) {
    networks[i].collect(gradients[i]);
    gradients[i].clear();
  };
  const bool beside = threads_ && networks.size() > 1 && std::all_of(networks.begin(), networks.end(), [](const auto& n) {
                        return n.may_run_beside_others();
                      });
  if (beside) run(networks, differentiate);
  for (std::size_t i = 0; i < networks.size(); ++i) {
    if (!beside) differentiate(i);
    collect(i);
  }
  return losses;
}

}  // namespace weft::train
