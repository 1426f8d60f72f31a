// The AutoFormer cases of golden/forward.json: logits of the reference vision transformer, whole and as a slice of its
// supernet, in float64.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "net/slice.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/shared.hpp"

namespace weft::net {
namespace {

struct Case {
  std::int64_t width;
  std::vector<double> mlp;
  std::vector<std::int64_t> heads;
};

space::Architecture architecture(const Case& one) {
  space::Architecture a;
  a.input = {space::Task::image_classification, 0, 0, 3, 32, 32, 10};
  a.causal = false;
  a.width = one.width;
  a.ends = {.patch = 16, .class_token = true, .learned_position = true, .pool = space::Ends::Pool::patches};
  for (std::size_t layer = 0; layer < one.heads.size(); ++layer) {
    const block::Binding binding{
        {"D", static_cast<double>(one.width)}, {"H", static_cast<double>(one.heads[layer])}, {"R", one.mlp[layer]}};
    auto graph = block::check(test::shipped_block("autoformer"), binding, a.stem(), a.place());
    EXPECT_TRUE(graph.has_value()) << graph.error().text();
    a.layers.push_back(std::move(*graph));
    a.counts += block::count(a.layers.back(), a.positions(), a.place());
  }
  a.counts += space::count_ends(a);
  return a;
}

// The reference's weights: number t holds 0.05·sin(0.37·k + 0.11·t), norm weights one more.
std::map<std::string, at::Tensor> reference_weights(const base::Json& order) {
  std::map<std::string, at::Tensor> weights;
  for (std::size_t t = 0; t < order.size(); ++t) {
    const auto name = order[t][0].get<std::string>();
    std::int64_t count = 1;
    for (const base::Json& size : order[t][1]) count *= size.get<std::int64_t>();
    const at::Tensor k = at::arange(count, at::kDouble);
    const at::Tensor values =
        ((k * 0.37 + 0.11 * static_cast<double>(t)).sin() * 0.05).view(order[t][1].get<std::vector<std::int64_t>>());
    weights[name] = name.find("norm.weight") != std::string::npos ? values + 1 : values;
  }
  return weights;
}

// Finds the reference's slice for each weight of our network.
class Slicer {
 public:
  Slicer(const std::map<std::string, at::Tensor>& reference, const Network& network)
      : reference_(reference), network_(network) {}

  Weights run() {
    Weights list;
    for (const WeightSpec& spec : network_.weights) {
      list.push_back(leading(source(spec.name), spec.shape));
      EXPECT_EQ(list.back().sizes().vec(), spec.shape) << spec.name;
    }
    return list;
  }

 private:
  const at::Tensor& of(const std::string& name) const { return reference_.at(name); }

  static at::Tensor leading(at::Tensor weight, const std::vector<std::int64_t>& shape) {
    for (std::size_t axis = 0; axis < shape.size(); ++axis)
      weight = weight.narrow(static_cast<std::int64_t>(axis), 0, shape[axis]);
    return weight;
  }

  at::Tensor source(const std::string& name) const {
    if (name == "stem.weight") return of("patch_embed_super.proj.weight").flatten(1);
    if (name == "stem.bias") return of("patch_embed_super.proj.bias");
    if (name == "stem.class_token") return of("cls_token").view({-1});
    if (name == "stem.position") return of("pos_embed")[0];
    if (name.starts_with("head.norm.")) return of(name.substr(5));
    if (name.starts_with("head.")) return of(name);
    const std::size_t dot = name.find('.', 7), end = name.find('.', dot + 1);
    const auto layer = std::stoul(name.substr(7, dot - 7)), node = std::stoul(name.substr(dot + 1, end - dot - 1));
    return of_layer("blocks." + std::to_string(layer) + ".", network_.architecture.layers[layer].nodes, node,
                    name.substr(end + 1));
  }

  at::Tensor of_layer(const std::string& prefix, const std::vector<block::Node>& nodes, std::size_t index,
                      const std::string& part) const {
    const auto at = [&](const block::Value& value) -> const block::Node& {
      return nodes[static_cast<std::size_t>(value.site)];
    };
    const block::Node& node = nodes[index];
    const block::Node& attention =
        *std::find_if(nodes.begin(), nodes.end(), [](const block::Node& n) { return n.op->name == "attention"; });
    if (&node == &attention) {
      const std::string table = part.starts_with("key") ? "rel_pos_embed_k" : "rel_pos_embed_v";
      return of(prefix + "attn." + table + ".embeddings_table_" + (part.ends_with("vertical") ? "v" : "h"));
    }
    if (node.op->name == "layernorm") {
      const bool first = &at(at(attention.inputs[0]).inputs[0]) == &node;
      return of(prefix + (first ? "attn" : "ffn") + "_layer_norm." + part);
    }
    const auto place =
        std::find(attention.inputs.begin(), attention.inputs.end(), block::Value{static_cast<int>(index), 0}) -
        attention.inputs.begin();
    if (place < 3) return projection(of(prefix + "attn.qkv." + part), place, node.outputs[0].channels);
    const std::string_view from = at(node.inputs[0]).op->name;
    return of(prefix + (from == "attention" ? "attn.proj." : from == "layernorm" ? "fc1." : "fc2.") + part);
  }

  // Rows of queries, keys and values are interleaved; their bias is not: the reference takes its leading part, whatever
  // was sliced.
  static at::Tensor projection(const at::Tensor& fused, std::int64_t which, std::int64_t width) {
    if (fused.dim() == 1) return fused.narrow(0, which * width, width);
    return fused.view({-1, 3, fused.size(1)}).select(1, which);
  }

  const std::map<std::string, at::Tensor>& reference_;
  const Network& network_;
};

TEST(AutoFormer, GivesTheReferencesLogits) {
  WEFT_NEEDS_SHARED("golden/forward.json");
  at::set_num_threads(1);
  const base::Json golden = base::Json::parse(base::read_file(test::shared("golden/forward.json"))).at("autoformer");
  const auto reference = reference_weights(golden.at("param_order"));
  for (const char* which : {"full", "sub"}) {
    const base::Json& want = golden.at(which);
    const base::Json& cfg = want.at("cfg");
    const Network network =
        make_network(architecture({cfg.at("embed_dim")[0], cfg.at("mlp_ratio"), cfg.at("num_heads")}));
    EXPECT_EQ(network.architecture.counts.params, want.at("params").get<std::int64_t>());
    const Weights weights = Slicer(reference, network).run();
    const at::Tensor image = ((at::arange(2 * 3 * 32 * 32, at::kDouble) * 0.013).cos() * 0.5).view({2, 3, 32, 32});
    const at::Tensor scores = forward(network, weights, image, false);
    for (std::int64_t row = 0; row < 2; ++row) {
      for (std::int64_t k = 0; k < 10; ++k)
        EXPECT_NEAR(scores[row][k].item<double>(), want.at("logits")[row][k].get<double>(), 1e-6) << which;
    }
  }
}

// The larger network's own weights, sliced as its code slices them, and as it should have.
TEST(AutoFormer, IsSlicedAsItsCodeDoesWhereThatIsAskedFor) {
  WEFT_NEEDS_SHARED("golden/forward.json");
  at::set_num_threads(1);
  const base::Json golden = base::Json::parse(base::read_file(test::shared("golden/forward.json"))).at("autoformer");
  const auto made = [&](const char* which) {
    const base::Json& cfg = golden.at(which).at("cfg");
    return make_network(architecture({cfg.at("embed_dim")[0], cfg.at("mlp_ratio"), cfg.at("num_heads")}));
  };
  const Network super = made("full");
  const Weights weights = Slicer(reference_weights(golden.at("param_order")), super).run();
  const at::Tensor image = ((at::arange(2 * 3 * 32 * 32, at::kDouble) * 0.013).cos() * 0.5).view({2, 3, 32, 32});
  for (const bool compatible : {true, false}) {
    Network sub = made("sub");
    sub.architecture.autoformer_bias = compatible;
    const at::Tensor scores = forward(sub, slice(super, weights, sub), image, false);
    double worst = 0;
    for (std::int64_t k = 0; k < 10; ++k)
      worst =
          std::max(worst, std::abs(scores[0][k].item<double>() - golden.at("sub").at("logits")[0][k].get<double>()));
    if (compatible) {
      EXPECT_LT(worst, 1e-6);
    }
    if (!compatible) {
      EXPECT_GT(worst, 1e-4);
    }
  }
}

}  // namespace
}  // namespace weft::net
