// Every op of the block language in a small network: gradients against finite differences in float64, the future kept
// out of sight where the space is causal, and parameters as counted.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/grad_mode.h>

#include "net/network.hpp"
#include "tests/support/programs.hpp"

namespace weft::net {
namespace {

enum class Where { anywhere, not_causal, image };

struct Example {
  const char* op;
  const char* statements;
  Where where = Where::anywhere;
};

std::ostream& operator<<(std::ostream& out, const Example& example) {
  return out << example.op;
}

constexpr std::array kExamples{
    Example{"linear", "return linear(x, D, bias=false) + linear(x, D) + linear(x, D, zero=true)"},
    Example{"attention", "return attention(linear(x, D), linear(x, D // 2), linear(x, D // 2), heads=H, kv_heads=2)"},
    Example{"attention_rotary", "return attention(x, x, linear(x, D), heads=2, rotary=0.5, normalize=true)"},
    Example{"attention_alibi", "return attention(linear(x, D), x, x, heads=H, alibi=true, window=3)"},
    Example{"attention_relative", "return attention(linear(x, D), x, x, heads=H, relative=2)", Where::image},
    Example{"attention_prefix", "return attention(linear(x, D), x, x, heads=2, prefix=3, rotary=1)"},
    Example{"attention_prefix_window",
            "return attention(x, linear(x, D // 2), linear(x, D // 2), heads=H, kv_heads=2, prefix=2, window=2)"},
    Example{"linear_attention", "return linear_attention(linear(x, D), linear(x, D), x, heads=H)"},
    Example{"recurrence", "return recurrence(linear(x, D), x, x, heads=H)"},
    Example{"recurrence_by_head", "return recurrence(x, x, linear(x, D), logsigmoid(linear(x, H)), heads=H)"},
    Example{"recurrence_by_key", "return recurrence(x, x, x, logsigmoid(linear(x, D)), heads=H)"},
    Example{"scan",
            "def cell(x, h, c):\n    a = relu(linear(x, width)) + linear(h, width, bias=false)\n"
            "    return tanh(a) + 0.5 * c, sigmoid(linear(concat(x, a, c), width))\n"
            "def block(x):\n    return linear(scan(cell, x, width=6), D) + scan(cell, x, width=D)\n"},
    Example{"experts", "return experts(x, 2 * D, experts=3, top=2) + experts(x, D, experts=2, gated=true)"},
    Example{"dwconv", "return dwconv(x, width=3, bias=true) + dwconv(x, width=3, dilation=2)"},
    Example{"conv", "return conv(x, D, kernel=3, groups=2) + conv(x, D, kernel=1, bias=false)"},
    Example{"lightconv", "return lightconv(x, width=3, heads=H)"},
    Example{"shift", "return x + shift(x) * shift(x, by=3)"},
    Example{"fourier", "return fourier(x)", Where::not_causal},
    Example{"rotary", "return rotary(linear(x, D), heads=2) + rotary(x, heads=2, share=0.5)"},
    Example{"repeat", "return linear(x, D) * repeat(linear(x, H), 2, parts=4) + repeat(linear(x, 2), 4)"},
    Example{"widen", "return linear(x, D) * widen(linear(x, 3), x, value=1) + widen(linear(x, 5), x)"},
    Example{"layernorm", "return layernorm(x) + layernorm(x, bias=false, epsilon=0.01) + layernorm(x, heads=2)"},
    Example{"rmsnorm", "return rmsnorm(x) + rmsnorm(linear(x, D), epsilon=0.01, heads=2)"},
    Example{"batchnorm", "return batchnorm(x)", Where::image},
    Example{"relu", "return relu(x)"},
    Example{"leaky_relu", "return leaky_relu(x)"},
    Example{"gelu", "return gelu(x) + gelu(x, tanh=true)"},
    Example{"silu", "return silu(x)"},
    Example{"sigmoid", "return sigmoid(x)"},
    Example{"tanh", "return tanh(x)"},
    Example{"softplus", "return softplus(x)"},
    Example{"logsigmoid", "return logsigmoid(x)"},
    Example{"softsign", "return softsign(x)"},
    Example{"cosine", "return cosine(x)"},
    Example{"scale", "return scale(x, init=0.5)"},
    Example{"dropout", "return dropout(x, 0.5)"},
    Example{"concat", "return linear(concat(x, relu(x)), D)"},
    Example{"split", "a, b = split(linear(x, 2 * D), 2)\nreturn a * sigmoid(b)"},
    Example{"take", "return linear(take(x, 3), D) + take(linear(x, 2 * D), D)"},
    Example{"mean", "return x + mean(x)", Where::not_causal},
    Example{"zero", "return x + zero(linear(x, D))"},
    Example{"pick", "return pick(relu(x), x, linear(x, D), index=2)"},
    Example{"max", "return max(x, linear(x, D))"},
    Example{"min", "return min(x, linear(x, D))"},
    Example{"heads", "h = heads(x, H)\nreturn merge(matmul(softmax(matmul(h, transpose(h))), h))"},
    Example{"merge", "return merge(heads(x, H) * heads(linear(x, D), H))"},
    Example{"matmul", "h = heads(x, H)\nreturn merge(matmul(h, matmul(transpose(h), h)))", Where::not_causal},
    Example{"transpose", "h = heads(x, H)\nreturn merge(transpose(relu(transpose(h))))"},
    Example{"softmax", "return softmax(x) + merge(softmax(heads(x, 2)))"},
    Example{"conv2d", "return conv2d(x, D, 3, groups=2) + conv2d(x, D, 3, dilation=2, bias=true)", Where::image},
    Example{"conv2d_stride", "return conv2d(x, 2 * D, 5, stride=2)", Where::image},
    Example{"maxpool", "return maxpool(x) + maxpool(x, size=5)", Where::image},
    Example{"avgpool", "return avgpool(x) + avgpool(x, size=5)", Where::image},
    Example{"times", "return 0.5 * x - 2 * relu(x)"},
    Example{"plus", "return 1 - x"},
};

// A network of this block alone in double precision, with weights that are all far from 0.
struct Case {
  Case(const Example& example, bool causal) {
    const std::string text = example.statements;
    const bool relative = text.find("relative") != std::string::npos, image = example.where == Where::image;
    space::Architecture a;
    a.causal = causal;
    a.width = 8;
    if (image) a.input = {space::Task::image_classification, 0, 0, relative ? 1 : 8, 6, 6, 3};
    if (!image) a.input = {.vocabulary = 7, .context = 5};
    a.ends = {.patch = relative ? 2 : 0, .class_token = relative, .norm = space::Norm::none, .tied = !image};
    const block::Binding binding{{"D", 8}, {"H", 4}, {"R", 2}};
    auto graph = block::check(test::program_of(text), binding, a.stem(), a.place());
    if (!graph) ADD_FAILURE() << graph.error().text();
    a.layers.push_back(std::move(*graph));
    a.counts += block::count(a.layers[0], a.positions(), a.place());
    a.counts += space::count_ends(a);
    network = make_network(a);
    weights = initialise(network, 1, at::kCPU, at::kDouble);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (network.weights[i].trained) weights[i].copy_(at::randn_like(weights[i]) * 0.5);
    }
    input = image ? at::randn({2, a.input.channels, 6, 6}, at::kDouble) : at::arange(10).view({2, 5}).remainder(7);
  }
  at::Tensor scores(bool training = false) const { return forward(network, weights, input, training); }

  Network network;
  Weights weights;
  at::Tensor input;
};

class Ops : public ::testing::TestWithParam<Example> {
 protected:
  static void SetUpTestSuite() { at::set_num_threads(1); }
};

INSTANTIATE_TEST_SUITE_P(Every, Ops, ::testing::ValuesIn(kExamples),
                         [](const auto& given) { return std::string(given.param.op); });

TEST(OpExamples, HaveEveryOpThatIsCalledByName) {
  for (const block::Op* op : block::ops()) {
    const bool found = std::any_of(kExamples.begin(), kExamples.end(),
                                   [&](const Example& one) { return std::string_view(one.op) == op->name; });
    EXPECT_TRUE(found || !op->symbol.empty()) << op->name;
  }
}

TEST_P(Ops, HaveTheGradientsOfFiniteDifferences) {
  at::manual_seed(3);
  const Case one(GetParam(), false);
  for (std::size_t i = 0; i < one.weights.size(); ++i) one.weights[i].set_requires_grad(one.network.weights[i].trained);
  const at::Tensor direction = at::randn(one.scores().sizes(), at::kDouble);
  const auto loss = [&] { return (one.scores() * direction).sum(); };
  loss().backward();
  constexpr double kStep = 1e-6;
  for (std::size_t i = 0; i < one.weights.size(); ++i) {
    if (!one.network.weights[i].trained) continue;
    const at::Tensor &weight = one.weights[i], gradient = weight.grad();
    at::Tensor flat = weight.detach().view(-1);
    for (std::int64_t k = 0; k < flat.numel(); k += std::max<std::int64_t>(1, flat.numel() / 6)) {
      const double before = flat[k].item<double>();
      flat[k] = before + kStep;
      const auto above = loss().item<double>();
      flat[k] = before - kStep;
      const auto below = loss().item<double>();
      flat[k] = before;
      const double wanted = (above - below) / (2 * kStep);
      const double got = gradient.defined() ? gradient.view(-1)[k].item<double>() : 0;
      EXPECT_NEAR(got, wanted, 1e-6 * std::max(1.0, std::abs(wanted))) << one.network.weights[i].name << " " << k;
    }
  }
}

TEST_P(Ops, HoldTheParametersThatWereCounted) {
  const Case one(GetParam(), false);
  EXPECT_EQ(count_parameters(one.network, one.weights), one.network.architecture.counts.params);
}

TEST_P(Ops, DoNotSeeTheFutureInACausalSpace) {
  if (GetParam().where != Where::anywhere) GTEST_SKIP() << "not for a causal space";
  const Case one(GetParam(), true);
  const at::Tensor before = one.scores();
  for (std::int64_t from = 1; from < 5; ++from) {
    Case other = one;
    other.input = one.input.clone();
    other.input.narrow(1, from, 5 - from).add_(3).remainder_(7);
    const at::Tensor difference = (other.scores() - before).abs();
    EXPECT_LT(difference.narrow(1, 0, from).max().item<double>(), 1e-12) << "from position " << from;
    EXPECT_GT(difference.narrow(1, from, 5 - from).max().item<double>(), 1e-6);
  }
}

// The recurrence one position after the other, as its equation has it, over more positions than a chunk holds.
TEST(Recurrence, IsWhatItsEquationSays) {
  constexpr std::int64_t kTime = 150, kHeads = 2, kSize = 3;
  for (const bool by_key : {false, true}) {
    const auto graph =
        block::check(test::program_of(by_key ? "return recurrence(x, x, x, -1 * softplus(x), heads=2)"
                                             : "return recurrence(x, x, x, -1 * softplus(linear(x, 2)), heads=2)"),
                     {{"D", 6}}, {6, false}, {.causal = true});
    ASSERT_TRUE(graph.has_value());
    at::manual_seed(4);
    const at::Tensor x = at::randn({2, kTime, 6}, at::kDouble);
    const at::Tensor decay = at::randn({2, kTime, by_key ? kHeads * kSize : kHeads}, at::kDouble) * 3;
    const auto& node = *std::find_if(graph->nodes.begin(), graph->nodes.end(),
                                     [](const block::Node& one) { return one.op->name == "recurrence"; });
    const std::vector<at::Tensor> inputs{x, x, x, decay};
    const at::Tensor got = find_kernel("recurrence")(node, inputs, {}, {})[0];
    const at::Tensor heads = x.view({2, kTime, kHeads, kSize});
    const at::Tensor kept = decay.clamp_max(0).exp().view({2, kTime, kHeads, -1});
    at::Tensor state = at::zeros({2, kHeads, kSize, kSize}, at::kDouble);
    for (std::int64_t t = 0; t < kTime; ++t) {
      const at::Tensor now = heads.select(1, t);
      state = state * kept.select(1, t).unsqueeze(-1) + now.unsqueeze(-1) * now.unsqueeze(-2);
      const at::Tensor wanted = (now.unsqueeze(-1) * state).sum(-2).view({2, -1});
      ASSERT_LT((got.select(1, t) - wanted).abs().max().item<double>(), 1e-9) << "position " << t;
    }
  }
}

}  // namespace
}  // namespace weft::net
