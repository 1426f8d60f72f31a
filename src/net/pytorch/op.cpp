#include "net/pytorch/op.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.hpp"

namespace weft::net::pytorch {
namespace {

using Row = std::pair<std::string_view, Applied (*)(const Site&)>;
constexpr std::array kOps{
    Row{"linear", ops::linear},
    Row{"attention", ops::attention},
    Row{"linear_attention", ops::linear_attention},
    Row{"recurrence", ops::recurrence},
    Row{"scan", ops::scan},
    Row{"states", ops::states},
    Row{"experts", ops::experts},
    Row{"dwconv", ops::dwconv},
    Row{"conv", ops::conv},
    Row{"lightconv", ops::lightconv},
    Row{"shift", ops::shift},
    Row{"fourier", ops::fourier},
    Row{"rotary", ops::rotary},
    Row{"repeat", ops::repeat},
    Row{"widen", ops::widen},
    Row{"layernorm", ops::layernorm},
    Row{"rmsnorm", ops::rmsnorm},
    Row{"batchnorm", ops::batchnorm},
    Row{"scale", ops::scale},
    Row{"dropout", ops::dropout},
    Row{"concat", ops::concat},
    Row{"split", ops::split},
    Row{"take", ops::take},
    Row{"mean", ops::mean},
    Row{"zero", ops::zero},
    Row{"heads", ops::heads},
    Row{"merge", ops::merge},
    Row{"matmul", ops::matmul},
    Row{"transpose", ops::transpose},
    Row{"softmax", ops::softmax},
    Row{"conv2d", ops::conv2d},
    Row{"maxpool", ops::maxpool},
    Row{"avgpool", ops::avgpool},
    Row{"relu", ops::unary},
    Row{"leaky_relu", ops::unary},
    Row{"gelu", ops::unary},
    Row{"silu", ops::unary},
    Row{"sigmoid", ops::unary},
    Row{"tanh", ops::unary},
    Row{"softplus", ops::unary},
    Row{"logsigmoid", ops::unary},
    Row{"softsign", ops::unary},
    Row{"cosine", ops::unary},
    Row{"max", ops::pair},
    Row{"min", ops::pair},
    Row{"add", ops::pair},
    Row{"subtract", ops::pair},
    Row{"multiply", ops::pair},
    Row{"times", ops::with_number},
    Row{"plus", ops::with_number},
};

auto find(std::string_view op) {
  const auto* row = kOps.begin();
  while (row != kOps.end() && row->first != op) ++row;
  return row;
}

}  // namespace

bool knows(std::string_view op) {
  return find(op) != kOps.end();
}

Applied apply(const Site& site) {
  const auto* row = find(site.node.op->name);
  if (row == kOps.end())
    throw base::internal_error("no PyTorch text for the op '" + std::string(site.node.op->name) + "'");
  Applied applied = row->second(site);
  const auto& parameters = site.node.parameters;
  if (std::any_of(parameters.begin(), parameters.end(), [](const auto& one) { return one.frozen; }))
    applied.module.text += ".requires_grad_(False)";
  return applied;
}

}  // namespace weft::net::pytorch
