// The GPT cases of golden/forward.json: logits and losses of a reference written by others, in float64.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/json.hpp"
#include "net/network.hpp"
#include "tests/support/shared.hpp"

namespace weft {
namespace {

constexpr int kHeadSize = 32;

// Parallel residual with two norms; the queries, keys and values are 32 channels a head whatever the width.
constexpr const char* kBlock = R"(def block(x):
    h = layernorm(x)
    a = attention(linear(h, 32 * H), linear(h, 32 * H), linear(h, 32 * H), heads=H, rotary=0.5)
    f = gelu(linear(layernorm(x), F))
    return x + linear(a, D) + linear(f, D)
)";

struct Reference {
  std::int64_t width, layers;
  std::vector<std::int64_t> mlp, heads;
};

// The reference's own weight number `index`: 0.05·sin(0.37·k + 0.11·index), norm weights one more.
at::Tensor reference_weight(const base::Json& entry) {
  const auto index = entry[0].get<std::int64_t>();
  const auto name = entry[1].get<std::string>();
  const auto shape = entry[2].get<std::vector<std::int64_t>>();
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  at::Tensor weight =
      ((at::arange(count, at::kDouble) * 0.37 + 0.11 * static_cast<double>(index)).sin() * 0.05).view(shape);
  const bool norm = name.find("norm_") != std::string::npos || name.find("ln_f") != std::string::npos;
  return norm && name.ends_with("weight") ? weight + 1 : weight;
}

class ReferenceWeights {
 public:
  explicit ReferenceWeights(const base::Json& order) {
    for (const auto& entry : order) weights_[entry[1].get<std::string>()] = reference_weight(entry);
  }

  // The slices of one layer, in the order in which our canonical block lists its parameters.
  void add_layer(net::Weights& list, const space::Architecture& a, std::int64_t layer, std::int64_t mlp,
                 std::int64_t heads) const {
    const std::string prefix = "transformer.h." + std::to_string(layer) + ".";
    const std::int64_t width = a.width, inner = kHeadSize * heads;
    const at::Tensor qkv = weights_.at(prefix + "attn.attn.weight").view({-1, 3, kHeadSize, 128});
    const at::Tensor qkv_bias = weights_.at(prefix + "attn.attn.bias").view({-1, 3, kHeadSize});
    const std::vector<block::Node>& nodes = a.layers[static_cast<std::size_t>(layer)].nodes;
    const block::Node& attention =
        *std::find_if(nodes.begin(), nodes.end(), [](const block::Node& n) { return n.op->name == "attention"; });
    const int first_norm = nodes[static_cast<std::size_t>(attention.inputs[0].site)].inputs[0].site;
    const auto add = [&](const std::string& name, std::int64_t rows, std::int64_t columns) {
      const at::Tensor weight = weights_.at(prefix + name + ".weight").narrow(0, 0, rows);
      list.push_back(columns > 0 ? weight.narrow(1, 0, columns) : weight);
      list.push_back(weights_.at(prefix + name + ".bias").narrow(0, 0, rows));
    };
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const block::Value self{static_cast<int>(i), 0};
      const auto part = std::find(attention.inputs.begin(), attention.inputs.end(), self) - attention.inputs.begin();
      if (nodes[i].op->name == "layernorm") {
        add(self.site == first_norm ? "norm_1" : "norm_2", width, 0);
      } else if (nodes[i].op->name != "linear") {
        continue;
      } else if (part < 3) {
        list.push_back(qkv.narrow(0, 0, heads).select(1, part).reshape({inner, 128}).narrow(1, 0, width));
        list.push_back(qkv_bias.narrow(0, 0, heads).select(1, part).reshape({inner}));
      } else if (&nodes[static_cast<std::size_t>(nodes[i].inputs[0].site)] == &attention) {
        add("attn.proj", width, inner);
      } else if (nodes[static_cast<std::size_t>(nodes[i].inputs[0].site)].op->name == "layernorm") {
        add("mlp.fc", mlp, width);
      } else {
        add("mlp.proj", width, mlp);
      }
    }
  }

  at::Tensor at(const std::string& name) const { return weights_.at(name); }

 private:
  std::map<std::string, at::Tensor> weights_;
};

space::Architecture architecture(const Reference& reference) {
  space::Architecture a;
  a.input = {.vocabulary = 97, .context = 16};
  a.width = reference.width;
  a.ends.tied = true;
  const auto program = block::parse(kBlock, "golden");
  EXPECT_TRUE(program.has_value()) << program.error().text();
  for (std::size_t layer = 0; layer < static_cast<std::size_t>(reference.layers); ++layer) {
    const block::Binding binding{{"D", static_cast<double>(reference.width)},
                                 {"H", static_cast<double>(reference.heads[layer])},
                                 {"F", static_cast<double>(reference.mlp[layer])}};
    auto graph = block::check(*program, binding, {reference.width, false}, {.causal = true});
    EXPECT_TRUE(graph.has_value()) << graph.error().text();
    a.layers.push_back(*graph);
  }
  return a;
}

void expect_golden(const base::Json& gpt, const std::string& name) {
  const base::Json& want = gpt.at(name);
  const base::Json& cfg = want.at("cfg");
  const Reference reference{cfg[0], cfg[3], cfg[1], cfg[2]};
  const net::Network network = net::make_network(architecture(reference));
  const ReferenceWeights source(gpt.at("param_order"));
  net::Weights weights{source.at("lm_head.weight").narrow(1, 0, reference.width)};
  for (std::int64_t layer = 0; layer < reference.layers; ++layer) {
    const auto index = static_cast<std::size_t>(layer);
    source.add_layer(weights, network.architecture, layer, reference.mlp[index], reference.heads[index]);
  }
  for (const char* end : {"transformer.ln_f.weight", "transformer.ln_f.bias"}) {
    weights.push_back(source.at(end).narrow(0, 0, reference.width));
  }
  ASSERT_EQ(weights.size(), network.weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i)
    ASSERT_EQ(weights[i].sizes().vec(), network.weights[i].shape) << network.weights[i].name;

  const at::Tensor index = at::arange(32, at::kLong);
  const at::Tensor logits = net::forward(network, weights, (index * 7).remainder(97).view({2, 16}), false);
  const at::Tensor loss = at::cross_entropy_loss(logits.view({-1, 97}), (index * 5 + 3).remainder(97));
  EXPECT_TRUE(std::abs(loss.item<double>() - want.at("loss").get<double>()) <= 1e-6) << loss.item<double>();
  for (int i = 0; i < 6; ++i) {
    const double got = logits[0][15][i].item<double>();
    EXPECT_TRUE(std::abs(got - want.at("logits0")[static_cast<std::size_t>(i)].get<double>()) <= 1e-6)
        << name << " " << i << ": " << got;
  }
}

TEST(Golden, the_full_gpt_gives_the_reference_logits_and_loss) {
  WEFT_NEEDS_SHARED("golden/forward.json");
  expect_golden(base::Json::parse(base::read_file(test::shared("golden/forward.json"))).at("gpt"), "full");
}

TEST(Golden, the_sliced_gpt_gives_the_reference_logits_and_loss) {
  WEFT_NEEDS_SHARED("golden/forward.json");
  expect_golden(base::Json::parse(base::read_file(test::shared("golden/forward.json"))).at("gpt"), "sub");
}

}  // namespace
}  // namespace weft
