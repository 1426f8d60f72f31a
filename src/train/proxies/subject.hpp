// What a proxy looks at: a network with weights and batches, and the passes through it that proxies share.
#pragma once

#include <map>
#include <vector>

#include "net/network.hpp"
#include "train/data.hpp"
#include "train/proxies/products.hpp"

namespace weft::train::proxies {

/// The forward pass as all proxies have it: batch norm by the batch's own statistics, as in training, and no dropout.
class Pass : public net::Observer {
 public:
  std::vector<at::Tensor> apply(net::Kernel kernel, const block::Node& node, std::span<const at::Tensor> inputs,
                                std::span<const at::Tensor> parameters, const net::KernelContext& context) override;
};

class Subject {
 public:
  /// Images become of the weights' type; everything moves to their device.
  Subject(const net::Network& network, const net::Weights& weights, std::vector<Batch> batches);

  const net::Network& network() const { return network_; }
  const std::vector<Product>& products() const { return products_; }
  at::Device device() const { return weights_[0].device(); }
  std::size_t batches() const { return batches_.size(); }

  /// The weights cut off from what made them, of which the products alone get gradients where `learning`. Running
  /// statistics are copies: a pass in training changes them.
  net::Weights leaves(bool learning) const;

  /// A pass over the first batch that leaves nothing behind.
  void observe(Pass& pass) const;

  /// The gradients of the products' weights on a batch, of the mean cross-entropy; zeros where there is none. Kept.
  const std::vector<at::Tensor>& gradients(std::size_t batch) const;

  /// The derivative of the sum of the scores by the first batch's input, one row an example: by its pixels, or by the
  /// embeddings of its tokens.
  at::Tensor jacobian() const;

 private:
  const net::Network& network_;
  const net::Weights& weights_;
  std::vector<Batch> batches_;
  std::vector<Product> products_;
  mutable std::map<std::size_t, std::vector<at::Tensor>> gradients_;
};

/// The gradients that a backward pass left on the products' weights.
std::vector<at::Tensor> gradients_of(const std::vector<Product>& products, const net::Weights& leaves);

}  // namespace weft::train::proxies
