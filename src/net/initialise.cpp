#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

#include "net/network.hpp"

namespace weft::net {
namespace {

constexpr double kDeviation = 0.02;

// Half of what a channel was and half spread over the positions seen, as Primer's code has it (So et al. 2021).
void fill_causal_shift(at::Tensor& weight, bool causal) {
  const std::int64_t width = weight.size(-1);
  weight.fill_(0.5 / static_cast<double>(width));
  weight.select(-1, causal ? width - 1 : width / 2).fill_(0.5);
}

}  // namespace

void fill(at::Tensor& weight, const WeightSpec& spec, std::int64_t writers, bool causal, at::Generator& generator) {
  const double residual = kDeviation / std::sqrt(static_cast<double>(std::max<std::int64_t>(1, writers)));
  switch (spec.init) {
    case block::Init::normal: weight.normal_(0.0, spec.residual ? residual : kDeviation, generator); break;
    case block::Init::constant: weight.fill_(spec.value); break;
    case block::Init::uniform: weight.uniform_(-spec.value, spec.value, generator); break;
    case block::Init::fan_out: {
      const auto fan_out = static_cast<double>(weight.size(0) * weight.size(2) * weight.size(3));
      weight.normal_(0.0, std::sqrt(2.0 / fan_out), generator);
      break;
    }
    case block::Init::causal_shift: fill_causal_shift(weight, causal); break;
  }
}

Weights initialise(const Network& network, std::uint64_t seed, const at::Device& device, at::ScalarType type) {
  auto generator = at::detail::createCPUGenerator(seed);
  const auto writers = std::count_if(network.weights.begin(), network.weights.end(),
                                     [](const WeightSpec& spec) { return spec.residual; });
  Weights weights;
  for (const WeightSpec& spec : network.weights) {
    at::Tensor weight = at::empty(spec.shape, at::TensorOptions().dtype(at::kFloat));
    fill(weight, spec, writers, network.architecture.causal, generator);
    weights.push_back(weight.to(device, type));
  }
  return weights;
}

}  // namespace weft::net
