#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_slogdet.h>
#include <ATen/ops/matmul.h>

#include <set>

#include "block/ops/rows.hpp"
#include "train/proxies/all.hpp"

namespace weft::train::proxies {
namespace {

namespace rows = block::rows;

// Activation functions with two sides, one for each sign of what comes in.
bool has_code(const block::Op* op) {
  static const std::set<const block::Op*> kOps{&rows::relu(),     &rows::leaky_relu(), &rows::gelu(),
                                               &rows::silu(),     &rows::sigmoid(),    &rows::tanh(),
                                               &rows::softplus(), &rows::logsigmoid(), &rows::softsign()};
  return kOps.contains(op);
}

// Counts agreements between the examples' codes: [B, B].
class Codes : public Pass {
 public:
  std::vector<at::Tensor> apply(net::Kernel kernel, const block::Node& node, std::span<const at::Tensor> inputs,
                                std::span<const at::Tensor> parameters, const net::KernelContext& context) override {
    if (has_code(node.op)) add((inputs[0].flatten(1) > 0).to(at::kDouble));
    return Pass::apply(kernel, node, inputs, parameters, context);
  }
  const at::Tensor& agreements() const { return agreements_; }

 private:
  // x xᵀ + (1 - x)(1 - x)ᵀ by one product.
  void add(const at::Tensor& code) {
    const at::Tensor ones = code.sum(1), both = at::matmul(code, code.t());
    const at::Tensor agree = both * 2 - ones.unsqueeze(0) - ones.unsqueeze(1) + code.size(1);
    agreements_ = agreements_.defined() ? agreements_ + agree : agree;
  }
  at::Tensor agreements_;
};

base::Result<at::Tensor> agreements(const Subject& subject) {
  Codes codes;
  subject.observe(codes);
  if (!codes.agreements().defined()) return base::failure("it has no activation function");
  return codes.agreements();
}

}  // namespace

base::Result<double> naswot(const Subject& subject) {
  const auto kernel = agreements(subject);
  if (!kernel) return base::failure(kernel.error());
  const auto alike = (*kernel == kernel->max()).sum().item<std::int64_t>();
  if (alike > kernel->size(0)) return base::failure("two examples have the same code, so the determinant is 0");
  return std::get<1>(at::linalg_slogdet(*kernel)).item<double>();
}

base::Result<double> activation_distance(const Subject& subject) {
  const auto kernel = agreements(subject);
  if (!kernel) return base::failure(kernel.error());
  return kernel->sum().item<double>();
}

}  // namespace weft::train::proxies
