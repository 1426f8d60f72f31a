#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "net/kernels.hpp"

namespace weft::net::kernels {
namespace {

// The nodes that no state reaches: they are computed for all positions at once.
std::vector<bool> stateless(const block::Graph& cell) {
  std::vector<bool> free;
  for (const block::Node& node : cell.nodes) {
    free.push_back(std::all_of(node.inputs.begin(), node.inputs.end(), [&](const block::Value& v) {
      return v.site < 0 ? v.output == 0 : free[static_cast<std::size_t>(v.site)];
    }));
  }
  free.back() = false;  // what the cell returns
  return free;
}

}  // namespace

Tensors scan(const block::Node& node, Span inputs, Span parameters, const KernelContext& context) {
  const block::Graph& cell = *node.body;
  const std::size_t count = cell.nodes.size();
  const std::vector<Kernel> kernels = find_kernels(cell);
  std::vector<bool> waits = stateless(cell);
  std::vector<Tensors> made(count);
  walk(cell, kernels, inputs, parameters, context, made, waits);
  std::vector<std::vector<Tensors>> early(count);  // of each node's outputs, their positions
  for (std::size_t i = 0; i < count; ++i) {
    for (const at::Tensor& whole : made[i]) early[i].push_back(whole.split(1, 1));
  }
  waits.flip();
  const Tensors x = inputs[0].split(1, 1);
  Tensors taken(1 + cell.states.size(), at::zeros({inputs[0].size(0), 1, node.whole(0)}, inputs[0].options()));
  Tensors outputs;
  for (std::size_t position = 0; position < x.size(); ++position) {
    taken[0] = x[position];
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t k = 0; k < early[i].size(); ++k) made[i][k] = early[i][k][position];
    }
    walk(cell, kernels, taken, parameters, context, made, waits);
    std::copy(made.back().begin(), made.back().end(), taken.begin() + 1);
    outputs.push_back(taken[1]);
  }
  return {at::cat(outputs, 1)};
}

Tensors states(const block::Node&, Span inputs, Span, const KernelContext&) {
  return {inputs.begin(), inputs.end()};
}

}  // namespace weft::net::kernels
