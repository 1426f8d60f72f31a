// The blocks of RetNet, Mamba-2 and RWKV against their papers' equations, one position after the other, in float64.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "net/network.hpp"
#include "tests/support/programs.hpp"

namespace weft::net {
namespace {

constexpr std::int64_t kTime = 18, kWidth = 16, kHeads = 2;

// A block alone on one sequence, with random weights. Each token stands once, so that the embedding is the input, and
// the head is the identity of the channels.
class Family {
 public:
  explicit Family(const std::string& block) {
    at::set_num_threads(1);
    at::manual_seed(5);
    space::Architecture a;
    a.width = kWidth;
    a.input = {.vocabulary = kTime, .context = kTime};
    a.ends = {.norm = space::Norm::none};
    const block::Binding binding{{"D", kWidth}, {"H", kHeads}, {"R", 2}};
    auto graph = block::check(test::shipped_block(block), binding, a.stem(), a.place());
    EXPECT_TRUE(graph.has_value()) << graph.error().text();
    a.layers.push_back(std::move(*graph));
    network_ = make_network(a);
    weights_ = initialise(network_, 1, at::kCPU, at::kDouble);
    for (at::Tensor& weight : weights_) weight.copy_(at::randn_like(weight) * 0.4);
    weights_.back().copy_(at::eye(kTime, kWidth, at::kDouble));
  }

  at::Tensor input() const { return weights_[0]; }
  at::Tensor output() const {
    return forward(network_, weights_, at::arange(kTime).view({1, kTime}), false)[0].narrow(-1, 0, kWidth);
  }

  // The weight, or another parameter, of a node of the canonical graph.
  at::Tensor of(int node, const std::string& part = "weight") const {
    const std::string name = "layers.0." + std::to_string(node) + "." + part;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      if (network_.weights[i].name == name) return weights_[i];
    }
    ADD_FAILURE() << "no weight " << name;
    return {};
  }
  at::Tensor linear(int node, const at::Tensor& x) const { return at::linear(x, of(node)); }
  at::Tensor norm(int node, const at::Tensor& x) const {
    return at::layer_norm(x, {x.size(-1)}, of(node), of(node, "bias"), 1e-5);
  }

 private:
  Network network_;
  Weights weights_;
};

at::Tensor head_of(const at::Tensor& x, std::int64_t head) {
  const std::int64_t size = x.size(-1) / kHeads;
  return x.narrow(-1, head * size, size);
}

// q_n·k_m with both turned by their positions' angles (RetNet, equation 5).
double turned_product(const at::Tensor& q, const at::Tensor& k, std::int64_t distance) {
  const std::int64_t half = q.size(0) / 2;
  double sum = 0;
  for (std::int64_t i = 0; i < half; ++i) {
    const double angle = static_cast<double>(distance) *
                         std::pow(10000.0, -2.0 * static_cast<double>(i) / static_cast<double>(2 * half));
    const auto a = q[i].item<double>(), b = q[i + half].item<double>(), c = k[i].item<double>(),
               d = k[i + half].item<double>();
    sum += (a * c + b * d) * std::cos(angle) + (a * d - b * c) * std::sin(angle);
  }
  return sum;
}

TEST(Families, RetNetIsItsEquations) {
  const Family net("retnet");
  const at::Tensor x = net.input(), h = net.norm(0, x);
  const at::Tensor q = net.linear(3, h), k = net.linear(5, h), v = net.linear(7, h);
  std::vector<at::Tensor> heads;
  for (std::int64_t head = 0; head < kHeads; ++head) {
    const double decay = 1 - std::pow(2.0, -5 - static_cast<double>(head));
    std::vector<at::Tensor> rows;
    for (std::int64_t n = 0; n < kTime; ++n) {
      at::Tensor sum = at::zeros_like(head_of(v, head)[0]);
      for (std::int64_t m = 0; m <= n; ++m)
        sum += std::pow(decay, static_cast<double>(n - m)) *
               turned_product(head_of(q, head)[n], head_of(k, head)[m], n - m) * head_of(v, head)[m];
      rows.push_back(sum / (sum.square().mean() + 1e-6).sqrt());
    }
    heads.push_back(at::stack(rows));
  }
  const at::Tensor y = net.linear(11, at::silu(net.linear(1, h)) * at::cat(heads, -1) * net.of(9)) + x;
  const at::Tensor wanted = y + net.linear(16, at::gelu(net.linear(14, net.norm(13, y))));
  EXPECT_LT((net.output() - wanted).abs().max().item<double>(), 1e-6);  // angles are kept in float32
}

// A causal depthwise convolution and its activation.
at::Tensor short_convolution(const Family& net, int node, const at::Tensor& x) {
  const at::Tensor filter = net.of(node).squeeze(1);  // [channels, 4]
  std::vector<at::Tensor> rows;
  for (std::int64_t t = 0; t < kTime; ++t) {
    at::Tensor sum = net.of(node, "bias").clone();
    for (std::int64_t back = 0; back < 4 && back <= t; ++back) sum += filter.select(1, 3 - back) * x[t - back];
    rows.push_back(at::silu(sum));
  }
  return at::stack(rows);
}

// h_t = exp(Δ_t A) h_{t-1} + Δ_t B_t x_tᵀ, y_t = C_t h_t + D x_t.
TEST(Families, Mamba2IsItsEquations) {
  const Family net("mamba2");
  const at::Tensor x = net.input(), h = at::rms_norm(x, {kWidth}, net.of(0), 1e-6);
  const at::Tensor values = short_convolution(net, 4, net.linear(3, h)),
                   c = short_convolution(net, 8, net.linear(7, h)), b = short_convolution(net, 12, net.linear(11, h));
  const at::Tensor step = at::softplus(at::linear(h, net.of(15), net.of(15, "bias")));
  std::vector<at::Tensor> heads;
  for (std::int64_t head = 0; head < kHeads; ++head) {
    const at::Tensor v = head_of(values, head);
    at::Tensor state = at::zeros({b.size(1), v.size(1)}, at::kDouble);
    std::vector<at::Tensor> rows;
    for (std::int64_t t = 0; t < kTime; ++t) {
      const at::Tensor size = step[t][head];
      const double kept = std::exp(std::min(0.0, (size * net.of(19)[head]).item<double>()));
      state = kept * state + size * at::outer(b[t], v[t]);
      rows.push_back(c[t].matmul(state));
    }
    heads.push_back(at::stack(rows));
  }
  const at::Tensor y = (at::cat(heads, -1) + values * net.of(6)) * at::silu(net.linear(1, h));
  const at::Tensor wanted = x + net.linear(24, at::rms_norm(y, {2 * kWidth}, net.of(23), 1e-6));
  EXPECT_LT((net.output() - wanted).abs().max().item<double>(), 1e-10);
}

at::Tensor before(const at::Tensor& x) {
  return at::cat({at::zeros_like(x.narrow(0, 0, 1)), x.narrow(0, 0, kTime - 1)});
}

// o_t = r_t (S_{t-1} + diag(u) k_tᵀ v_t), S_t = diag(w_t) S_{t-1} + k_tᵀ v_t.
TEST(Families, RwkvIsItsEquations) {
  const Family net("rwkv");
  const at::Tensor x = net.input(), h = net.norm(0, x);
  const auto mixed = [&](int scale, const at::Tensor& y) { return y + (before(y) - y) * net.of(scale); };
  const at::Tensor g = at::silu(net.linear(5, mixed(3, h))), r = net.linear(9, mixed(7, h)),
                   k = net.linear(12, mixed(10, h)), v = net.linear(16, mixed(14, h));
  const at::Tensor low = at::tanh(net.linear(20, mixed(18, h)));
  const at::Tensor w = at::exp(-at::softplus(at::linear(low, net.of(22), net.of(22, "bias"))));
  std::vector<at::Tensor> heads;
  for (std::int64_t head = 0; head < kHeads; ++head) {
    const at::Tensor u = head_of(net.of(27), head);
    at::Tensor state = at::zeros({u.size(0), u.size(0)}, at::kDouble);
    std::vector<at::Tensor> rows;
    for (std::int64_t t = 0; t < kTime; ++t) {
      const at::Tensor key = head_of(k, head)[t], value = head_of(v, head)[t];
      rows.push_back(head_of(r, head)[t].matmul(state + at::outer(u * key, value)));
      state = head_of(w, head)[t].unsqueeze(1) * state + at::outer(key, value);
    }
    const at::Tensor seen = at::stack(rows);
    heads.push_back(at::layer_norm(seen, {seen.size(1)}, {}, {}, 1e-5));
  }
  const at::Tensor y = x + net.linear(34, (at::cat(heads, -1) * net.of(32) + net.of(32, "bias")) * g);
  const at::Tensor own = net.norm(36, y);
  const at::Tensor f = at::relu(net.linear(45, mixed(43, own))).square();
  const at::Tensor wanted = y + at::sigmoid(net.linear(41, mixed(39, own))) * net.linear(48, f);
  EXPECT_LT((net.output() - wanted).abs().max().item<double>(), 1e-9);
}

}  // namespace
}  // namespace weft::net
