#include "net/kernels/small_heads.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "net/kernels/one_thread.hpp"
#include "net/kernels/vector_math.hpp"

namespace weft::net::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kMostChannels = 64;

at::Tensor with_rows(const at::Tensor& x) {
  return x.stride(3) == 1 ? x : x.contiguous();
}

// [B, heads, T, n] that lies in memory as [B, T, heads, n]: what comes before and after attention needs no copy.
at::Tensor as_side_by_side(const at::Tensor& like, bool zeros) {
  const std::vector<std::int64_t> sizes{like.size(0), like.size(2), like.size(1), like.size(3)};
  const auto options = like.options().requires_grad(false);
  return (zeros ? at::zeros(sizes, options) : at::empty(sizes, options)).transpose(1, 2);
}

HeadRows head(const at::Tensor& x, std::int64_t batch, std::int64_t number) {
  return {x.mutable_data_ptr<float>() + batch * x.stride(0) + number * x.stride(1), x.stride(2)};
}

HeadSize size_of(const at::Tensor& q, bool causal) {
  return {q.size(2), q.size(3), causal, static_cast<float>(1 / std::sqrt(static_cast<double>(q.size(3))))};
}

// Calls visit(batch, head, group, number of the head among all).
template <class Visit>
void each_head(const at::Tensor& q, const at::Tensor& k, Visit visit) {
  const std::int64_t heads = q.size(1), of_group = heads / k.size(1);
  for (std::int64_t batch = 0; batch < q.size(0); ++batch) {
    for (std::int64_t i = 0; i < heads; ++i) visit(batch, i, i / of_group, batch * heads + i);
  }
}

class SmallHeads : public torch::autograd::Function<SmallHeads> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            bool causal) {
    const HeadSize size = size_of(q, causal);
    const at::Tensor out = as_side_by_side(q, false),
                     log_sums = at::empty({q.size(0), q.size(1), size.time}, q.options());
    const at::Tensor scratch = at::empty({size.scratch()}, q.options());
    float *const sums = log_sums.mutable_data_ptr<float>(), *const free = scratch.mutable_data_ptr<float>();
    each_head(q, k, [&](std::int64_t batch, std::int64_t i, std::int64_t group, std::int64_t number) {
      attend(size, head(q, batch, i), head(k, batch, group), head(v, batch, group), head(out, batch, i),
             sums + number * size.time, free);
    });
    context->save_for_backward({q, k, v, out, log_sums});
    context->saved_data["causal"] = causal;
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &out = saved[3], &log_sums = saved[4];
    const HeadSize size = size_of(q, context->saved_data["causal"].toBool());
    const at::Tensor d_out = with_rows(gradients[0]);
    const at::Tensor dq = as_side_by_side(q, false), dk = as_side_by_side(k, true), dv = as_side_by_side(v, true);
    const at::Tensor scratch = at::empty({size.scratch()}, out.options());
    const float* const sums = log_sums.const_data_ptr<float>();
    float* const free = scratch.mutable_data_ptr<float>();
    each_head(q, k, [&](std::int64_t batch, std::int64_t i, std::int64_t group, std::int64_t number) {
      attend_backward(size, head(q, batch, i), head(k, batch, group), head(v, batch, group), head(out, batch, i),
                      sums + number * size.time, head(d_out, batch, i), head(dq, batch, i), head(dk, batch, group),
                      head(dv, batch, group), free);
    });
    return {dq, dk, dv, at::Tensor()};
  }
};

}  // namespace

bool are_small_heads(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const auto fits = [&](const at::Tensor& x) { return x.size(2) == q.size(2) && x.size(3) == q.size(3); };
  return is_for_one_thread(q) && q.size(3) <= kMostChannels && fits(k) && fits(v);
}

at::Tensor small_heads(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, bool causal) {
  const auto ready = [](const at::Tensor& x) { return with_rows(x.to(at::kFloat)); };
  return SmallHeads::apply(ready(q), ready(k), ready(v), causal).to(q.scalar_type());
}

}  // namespace weft::net::kernels
