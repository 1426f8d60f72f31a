// Published transformers and transformer spaces: what others counted, and genomes that mean what their papers say.
#include <gtest/gtest.h>

#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/spaces.hpp"

namespace weft::space {
namespace {

using base::Json;

block::Counts counts_of(const std::string& name, const Json& genome) {
  const Space space = Space::load(name);
  const auto read = from_json(space, genome);
  EXPECT_TRUE(read.has_value()) << read.error();
  if (!read) return {};
  const auto architecture = decode(space, *read, space.input);
  EXPECT_TRUE(architecture.has_value()) << architecture.error();
  return architecture ? architecture->counts : block::Counts{};
}

// As transformers counts its models; the output embedding is the input's.
TEST(Transformers, GPT2sReleasedSizesHaveTheirParameters) {
  struct Row {
    int width, layers, heads;
    std::int64_t params;
  };
  for (const Row& row : {Row{768, 12, 12, 124'439'808}, Row{1024, 24, 16, 354'823'168}, Row{1280, 36, 20, 774'030'080},
                         Row{1600, 48, 25, 1'557'611'200}}) {
    const Json genome{{"n_embd", row.width}, {"n_layer", row.layers}, {"n_head", row.heads}, {"n_inner", 4}};
    EXPECT_EQ(counts_of("gpt2", genome).params, row.params) << genome;
  }
}

// As timm and transformers count their models of 1000 classes.
TEST(Transformers, ViTsPublishedSizesHaveTheirParameters) {
  struct Row {
    int width, layers, heads;
    std::int64_t params;
  };
  for (const Row& row : {Row{192, 12, 3, 5'717'416}, Row{384, 12, 6, 22'050'664}, Row{768, 12, 12, 86'567'656},
                         Row{1024, 24, 16, 304'326'632}}) {
    const Json genome{
        {"hidden_size", row.width}, {"num_layers", row.layers}, {"num_heads", row.heads}, {"mlp_ratio", 4}};
    EXPECT_EQ(counts_of("vit", genome).params, row.params) << genome;
  }
}

// 3 widths, biases or not, and 9 choices a layer for each of three depths.
TEST(Transformers, WideGPTsHaveTheirSizes) {
  EXPECT_EQ(count(Space::load("gpt_s_wide")).count, "1694580411906");
  EXPECT_EQ(count(Space::load("gpt_m_wide")).count, "478598658462929639587698");
  EXPECT_EQ(count(Space::load("gpt_l_wide")).count, "135170397269635047371608701355153506");
}

TEST(Transformers, WideGPTsShareTheirLargestNetworkWithTheNarrowOnes) {
  for (const auto& [name, width, layers, heads] :
       {std::tuple{"gpt_s", 768, 12, 12}, std::tuple{"gpt_m", 1024, 24, 16}, std::tuple{"gpt_l", 1280, 36, 20}}) {
    const auto depth = static_cast<std::size_t>(layers);
    const Json genome{{"embed_dim", width},
                      {"n_layer", layers},
                      {"n_head", std::vector<int>(depth, heads)},
                      {"mlp_ratio", std::vector<int>(depth, 4)},
                      {"bias", true}};
    const block::Counts narrow = counts_of(name, genome), wide = counts_of(std::string(name) + "_wide", genome);
    EXPECT_EQ(narrow.params, wide.params);
    EXPECT_EQ(narrow.macs, wide.macs);
  }
}

class Samples : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Of, Samples,
                         ::testing::Values("transformer_union", "lm_blocks", "primer", "autobert_zero",
                                           "evolved_transformer", "peft_lora", "peft_adapters"),
                         [](const auto& given) { return std::string(given.param); });

TEST_P(Samples, DecodeAndReadBackAsThemselves) {
  const Space space = Space::load(GetParam());
  base::Random random(11, "samples");
  for (int i = 0; i < 40; ++i) {
    const Genome genome = sample(space, random);
    const auto architecture = decode(space, genome, space.input);
    if (!architecture) {
      EXPECT_NE(architecture.error().find("limit"), std::string::npos) << architecture.error();
    }
    const auto again = from_text(space, to_text(space, genome));
    ASSERT_TRUE(again.has_value()) << again.error();
    EXPECT_EQ(id(space, *again), id(space, genome));
  }
}

TEST(Transformers, AnOpenGenesProgramsUseTheOpsThatItLists) {
  for (const char* name : {"primer", "autobert_zero"}) {
    const Space space = Space::load(name);
    base::Random random(5, name);
    for (int i = 0; i < 20; ++i) {
      const Genome child = sample(space, random);
      for (const auto& program : child.programs) {
        for (const Gene& gene : space.genes) {
          if (gene.open) {
            EXPECT_EQ(gene.foreign_op(program->program), "");
          }
        }
      }
    }
  }
  const Space primer = Space::load("primer");
  const auto foreign = from_json(
      primer, {{"embed_dim", 256}, {"depth", 4}, {"program", "def block(x):\n    return x + gelu(rmsnorm(x))\n"}});
  ASSERT_TRUE(foreign.has_value());
  const auto refused = decode(primer, *foreign, primer.input);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().substr(0, 55), "layer 0: programs of 'program' have no op 'rmsnorm'; th");
  EXPECT_EQ(describe(primer).find("- gelu("), std::string::npos);
}

// A layer of the union with everything set.
Json union_layer(const Json& changes) {
  Json genome{{"embed_dim", 64},     {"depth", 2},           {"learned_position", false},
              {"norm", "layernorm"}, {"placement", "pre"},   {"residual", "sequential"},
              {"bias", true},        {"token_shift", false}, {"mixer", "attention"},
              {"num_heads", 4},      {"shared", "none"},     {"kv_group", 1},
              {"window", 0},         {"qk_norm", false},     {"position", "none"},
              {"qkv_conv", false},   {"ffn", "gelu"},        {"mlp_ratio", 4}};
  for (const auto& [name, value] : changes.items()) {
    if (value.is_null()) genome.erase(name);
    if (!value.is_null()) genome[name] = value;
  }
  const Space space = Space::load("transformer_union");
  Json listed = Json::object();
  for (const Gene& gene : space.genes) {
    if (genome.contains(gene.name))
      listed[gene.name] =
          gene.per_layer ? Json::array({genome.at(gene.name), genome.at(gene.name)}) : genome.at(gene.name);
  }
  return listed;
}

constexpr std::int64_t kD = 64, kEnds = 256 * kD + 2 * kD, kNorm = 2 * kD, kAttention = 4 * (kD * kD + kD),
                       kFeed = 2 * 4 * kD * kD + 4 * kD + kD;

// Parameters of two layers of the union, by hand.
TEST(Transformers, TheUnionHoldsTheLayersOfItsParts) {
  const auto params = [](const Json& changes) { return counts_of("transformer_union", union_layer(changes)).params; };
  const auto two = [](std::int64_t layer) { return kEnds + 2 * layer; };
  EXPECT_EQ(params(Json::object()), two(2 * kNorm + kAttention + kFeed));
  EXPECT_EQ(params({{"learned_position", true}}), two(2 * kNorm + kAttention + kFeed) + 128 * kD);
  EXPECT_EQ(params({{"norm", "none"}, {"placement", nullptr}}), two(kAttention + kFeed));
  EXPECT_EQ(params({{"norm", "rmsnorm"}, {"placement", "post"}}), two(2 * kD + kAttention + kFeed));
  EXPECT_EQ(params({{"residual", "parallel"}, {"shared_norm", true}}), two(kNorm + kAttention + kFeed));
  EXPECT_EQ(params({{"residual", "parallel"}, {"shared_norm", false}}), two(2 * kNorm + kAttention + kFeed));
  EXPECT_EQ(params({{"kv_group", 4}}), two(2 * kNorm + kAttention + kFeed - 2 * (kD * 48 + 48)));
  EXPECT_EQ(params({{"shared", "kv"}}), two(2 * kNorm + kAttention + kFeed - kD * kD - kD));
  EXPECT_EQ(params({{"qkv_conv", true}, {"qkv_width", 3}}), two(2 * kNorm + kAttention + kFeed + 9 * kD));
  EXPECT_EQ(params({{"qk_norm", true}}), two(2 * kNorm + kAttention + kFeed + 2 * 16));
  EXPECT_EQ(params({{"token_shift", true}}), two(2 * kNorm + kAttention + kFeed + kD));
  EXPECT_EQ(params({{"ffn", "swiglu"}}), two(2 * kNorm + kAttention + kFeed + 4 * kD * kD + 4 * kD));
  const Json gone{{"num_heads", nullptr}, {"shared", nullptr},   {"kv_group", nullptr}, {"window", nullptr},
                  {"qk_norm", nullptr},   {"position", nullptr}, {"qkv_conv", nullptr}};
  Json conv = gone;
  conv["mixer"] = "separable_conv";
  conv["kernel"] = 7;
  EXPECT_EQ(params(conv), two(2 * kNorm + 7 * kD + kD * kD + kD + kFeed));
  conv["mixer"] = "conv";
  conv["dilation"] = 2;
  EXPECT_EQ(params(conv), two(2 * kNorm + 7 * kD * kD + kD + kFeed));
}

TEST(Transformers, TheUnionsInactiveGenesDropOut) {
  const Space space = Space::load("transformer_union");
  Json genome = union_layer({{"mixer", "depthwise_conv"}, {"kernel", 3}});
  const auto read = from_json(space, genome);
  ASSERT_FALSE(read.has_value());
  EXPECT_NE(read.error().find("num_heads"), std::string::npos) << read.error();
  const auto grouped = from_json(space, union_layer({{"shared", "qk"}, {"kv_group", 2}}));
  EXPECT_FALSE(grouped && decode(space, *grouped, space.input));
}

TEST(Transformers, LoRAsTrainableParametersAreThoseOfItsRanks) {
  const auto all = [](bool flag) { return std::vector<bool>(6, flag); };
  Json genome = Json::object();
  for (const char* name : {"query", "key", "value", "out", "up", "down"}) genome[name] = all(false);
  const block::Counts none = counts_of("peft_lora", genome);
  EXPECT_EQ(none.trainable, 0);
  genome["query"] = genome["value"] = genome["up"] = all(true);
  genome["rank"] = std::vector<int>(6, 8);
  const block::Counts some = counts_of("peft_lora", genome);
  EXPECT_EQ(some.trainable, 6 * 8 * (2 * (256 + 256) + (256 + 1024)));
  EXPECT_EQ(some.params, none.params + some.trainable);
}

TEST(Transformers, AutoPEFTsTrainableParametersAreThoseOfItsAdapters) {
  EXPECT_EQ(count(Space::load("peft_adapters")).count, "5451776");  // 11³ · 2¹²
  std::vector<bool> adapted(12, false);
  Json genome{{"serial", 48}, {"parallel", 384}, {"prefix", 6}, {"adapted", adapted}};
  const block::Counts none = counts_of("peft_adapters", genome);
  EXPECT_EQ(none.trainable, 0);
  adapted[3] = adapted[11] = true;
  genome["adapted"] = adapted;
  const auto adapter = [](std::int64_t width) { return 2 * 768 * width + width + 768; };
  EXPECT_EQ(counts_of("peft_adapters", genome).trainable, 2 * (adapter(48) + adapter(384) + 2 * 6 * 768));
}

// A cell that is one layer of the Transformer's decoder (Vaswani et al. 2017): attention, then the feed-forward
// network.
TEST(Transformers, TheEvolvedTransformersSpaceHoldsTheTransformer) {
  const Space space = Space::load("evolved_transformer");
  const auto dead = [](Json& genome, const std::string& side, int block) {
    const std::string end = "_" + std::to_string(block);
    if (block > 1) genome[side + "_input" + end] = block - 1;
    genome[side + "_norm" + end] = "none";
    genome[side + "_layer" + end] = "dead_branch";
    genome[side + "_activation" + end] = "none";
  };
  Json genome{{"embed_dim", 128}, {"num_cells", 1}};
  for (int block = 1; block <= 8; ++block) {
    const std::string end = "_" + std::to_string(block);
    dead(genome, "left", block);
    dead(genome, "right", block);
    genome["right_layer" + end] = "identity";
    genome["combiner" + end] = "add";
  }
  genome["left_norm_1"] = genome["left_norm_2"] = "layer_norm";
  genome["left_layer_1"] = "attention";
  genome["left_heads_1"] = 8;
  genome["left_width_1"] = 2;
  for (const int block : {2, 3}) {
    const std::string end = "_" + std::to_string(block);
    genome["left_layer" + end] = "standard_conv";
    genome["left_conv" + end] = 1;
    genome["left_width" + end] = block == 2 ? 8 : 2;
  }
  genome["left_activation_2"] = "relu";
  genome["right_layer_2"] = "dead_branch";
  genome["right_input_3"] = 1;
  Json sorted = Json::object();
  for (const Gene& gene : space.genes) {
    if (genome.contains(gene.name)) sorted[gene.name] = genome.at(gene.name);
  }
  constexpr std::int64_t d = 128;
  EXPECT_EQ(counts_of("evolved_transformer", sorted).params,
            256 * d + 128 * d + 2 * d + 4 * (d * d + d) + 2 * 2 * d + 8 * d * d + 4 * d + d + d * d + d);
}

}  // namespace
}  // namespace weft::space
