// What zero-cost proxies are, whatever the network: properties, and what has none. proxies_slow_test.cpp has the
// numbers.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randperm.h>

#include "base/schema.hpp"
#include "net/device.hpp"
#include "tests/support/errors.hpp"
#include "tests/train/proxies_fixture.hpp"

namespace weft::train {
namespace {

using Scores = std::map<std::string, double>;

class Proxies : public ::testing::Test {
 protected:
  void SetUp() override { net::set_threads(1); }

  static Scores scores_of(const space::Architecture& architecture, std::vector<std::string> names = {},
                          std::map<std::string, std::string>* missing = nullptr) {
    const net::Network network = net::make_network(architecture);
    return compute_proxies(network, shaken(network), Kept(architecture.input),
                           {.scores = std::move(names), .batch = 4, .batches = 2}, 7, missing);
  }
  static space::Architecture gpt(int depth = 2) { return of_space("gpt_nano", gpt_genome("gpt2", depth)); }
};

// Gives the examples of another in another order.
class Shuffled : public Kept {
 public:
  using Kept::Kept;
  Batch sample(base::Random& random, std::int64_t size) const override {
    const Batch batch = Kept::sample(random, size);
    const at::Tensor order = at::randperm(size, at::kLong);
    return {batch.input.index_select(0, order), batch.target.index_select(0, order)};
  }
};

TEST_F(Proxies, AreAllGivenForATransformer) {
  std::map<std::string, std::string> missing;
  const Scores scores = scores_of(gpt(), {}, &missing);
  EXPECT_TRUE(missing.empty());
  for (const std::string& name : proxy_names()) {
    ASSERT_TRUE(scores.contains(name)) << name;
    EXPECT_TRUE(std::isfinite(scores.at(name))) << name;
  }
  EXPECT_EQ(scores.at("params"), static_cast<double>(gpt().counts.params));
  EXPECT_EQ(scores.at("flops"), static_cast<double>(gpt().flops()));
}

TEST_F(Proxies, AreTheSameAgainBitForBit) {
  EXPECT_EQ(scores_of(gpt()), scores_of(gpt()));
}

TEST_F(Proxies, LeaveTheWeightsAsTheyWere) {
  const space::Architecture a = of_space("nasbench201", R"({"op_10":"nor_conv_3x3","op_20":"skip_connect",)"
                                                        R"("op_21":"none","op_30":"skip_connect","op_31":"none",)"
                                                        R"("op_32":"none"})");
  const net::Network network = net::make_network(a);
  const net::Weights weights = shaken(network, at::kFloat);
  net::Weights before;
  for (const at::Tensor& weight : weights) before.push_back(weight.clone());
  compute_proxies(network, weights, Kept(a.input), {.scores = {}, .batch = 4, .batches = 2}, 7);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    EXPECT_TRUE(at::equal(weights[i], before[i])) << network.weights[i].name;
    EXPECT_FALSE(weights[i].requires_grad());
    EXPECT_FALSE(weights[i].grad().defined());
  }
}

TEST_F(Proxies, CanBeComputedWhereNoGradientIsKept) {
  const Scores with = scores_of(gpt());
  const at::NoGradGuard no_grad;
  EXPECT_EQ(scores_of(gpt()), with);
}

TEST_F(Proxies, OfADeeperNetworkHaveALargerFlowAndMoreAgreements) {
  const Scores shallow = scores_of(gpt(2)), deep = scores_of(gpt(4));
  EXPECT_GT(deep.at("synflow"), shallow.at("synflow"));
  EXPECT_GT(deep.at("activation_distance"), shallow.at("activation_distance"));
  EXPECT_GT(deep.at("snip"), 0);
}

TEST_F(Proxies, DoNotDependOnTheOrderOfTheBatch) {
  const net::Network network = net::make_network(gpt());
  const net::Weights weights = shaken(network);
  const ProxyOptions options{.scores = {}, .batch = 5, .batches = 2};
  const Scores one = compute_proxies(network, weights, Kept(network.architecture.input), options, 7),
               other = compute_proxies(network, weights, Shuffled(network.architecture.input), options, 7);
  for (const auto& [name, value] : one) {
    const double tolerance = (name == "zico" ? 1e-5 : 1e-9) * std::abs(value);
    ASSERT_TRUE(std::abs(other.at(name) - value) <= tolerance) << name << ": " << value << ", " << other.at(name);
  }
}

TEST_F(Proxies, LookAtOtherBatchesWithAnotherSeed) {
  const net::Network network = net::make_network(gpt());
  const net::Weights weights = shaken(network);
  const Kept data(network.architecture.input);
  const ProxyOptions options{.scores = {"naswot", "synflow"}, .batch = 4, .batches = 2};
  const Scores one = compute_proxies(network, weights, data, options, 7),
               other = compute_proxies(network, weights, data, options, 8);
  EXPECT_NE(one.at("naswot"), other.at("naswot"));
  EXPECT_EQ(one.at("synflow"), other.at("synflow"));  // which needs no data
}

// With scores of zero every one of n positions gets 1/n, so a causal head's confidence is the mean of 1, 1/2, ... 1/T.
TEST_F(Proxies, GiveAHeadThatDoesNotChooseTheMeanOfEqualShares) {
  const space::Architecture a = of_program("return x + attention(zero(x), x, x, heads=H)");
  double expected = 0;
  for (int n = 1; n <= 12; ++n) expected += 1.0 / n / 12;
  EXPECT_NEAR(scores_of(a, {"head_confidence"}).at("head_confidence"), expected, 1e-12);
}

// For a network without norms, activations and biases, the flow through each layer is the sum of the scores itself.
TEST_F(Proxies, HaveAFlowThatEveryLayerOfALinearNetworkConserves) {
  const auto flow = [](int layers) {
    space::Architecture a = of_program("return linear(x, D, bias=false)", true, layers);
    a.ends.learned_position = false;
    return scores_of(a, {"synflow"}).at("synflow");
  };
  space::Architecture a = of_program("return linear(x, D, bias=false)", true, 3);
  a.ends.learned_position = false;
  const net::Network network = net::make_network(a);
  net::Weights weights = shaken(network);
  at::Tensor y = weights[0].new_ones({a.input.context, a.width});
  for (const std::size_t i : {1, 2, 3, 6}) y = y.matmul(weights[i].abs().t());
  EXPECT_NEAR(flow(3) / (4 * y.sum().item<double>()), 1, 1e-12);
}

TEST_F(Proxies, SayWhyAnArchitectureHasNone) {
  std::map<std::string, std::string> missing;
  const Scores recurrent = scores_of(of_program("def cell(x, h):\n  return linear(concat(x, h), width)\n\n"
                                                "def block(x):\n  return scan(cell, x, width=D)"),
                                     {}, &missing);
  EXPECT_EQ(missing, (std::map<std::string, std::string>{{"activation_distance", "it has no activation function"},
                                                         {"dss", "it has no attention whose matrices learn"},
                                                         {"head_confidence", "it has no attention by softmax"},
                                                         {"naswot", "it has no activation function"}}));
  EXPECT_EQ(recurrent.size(), 2 + proxy_names().size() - missing.size());
}

TEST_F(Proxies, HaveNoDeterminantWhereExamplesCannotBeToldApart) {
  std::map<std::string, std::string> missing;
  const Scores scores = scores_of(of_space("nasbench201", R"({"op_10":"none","op_20":"none","op_21":"none",)"
                                                          R"("op_30":"none","op_31":"none","op_32":"none"})"),
                                  {}, &missing);
  EXPECT_EQ(missing["naswot"], "two examples have the same code, so the determinant is 0");
  EXPECT_EQ(missing["jacob_cov"], "an example's Jacobian is constant, so it correlates with no other");
  for (const auto& [name, value] : scores) EXPECT_TRUE(std::isfinite(value)) << name;
}

TEST_F(Proxies, LeaveOutFrozenWeights) {
  const Scores scores = scores_of(of_program("return x + linear(relu(linear(x, D, frozen=true)), D, frozen=true)"),
                                  {"synflow", "grad_norm"}),
               learned = scores_of(of_program("return x + linear(relu(linear(x, D)), D)"), {"synflow", "grad_norm"});
  EXPECT_LT(scores.at("synflow"), learned.at("synflow"));
  EXPECT_LT(scores.at("grad_norm"), learned.at("grad_norm"));
}

TEST_F(Proxies, AreNamedWhereOneIsNotKnown) {
  EXPECT_EQ(test::error_of([] { scores_of(gpt(), {"synflo"}); }), "no proxy 'synflo'; did you mean 'synflow'?");
}

TEST_F(Proxies, OfTheTableAreThoseOfTheSchema) {
  const base::Json pointed =
      base::load_schema("experiment").at(base::Json::json_pointer("/$defs/proxy/properties/scores"));
  EXPECT_EQ(pointed.at("items").at("enum").get<std::vector<std::string>>(), proxy_names());
  EXPECT_EQ(pointed.at("default").get<std::vector<std::string>>(), proxy_names());
}

}  // namespace
}  // namespace weft::train
