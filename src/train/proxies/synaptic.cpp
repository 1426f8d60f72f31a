#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/ones.h>

#include <algorithm>

#include "block/ops/rows.hpp"
#include "train/proxies/all.hpp"

namespace weft::train::proxies {
namespace {

namespace rows = block::rows;

// A pass without norms: without batch norm, or without any.
class Unnormed : public Pass {
 public:
  explicit Unnormed(bool all) : all_(all) {}
  std::vector<at::Tensor> apply(net::Kernel kernel, const block::Node& node, std::span<const at::Tensor> inputs,
                                std::span<const at::Tensor> parameters, const net::KernelContext& context) override {
    constexpr std::size_t kNormalize = 5;
    if (node.op == &rows::batchnorm()) return {inputs[0]};
    if (all_ && (node.op == &rows::layernorm() || node.op == &rows::rmsnorm())) return {inputs[0]};
    if (all_ && node.op == &rows::attention() && node.flag(kNormalize)) {
      block::Node plain = node;
      plain.attributes[kNormalize] = 0;
      return kernel(plain, inputs, parameters.subspan(2), context);
    }
    return Pass::apply(kernel, node, inputs, parameters, context);
  }

 private:
  bool all_;
};

// Absolute weights in float64 that learn where they are products'.
net::Weights absolute(const Subject& subject) {
  net::Weights weights = subject.leaves(false);
  for (at::Tensor& weight : weights) weight = weight.to(at::kDouble).abs();
  for (const Product& product : subject.products()) weights[product.weight].set_requires_grad(true);
  return weights;
}

// The network and its weights without the norm before the head; they keep their places.
net::Network without_last_norm(const net::Network& network, net::Weights& weights) {
  net::Network bare = network;
  bare.architecture.ends.norm = space::Norm::none;
  for (std::size_t i = weights.size(); i-- > 0;) {
    if (!network.weights[i].name.starts_with("head.norm.")) continue;
    bare.weights.erase(bare.weights.begin() + static_cast<std::ptrdiff_t>(i));
    weights.erase(weights.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return bare;
}

// One example: an image, or embeddings over a whole context.
at::Tensor ones(const Subject& subject) {
  const space::Architecture& a = subject.network().architecture;
  const at::TensorOptions options = at::TensorOptions().dtype(at::kDouble).device(subject.device());
  if (a.input.task == space::Task::language_model) return at::ones({1, a.input.context, a.width}, options);
  return at::ones({1, a.input.channels, a.input.height, a.input.width}, options);
}

// Leaves the gradients of the sum of the scores on the weights.
void back_from_sum(const net::Network& network, const net::Weights& weights, const at::Tensor& input, Pass& pass) {
  const at::AutoGradMode with_grad(true);
  const at::Tensor sum = net::forward(network, weights, input, false, &pass).sum();
  if (sum.requires_grad()) sum.backward();
}

double saliency(const at::Tensor& weight, const at::Tensor& gradient) {
  return (weight.detach() * gradient).abs().sum().item<double>();
}

double nuclear(const at::Tensor& matrix) {
  return at::linalg_svdvals(matrix.detach()).sum().item<double>();
}

}  // namespace

base::Result<double> synflow(const Subject& subject) {
  const net::Weights weights = absolute(subject);
  net::Weights kept = weights;
  const net::Network bare = without_last_norm(subject.network(), kept);
  Unnormed pass(true);
  back_from_sum(bare, kept, ones(subject), pass);
  const std::vector<at::Tensor> gradients = gradients_of(subject.products(), weights);
  double total = 0;
  for (std::size_t i = 0; i < gradients.size(); ++i)
    total += saliency(weights[subject.products()[i].weight], gradients[i]);
  return total;
}

base::Result<double> dss(const Subject& subject) {
  const std::vector<Product>& products = subject.products();
  const auto of_attention = [](const Product& product) { return product.part == Product::Part::attention; };
  if (std::none_of(products.begin(), products.end(), of_attention))
    return base::failure("it has no attention whose matrices learn");
  const net::Weights weights = absolute(subject);
  at::Tensor input = ones(subject);
  if (input.dim() == 3) input = input * weights[0].detach().sum(0);
  Unnormed pass(false);
  back_from_sum(subject.network(), weights, input, pass);
  const std::vector<at::Tensor> gradients = gradients_of(products, weights);
  double total = 0;
  for (std::size_t i = 0; i < products.size(); ++i) {
    const at::Tensor& weight = weights[products[i].weight];
    if (products[i].part == Product::Part::stem) continue;
    if (!gradients[i].isfinite().all().item<bool>()) return base::failure("its gradients are not finite");
    total += of_attention(products[i]) ? nuclear(weight) * nuclear(gradients[i]) : saliency(weight, gradients[i]);
  }
  return total;
}

}  // namespace weft::train::proxies
