// Recurrent cells written as programs, against libtorch's own LSTM, GRU and RNN.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gru.h>
#include <ATen/ops/lstm.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/rnn_tanh.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/grad_mode.h>

#include "net/kernels.hpp"
#include "tests/support/programs.hpp"

namespace weft::net {
namespace {

constexpr std::int64_t kBatch = 3, kTime = 11, kIn = 6, kWidth = 5;

// The scan of a block that is nothing else, its weights in the order of the cell's nodes.
struct Scan {
  explicit Scan(const std::string& cell) {
    const auto program = block::parse(cell + "\ndef block(x):\n    return linear(scan(cell, x, width=W), D)\n", "test");
    if (!program) {
      ADD_FAILURE() << program.error().text();
      return;
    }
    const auto graph = block::check(*program, {{"D", kIn}, {"W", kWidth}}, {kIn, false}, {.causal = true});
    if (!graph) {
      ADD_FAILURE() << graph.error().text();
      return;
    }
    node = graph->nodes[0];
    for (const block::Parameter& parameter : node.parameters) {
      weights.push_back(at::randn(parameter.shape, at::kDouble));
      weights.back().set_requires_grad(true);
    }
  }

  // The weight of the cell's product of `in` channels, with its bias behind it. Both inputs have different widths.
  std::size_t product_of(std::int64_t in) const {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (weights[i].dim() == 2 && weights[i].size(1) == in) return i;
    }
    ADD_FAILURE() << "no product of " << in << " channels";
    return 0;
  }
  // W_ih, W_hh, b_ih, b_hh, as libtorch takes them.
  std::vector<at::Tensor> of_torch() const {
    const std::size_t in = product_of(kIn), hidden = product_of(kWidth);
    return {weights[in], weights[hidden], weights[in + 1], weights[hidden + 1]};
  }
  at::Tensor operator()(const at::Tensor& x) const { return find_kernel("scan")(node, std::vector{x}, weights, {})[0]; }

  block::Node node;
  std::vector<at::Tensor> weights;
};

double difference(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return (a - b).abs().max().item<double>();
}

// Equal values, and equal gradients of a random sum of them.
void expect_same(const Scan& scan, const at::Tensor& x, const at::Tensor& wanted) {
  const at::Tensor got = scan(x), direction = at::randn_like(got);
  EXPECT_LT(difference(got, wanted), 1e-10);
  (wanted * direction).sum().backward();
  std::vector<at::Tensor> gradients{x.grad().clone()};
  for (const at::Tensor& weight : scan.weights) gradients.push_back(weight.grad().clone());
  for (const at::Tensor& weight : scan.weights) weight.mutable_grad().reset();
  x.mutable_grad().reset();
  (got * direction).sum().backward();
  EXPECT_LT(difference(x.grad(), gradients[0]), 1e-10);
  for (std::size_t i = 0; i < scan.weights.size(); ++i)
    EXPECT_LT(difference(scan.weights[i].grad(), gradients[i + 1]), 1e-10) << scan.node.parameters[i].name;
}

class ScanKernel : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { at::set_num_threads(1); }
  void SetUp() override {
    at::manual_seed(7);
    x_ = at::randn({kBatch, kTime, kIn}, at::kDouble);
    x_.set_requires_grad(true);
    zero_ = at::zeros({1, kBatch, kWidth}, at::kDouble);
  }
  at::Tensor x_, zero_;
};

TEST_F(ScanKernel, IsTheLstmOfLibtorch) {
  const Scan scan(
      "def cell(x, h, c):\n"
      "    i, f, g, o = split(linear(x, 4 * width) + linear(h, 4 * width), 4)\n"
      "    c = sigmoid(f) * c + sigmoid(i) * tanh(g)\n"
      "    return sigmoid(o) * tanh(c), c\n");
  const auto [wanted, h, c] = at::lstm(x_, {zero_, zero_}, scan.of_torch(), true, 1, 0.0, true, false, true);
  expect_same(scan, x_, wanted);
}

TEST_F(ScanKernel, IsTheGruOfLibtorch) {
  const Scan scan(
      "def cell(x, h):\n"
      "    r, z, n = split(linear(x, 3 * width), 3)\n"
      "    a, b, c = split(linear(h, 3 * width), 3)\n"
      "    z = sigmoid(z + b)\n"
      "    return (1 - z) * tanh(n + sigmoid(r + a) * c) + z * h\n");
  const auto [wanted, h] = at::gru(x_, zero_, scan.of_torch(), true, 1, 0.0, true, false, true);
  expect_same(scan, x_, wanted);
}

TEST_F(ScanKernel, IsTheRnnOfLibtorch) {
  const Scan scan("def cell(x, h):\n    return tanh(linear(x, width) + linear(h, width))\n");
  const auto [wanted, h] = at::rnn_tanh(x_, zero_, scan.of_torch(), true, 1, 0.0, true, false, true);
  expect_same(scan, x_, wanted);
}

}  // namespace
}  // namespace weft::net
