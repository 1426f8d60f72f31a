#include "net/kernels.hpp"

#include <array>
#include <utility>

#include "base/error.hpp"

namespace weft::net {

Kernel find_kernel(std::string_view op) {
  using Row = std::pair<std::string_view, Kernel>;
  static constexpr std::array kKernels{
      Row{"linear", kernels::linear},
      Row{"attention", kernels::attention},
      Row{"linear_attention", kernels::linear_attention},
      Row{"recurrence", kernels::recurrence},
      Row{"scan", kernels::scan},
      Row{"states", kernels::states},
      Row{"experts", kernels::experts},
      Row{"dwconv", kernels::dwconv},
      Row{"conv", kernels::conv},
      Row{"lightconv", kernels::lightconv},
      Row{"shift", kernels::shift},
      Row{"fourier", kernels::fourier},
      Row{"rotary", kernels::rotary},
      Row{"repeat", kernels::repeat},
      Row{"widen", kernels::widen},
      Row{"layernorm", kernels::layernorm},
      Row{"rmsnorm", kernels::rmsnorm},
      Row{"batchnorm", kernels::batchnorm},
      Row{"scale", kernels::scale},
      Row{"dropout", kernels::dropout},
      Row{"concat", kernels::concat},
      Row{"split", kernels::split},
      Row{"take", kernels::take},
      Row{"mean", kernels::mean},
      Row{"zero", kernels::zero},
      Row{"heads", kernels::heads},
      Row{"merge", kernels::merge},
      Row{"matmul", kernels::matmul},
      Row{"transpose", kernels::transpose},
      Row{"softmax", kernels::softmax},
      Row{"conv2d", kernels::conv2d},
      Row{"maxpool", kernels::maxpool},
      Row{"avgpool", kernels::avgpool},
      Row{"relu", kernels::elementwise},
      Row{"leaky_relu", kernels::elementwise},
      Row{"gelu", kernels::elementwise},
      Row{"silu", kernels::elementwise},
      Row{"sigmoid", kernels::elementwise},
      Row{"tanh", kernels::elementwise},
      Row{"softplus", kernels::elementwise},
      Row{"logsigmoid", kernels::elementwise},
      Row{"softsign", kernels::elementwise},
      Row{"cosine", kernels::elementwise},
      Row{"max", kernels::elementwise},
      Row{"min", kernels::elementwise},
      Row{"add", kernels::elementwise},
      Row{"subtract", kernels::elementwise},
      Row{"multiply", kernels::elementwise},
      Row{"times", kernels::elementwise},
      Row{"plus", kernels::elementwise},
  };
  for (const auto& [name, kernel] : kKernels) {
    if (name == op) return kernel;
  }
  throw base::internal_error("no kernel for the op '" + std::string(op) + "'");
}

std::vector<Kernel> find_kernels(const block::Graph& graph) {
  std::vector<Kernel> kernels;
  kernels.reserve(graph.nodes.size());
  for (const block::Node& node : graph.nodes) kernels.push_back(find_kernel(node.op->name));
  return kernels;
}

void walk(const block::Graph& graph, std::span<const Kernel> kernels, std::span<const at::Tensor> inputs,
          std::span<const at::Tensor> parameters, const KernelContext& context,
          std::vector<std::vector<at::Tensor>>& made, const std::vector<bool>& wanted) {
  std::vector<at::Tensor> taken;
  for (std::size_t i = 0, next = 0; i < graph.nodes.size(); ++i) {
    const block::Node& node = graph.nodes[i];
    const auto own = parameters.subspan(next, node.parameters.size());
    next += own.size();
    if (!wanted.empty() && !wanted[i]) continue;
    taken.clear();
    for (const block::Value& v : node.inputs) {
      const auto output = static_cast<std::size_t>(v.output);
      taken.push_back(v.site < 0 ? inputs[output] : made[static_cast<std::size_t>(v.site)][output]);
    }
    made[i] = context.observer == nullptr ? kernels[i](node, taken, own, context)
                                          : context.observer->apply(kernels[i], node, taken, own, context);
  }
}

}  // namespace weft::net
