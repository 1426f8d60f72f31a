#include "train/importance.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/zeros.h>

#include <map>

#include "base/error.hpp"

namespace weft::train {
namespace {

using net::SharedWeight;

// An axis of a shared weight.
struct AxisOf {
  SharedWeight* weight = nullptr;
  std::int64_t axis = 0;
  block::Axis made_of;  // of the largest network's part
};

// The axes with the same channels, by their number in the layer's graph.
using Channels = std::map<int, std::vector<AxisOf>>;

// A tensor with the indices of one segment's outermost index in another order.
at::Tensor permuted(const at::Tensor& tensor, const AxisOf& where, const at::Tensor& order) {
  const std::vector<std::int64_t>& sizes = where.weight->axes[static_cast<std::size_t>(where.axis)][0].sizes;
  std::vector<std::int64_t> shape = tensor.sizes().vec();
  shape.erase(shape.begin() + where.axis);
  shape.insert(shape.begin() + where.axis, sizes.begin(), sizes.end());
  return tensor.view(shape).index_select(where.axis, order).view(tensor.sizes()).clone();
}

void permute(const AxisOf& where, const at::Tensor& order) {
  for (at::Tensor SharedWeight::*field :
       {&SharedWeight::value, &SharedWeight::average, &SharedWeight::square, &SharedWeight::smoothed}) {
    at::Tensor& tensor = where.weight->*field;
    if (tensor.defined()) tensor.copy_(permuted(tensor, where, order));
  }
}

// Of each outermost index, how much what reads it weighs: the L1 norm over every matrix that has it as its input.
at::Tensor importance(const std::vector<AxisOf>& axes, std::int64_t count) {
  at::Tensor sum = at::zeros({count}, axes[0].weight->value.options());
  for (const AxisOf& one : axes) {
    if (one.axis == 0) continue;
    const at::Tensor by_channel = one.weight->value.abs().movedim(one.axis, 0).flatten(1).sum(1);
    sum += by_channel.view({count, -1}).sum(1);
  }
  return sum;
}

bool whole(const AxisOf& one) {
  return one.weight->axes[static_cast<std::size_t>(one.axis)] == one.made_of && one.made_of.size() == 1;
}

void sort(const std::vector<AxisOf>& readers, const std::vector<AxisOf>& all) {
  if (all.empty() || readers.empty()) return;
  for (const AxisOf& one : all) {
    if (!whole(one) || one.made_of[0].sizes[0] != all[0].made_of[0].sizes[0]) return;
  }
  const at::Tensor order = at::argsort(importance(readers, all[0].made_of[0].sizes[0]), /*stable=*/true, 0, true);
  for (const AxisOf& one : all) permute(one, order);
}

}  // namespace

void sort_by_importance(net::Supernet& supernet, const space::Genome& largest) {
  const at::NoGradGuard no_grad;
  const auto network = supernet.select(largest);
  if (!network) throw base::internal_error("the largest network is refused: " + network.error());
  network->each_layer([&](const net::BoundParts& layer) {
    const block::GraphAxes axes = block::find_axes(layer.graph, supernet.place());
    Channels channels;
    std::size_t next = 0;
    for (const auto& node : axes.channels) {
      for (const std::vector<int>& parameter : node) {
        const net::Part& part = layer.parts[next++];
        for (std::size_t axis = 0; axis < parameter.size(); ++axis) {
          if (parameter[axis] >= 0)
            channels[parameter[axis]].push_back(
                {&supernet.weights()[part.weight], static_cast<std::int64_t>(axis), part.axes[axis]});
        }
      }
    }
    for (const std::vector<int>& heads : axes.heads) {
      std::vector<AxisOf> all;
      bool free = true;
      for (const int number : heads) {
        free = free && number >= 0;
        if (number < 0 || !channels.contains(number)) continue;
        all.insert(all.end(), channels[number].begin(), channels[number].end());
      }
      if (free) sort(channels[heads.back()], all);
      for (const int number : heads) channels.erase(number);
    }
    for (const auto& [number, list] : channels) {
      if (!list[0].made_of.empty() && list[0].made_of[0].sizes.size() == 1) sort(list, list);
    }
  });
}

}  // namespace weft::train
