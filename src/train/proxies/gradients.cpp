#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/std.h>

#include <cmath>

#include "train/proxies/all.hpp"

namespace weft::train::proxies {
namespace {

constexpr const char* kNothing = "none of its products and convolutions learns";

}  // namespace

base::Result<double> grad_norm(const Subject& subject) {
  if (subject.products().empty()) return base::failure(kNothing);
  double total = 0;
  for (const at::Tensor& gradient : subject.gradients(0)) total += gradient.norm().item<double>();
  return total;
}

base::Result<double> snip(const Subject& subject) {
  if (subject.products().empty()) return base::failure(kNothing);
  const net::Weights weights = subject.leaves(false);
  const std::vector<at::Tensor>& gradients = subject.gradients(0);
  double total = 0;
  for (std::size_t i = 0; i < gradients.size(); ++i)
    total += (weights[subject.products()[i].weight] * gradients[i]).abs().sum().item<double>();
  return total;
}

base::Result<double> zico(const Subject& subject) {
  if (subject.products().empty()) return base::failure(kNothing);
  double total = 0;
  bool differs = false;
  for (std::size_t i = 0; i < subject.products().size(); ++i) {
    std::vector<at::Tensor> of_batches;
    for (std::size_t batch = 0; batch < subject.batches(); ++batch)
      of_batches.push_back(subject.gradients(batch)[i].to(at::kDouble));
    const at::Tensor gradients = at::stack(of_batches), deviation = at::std(gradients, at::IntArrayRef{0}, false);
    const at::Tensor ratio = (gradients.abs().mean(0) / deviation).masked_fill(deviation == 0, 0);
    const auto sum = ratio.sum().item<double>();
    if (sum == 0) continue;
    total += std::log(sum);
    differs = true;
  }
  if (!differs) return base::failure("its gradients are the same on every batch");
  return total;
}

}  // namespace weft::train::proxies
