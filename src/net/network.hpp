// An architecture as a libtorch forward pass over a store of weights. Values: a Network holds no tensor of its own.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <span>
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
  std::vector<std::size_t> first;            ///< where the weights of each layer begin, and after them the head's
};

Network make_network(space::Architecture architecture);

/// One tensor for each of network.weights.
using Weights = std::vector<at::Tensor>;

/// The specifications of an architecture's stem; of its head, where `out` channels come out of the layers.
std::vector<WeightSpec> stem_weights(const space::Architecture& a);
std::vector<WeightSpec> head_weights(const space::Architecture& a, std::int64_t out);
/// Those of a layer, named "<node>.<parameter>".
std::vector<WeightSpec> layer_weights(const block::Graph& graph);

/// Fresh weights as GPT-2 has them (Radford et al. 2019): normal of deviation 0.02, the products that write into the
/// residual stream divided by the root of their number, biases 0, norms 1. Drawn on the CPU, so a seed gives the same
/// on any device.
Weights initialise(const Network& network, std::uint64_t seed, const at::Device& device,
                   at::ScalarType type = at::kFloat);

/// A layer with the weights that it runs on, which are somebody else's.
struct LayerPass {
  const block::Graph* graph = nullptr;
  std::span<const Kernel> kernels;
  std::span<const at::Tensor> weights;
};

/// What a forward pass runs over: an architecture's ends (its own layers are not looked at) and layers, each with
/// weights in the order of make_network().
struct Pass {
  const space::Architecture* ends = nullptr;
  std::span<const at::Tensor> stem;
  std::vector<LayerPass> layers;
  std::span<const at::Tensor> head;
};
at::Tensor forward(const Pass& pass, const at::Tensor& input, bool training, Observer* observer = nullptr);

/// Scores: [B, T, vocabulary] for tokens [B, T] (int64), [B, classes] for images [B, channels, height, width]. In place
/// of tokens their embeddings may be given, [B, T, width]. An observer sees every op of the layers.
at::Tensor forward(const Network& network, const Weights& weights, const at::Tensor& input, bool training,
                   Observer* observer = nullptr);

/// Fills one weight (float32, on the CPU) as its specification says. `writers` counts the products of the network that
/// write into the residual stream.
void fill(at::Tensor& weight, const WeightSpec& spec, std::int64_t writers, bool causal, at::Generator& generator);

/// Parameters that the tensors really hold; running statistics are none.
std::int64_t count_parameters(const Network& network, const Weights& weights);

}  // namespace weft::net
