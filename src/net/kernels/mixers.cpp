#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/elu.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <limits>

#include "net/kernels.hpp"

namespace weft::net::kernels {
namespace {

// [B, H, T, n] → [B, H, T / chunk, chunk, n], with zeros after the end.
at::Tensor chunks(const at::Tensor& x, std::int64_t chunk) {
  const std::int64_t time = x.size(2), count = (time + chunk - 1) / chunk;
  return at::constant_pad_nd(x, {0, 0, 0, count * chunk - time})
      .reshape({x.size(0), x.size(1), count, chunk, x.size(3)});
}

// Weight of position s for position t of the same chunk, over its key channels' decays: exp(b_t - b_s) q_t·k_s. No
// exponent is above 0, so nothing overflows however fast the state decays.
at::Tensor within_chunk(const at::Tensor& q, const at::Tensor& k, const at::Tensor& b) {
  const std::int64_t chunk = q.size(-2);
  const at::Tensor later = at::ones({chunk, chunk}, q.options().dtype(at::kBool)).triu(1);
  const double never = -std::numeric_limits<double>::infinity();
  if (b.size(-1) == 1) {
    const at::Tensor decay = (b - b.transpose(-1, -2)).masked_fill(later, never).exp();
    return at::matmul(q, k.transpose(-1, -2)) * decay;
  }
  const at::Tensor decay = (b.unsqueeze(-2) - b.unsqueeze(-3)).masked_fill(later.unsqueeze(-1), never).exp();
  return (q.unsqueeze(-2) * k.unsqueeze(-3) * decay).sum(-1);
}

// S_t = exp(g_t) S_{t-1} + k_tᵀ v_t, o_t = q_t S_t, for [B, H, T, n] and g of [B, H, T, 1 or keys]: chunks in parallel,
// and one step a chunk between them (Yang et al. 2024, section 4).
at::Tensor scan_states(const at::Tensor& q_in, const at::Tensor& k_in, const at::Tensor& v_in, const at::Tensor& g_in) {
  const std::int64_t chunk = g_in.size(-1) == 1 ? 64 : 16;
  const at::Tensor q = chunks(q_in, chunk), k = chunks(k_in, chunk), v = chunks(v_in, chunk);
  const at::Tensor b = at::cumsum(chunks(g_in, chunk), -2), all = b.narrow(-2, chunk - 1, 1);
  const at::Tensor added = at::matmul((k * (all - b).exp()).transpose(-1, -2), v);
  const at::Tensor kept = all.exp().transpose(-1, -2);
  std::vector<at::Tensor> states{at::zeros_like(added.select(2, 0))};
  for (std::int64_t i = 0; i + 1 < q.size(2); ++i)
    states.push_back(kept.select(2, i) * states.back() + added.select(2, i));
  const at::Tensor out = at::matmul(within_chunk(q, k, b), v) + at::matmul(q * b.exp(), at::stack(states, 2));
  return out.flatten(2, 3).narrow(2, 0, q_in.size(2));
}

// The logarithm of RetNet's decays, 1 - 2^(-5-h) of head h.
at::Tensor fixed_decay(const at::Tensor& q) {
  const at::Tensor head = at::arange(q.size(1), q.options());
  return at::log(1 - at::pow(2.0, -5 - head)).view({1, -1, 1, 1}).expand({q.size(0), -1, q.size(2), 1});
}

}  // namespace

Tensors recurrence(const block::Node& node, Span inputs, Span, const KernelContext&) {
  const std::int64_t count = node.whole(0);
  const at::Tensor q = by_head(inputs[0], count), k = by_head(inputs[1], count), v = by_head(inputs[2], count);
  const at::Tensor decay = inputs.size() == 4 ? by_head(inputs[3], count).clamp_max(0) : fixed_decay(q);
  return {side_by_side(scan_states(q, k, v, decay))};
}

Tensors linear_attention(const block::Node& node, Span inputs, Span, const KernelContext& context) {
  const std::int64_t count = node.whole(0);
  const at::Tensor q = at::elu(by_head(inputs[0], count)) + 1, k = at::elu(by_head(inputs[1], count)) + 1;
  const at::Tensor v = by_head(inputs[2], count);
  const at::Tensor with_sum =
      at::cat({v, at::ones_like(v.narrow(-1, 0, 1))}, -1);  // the weights' sum as one more value
  const at::Tensor seen = context.place.causal ? scan_states(q, k, with_sum, at::zeros_like(q.narrow(-1, 0, 1)))
                                               : at::matmul(q, at::matmul(k.transpose(-1, -2), with_sum));
  return {side_by_side(seen.narrow(-1, 0, v.size(-1)) / seen.narrow(-1, v.size(-1), 1))};
}

Tensors experts(const block::Node& node, Span inputs, Span parameters, const KernelContext&) {
  const std::int64_t count = node.whole(1), top = node.whole(2);
  const bool gated = node.flag(3);
  const at::Tensor x = inputs[0].flatten(0, 1);
  const auto [scores, chosen] = at::topk(at::linear(x, parameters[0]), top, -1);
  const at::Tensor weights = at::softmax(scores, -1), &down = parameters[gated ? 3 : 2];
  at::Tensor out = at::zeros_like(x);
  for (std::int64_t expert = 0; expert < count; ++expert) {
    const std::vector<at::Tensor> where = at::where(chosen == expert);  // positions, and which of their choices it is
    const at::Tensor own = x.index_select(0, where[0]), up = at::linear(own, parameters[1].select(0, expert));
    const at::Tensor hidden = gated ? at::silu(at::linear(own, parameters[2].select(0, expert))) * up : at::gelu(up);
    const at::Tensor weight = weights.flatten().index_select(0, where[0] * top + where[1]).unsqueeze(-1);
    out = out.index_add(0, where[0], at::linear(hidden, down.select(0, expert)) * weight);
  }
  return {out.view_as(inputs[0])};
}

}  // namespace weft::net::kernels
