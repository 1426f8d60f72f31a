#include "train/subnet_lanes.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <c10/core/thread_pool.h>

#include <algorithm>
#include <exception>
#include <latch>
#include <mutex>
#include <numeric>

namespace weft::train {
namespace {

constexpr std::int64_t kLarge = std::int64_t{1} << 26U;  // bytes that the largest network keeps: twice what caches hold

// The longest first, so that the lanes end together.
std::vector<std::size_t> by_cost(std::span<const net::SubNetwork> networks) {
  std::vector<std::size_t> order(networks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return networks[a].counts().macs > networks[b].counts().macs; });
  return order;
}

bool may_run_side_by_side(std::span<const net::SubNetwork> networks) {
  return std::all_of(networks.begin(), networks.end(),
                     [](const net::SubNetwork& one) { return one.may_run_beside_others(); });
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

std::int64_t SubnetLanes::parts(std::span<const net::SubNetwork> networks, std::int64_t batch) const {
  const auto lanes =
      threads_ && may_run_side_by_side(networks) ? std::min(static_cast<std::int64_t>(threads_->size()), batch) : 1;
  if (networks.size() == 1) return lanes;
  std::int64_t kept = 0;
  for (const net::SubNetwork& one : networks) kept = std::max(kept, one.counts().activations * batch);
  return kept > kLarge ? lanes : 1;
}

// Calls job(i) for i from 0 on, each as soon as a lane is free.
void SubnetLanes::run(std::size_t count, const std::function<void(std::size_t)>& job) {
  std::vector<std::exception_ptr> failures(count);
  std::latch left(static_cast<std::ptrdiff_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
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

namespace {

struct Task {
  std::size_t network = 0;
  SubnetLanes::Part part = {};
  at::Tensor loss = {};  // its share of the network's
  std::vector<at::Tensor> gradients = {};
};

std::vector<Task> tasks_of(std::span<const net::SubNetwork> networks, std::int64_t batch, std::int64_t parts) {
  std::vector<Task> tasks;
  for (const std::size_t network : by_cost(networks)) {
    for (std::int64_t i = 0; i < parts; ++i) {
      const std::int64_t first = batch * i / parts;
      tasks.push_back({network, {first, batch * (i + 1) / parts - first, i}});
    }
  }
  return tasks;
}

}  // namespace

std::vector<at::Tensor> SubnetLanes::add_gradients(std::span<const net::SubNetwork> networks, std::int64_t batch,
                                                   std::int64_t parts, const LossOf& loss_of) {
  std::vector<Task> tasks = tasks_of(networks, batch, parts);
  std::vector<at::Tensor> losses(networks.size());
  std::mutex mutex;
  std::size_t collected = 0;
  const auto differentiate = [&](std::size_t i) {
    Task& task = tasks[i];
    const net::SubNetwork& network = networks[task.network];
    at::Tensor loss = loss_of(network, task.part);
    if (parts > 1) loss = loss * (static_cast<double>(task.part.size) / static_cast<double>(batch));
    std::vector<at::Tensor> own = network.gradients(loss);
    const std::lock_guard lock(mutex);
    task.loss = loss.detach();
    task.gradients = std::move(own);
    for (; collected < tasks.size() && tasks[collected].loss.defined(); ++collected) {
      Task& next = tasks[collected];
      networks[next.network].collect(next.gradients);
      next.gradients.clear();
      at::Tensor& sum = losses[next.network];
      sum = sum.defined() ? sum + next.loss : next.loss;
    }
  };
  if (threads_ && tasks.size() > 1 && may_run_side_by_side(networks)) {
    run(tasks.size(), differentiate);
  } else {
    for (std::size_t i = 0; i < tasks.size(); ++i) differentiate(i);
  }
  return losses;
}

}  // namespace weft::train
