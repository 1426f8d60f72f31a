// An architecture as a libtorch forward pass over a store of weights. Values: a Network holds no tensor of its own.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "net/kernels.hpp"
#include "space/architecture.hpp"

namespace weft::net {

/// One named tensor that an architecture needs: "layers.0.3.weight" is of node 3 of layer 0.
struct WeightSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  block::Init init = block::Init::normal;
  double value = 0;       ///< of a constant
  bool residual = false;  ///< a product that writes into the residual stream
  bool decay = false;     ///< matrices and embeddings decay, vectors do not
  bool trained = true;    ///< false: a running statistic
  bool frozen = false;    ///< a base model's
  bool learns() const { return trained && !frozen; }
};

struct Network {
  space::Architecture architecture;
  std::vector<WeightSpec> weights;           ///< in the order in which forward() takes them
  std::vector<std::vector<Kernel>> kernels;  ///< of each node of each layer
};

Network make_network(space::Architecture architecture);

/// One tensor for each of network.weights.
using Weights = std::vector<at::Tensor>;

/// Fresh weights as GPT-2 has them (Radford et al. 2019): normal of deviation 0.02, the products that write into the
/// residual stream divided by the root of their number, biases 0, norms 1. Drawn on the CPU, so a seed gives the same
/// on any device.
Weights initialise(const Network& network, std::uint64_t seed, const at::Device& device,
                   at::ScalarType type = at::kFloat);

/// Scores: [B, T, vocabulary] for tokens [B, T] (int64), [B, classes] for images [B, channels, height, width]. In place
/// of tokens their embeddings may be given, [B, T, width]. An observer sees every op of the layers.
at::Tensor forward(const Network& network, const Weights& weights, const at::Tensor& input, bool training,
                   Observer* observer = nullptr);

/// Parameters that the tensors really hold; running statistics are none.
std::int64_t count_parameters(const Network& network, const Weights& weights);

}  // namespace weft::net
