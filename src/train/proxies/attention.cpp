#include <ATen/TensorOperators.h>
#include <ATen/ops/amax.h>

#include "block/ops/rows.hpp"
#include "train/proxies/all.hpp"

namespace weft::train::proxies {
namespace {

namespace rows = block::rows;

// Sums what each head gives its favourite, over the heads of attention and of programs that spell it out in matrices.
class Confidence : public Pass {
 public:
  std::vector<at::Tensor> apply(net::Kernel kernel, const block::Node& node, std::span<const at::Tensor> inputs,
                                std::span<const at::Tensor> parameters, const net::KernelContext& context) override {
    auto outputs = Pass::apply(kernel, node, inputs, parameters, context);
    if (node.op == &rows::attention()) add(net::kernels::attention_weights(node, inputs, parameters, context));
    const block::Type& type = node.outputs[0];
    if (node.op == &rows::softmax() && type.kind == block::Type::Kind::matrix && type.columns == block::kTime)
      add(outputs[0]);
    return outputs;
  }
  double total = 0;
  std::int64_t heads = 0;

 private:
  // [B, heads, rows, columns]; all heads have as many rows.
  void add(const at::Tensor& weights) {
    total += at::amax(weights, -1).to(at::kDouble).mean({0, 2}).sum().item<double>();
    heads += weights.size(1);
  }
};

}  // namespace

base::Result<double> head_confidence(const Subject& subject) {
  Confidence confidence;
  subject.observe(confidence);
  if (confidence.heads == 0) return base::failure("it has no attention by softmax");
  return confidence.total / static_cast<double>(confidence.heads);
}

}  // namespace weft::train::proxies
