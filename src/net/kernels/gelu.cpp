#include "net/kernels/gelu.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gelu.h>
#include <torch/csrc/autograd/custom_function.h>

#include "net/kernels/one_thread.hpp"
#include "net/kernels/vector_math.hpp"

namespace weft::net::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class Gelu : public torch::autograd::Function<Gelu> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& given) {
    const at::Tensor x = given.to(at::kFloat).contiguous();
    const at::Tensor value = at::empty_like(x), slope = at::empty_like(x);
    gelu_and_slope(x.const_data_ptr<float>(), x.numel(), value.mutable_data_ptr<float>(),
                   slope.mutable_data_ptr<float>());
    context->save_for_backward({slope.to(given.scalar_type())});
    return value.to(given.scalar_type());
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return {gradients[0] * context->get_saved_variables()[0]};
  }
};

}  // namespace

at::Tensor gelu(const at::Tensor& x) {
  const bool own = is_for_one_thread(x) && x.requires_grad() && at::GradMode::is_enabled();
  return own ? Gelu::apply(x) : at::gelu(x);
}

}  // namespace weft::net::kernels
