#include "space/architecture.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/spaces.hpp"

namespace weft::space {
namespace {

block::Counts counts_of(const Space& space, const base::Json& genome, const Input& input) {
  const auto read = from_json(space, genome);
  if (!read) {
    ADD_FAILURE() << read.error();
    return {};
  }
  const auto architecture = decode(space, *read, input);
  if (architecture) return architecture->counts;
  ADD_FAILURE() << architecture.error();
  return {};
}

// One genome of gpt_nano: width 64, two layers of 2 and 4 heads and ratios 1 and 4, contexts of 128 bytes.
block::Counts nano(const char* block) {
  return counts_of(Space::load("gpt_nano"),
                   *base::parse_json(R"({"embed_dim":64,"depth":2,"block":")" + std::string(block) +
                                     R"(","num_heads":[2,4],"mlp_ratio":[1,4]})"),
                   default_input(Task::language_model));
}

// Numbers worked out on paper: ends are the tied embedding 256·64, positions 128·64 and the last norm 2·64; a layer is
// its norms, four products of 64·64 and a feed-forward network of width 64 and 256.
TEST(Counts, of_whole_models_equal_numbers_by_hand) {
  const std::int64_t ends = 16384 + 8192 + 128;
  EXPECT_EQ(nano("gpt2").params, ends + 2 * (2 * 128 + 4 * 4160) + (4160 + 4160) + (16640 + 16448));
  EXPECT_EQ(nano("llama").params, ends + 2 * (2 * 64 + 4 * 4096) + 3 * 4096 + 3 * 16384);
  EXPECT_EQ(nano("parallel").params, ends + 2 * (128 + 4 * 4160) + (4160 + 4160) + (16640 + 16448));
  EXPECT_EQ(nano("primer").params, ends + 2 * (2 * 128 + 4 * 4160 + 3 * 192) + (4160 + 4160) + (16640 + 16448));
}

TEST(Counts, of_products_equal_numbers_by_hand) {
  const std::int64_t head = 128 * 64 * 256, attention = 128 * 128 * 128, projections = 128 * 4 * 4096;
  const std::int64_t rest = head + 2 * (attention + projections);
  EXPECT_EQ(nano("gpt2").macs, rest + 128 * (2 * 4096 + 2 * 16384));
  EXPECT_EQ(nano("llama").macs, rest + 128 * (3 * 4096 + 3 * 16384));
  EXPECT_EQ(nano("parallel").macs, nano("gpt2").macs);
  EXPECT_EQ(nano("primer").macs, nano("gpt2").macs + 2 * 128 * 3 * 192);
}

TEST(Counts, of_a_vision_model_equal_numbers_by_hand) {
  // 49 patches of 4·4 pixels: embedding 16·64+64, positions 49·64, one gpt2 layer twice, norm 128, classes 64·10+10.
  const block::Counts counts =
      counts_of(Space::load("vit_nano"),
                *base::parse_json(R"({"embed_dim":64,"depth":2,"block":"gpt2","num_heads":[2,2],"mlp_ratio":[1,1]})"),
                default_input(Task::image_classification));
  EXPECT_EQ(counts.params, 1088 + 3136 + 2 * (256 + 4 * 4160 + 2 * 4160) + 128 + 650);
  EXPECT_EQ(counts.macs, 49 * 16 * 64 + 2 * (49 * 6 * 4096 + 49 * 49 * 128) + 640);
}

TEST(CountEnds, follows_norm_position_and_tying) {
  const Architecture plain{.width = 8, .norm = Norm::none, .tied = true};
  Architecture other = plain;
  EXPECT_EQ(count_ends(plain).params, 256 * 8);
  other.tied = false;
  EXPECT_EQ(count_ends(other).params, 2 * 256 * 8);
  other = plain;
  other.learned_position = true;
  EXPECT_EQ(count_ends(other).params, (256 + 128) * 8);
  other = plain;
  other.norm = Norm::rmsnorm;
  EXPECT_EQ(count_ends(other).params, 257 * 8);
  other.norm = Norm::layernorm;
  EXPECT_EQ(count_ends(other).params, 258 * 8);
  other.norm_bias = false;
  EXPECT_EQ(count_ends(other).params, 257 * 8);
}

TEST(CountEnds, keeps_what_training_keeps) {
  // In float32: what the stem and the norm put out, and the scores.
  EXPECT_EQ(count_ends({.width = 8}).activations, 4 * 128 * (8 + 8 + 256));
}

// GPT as GPT-NeoX builds it: projections of 64 channels a head, half of each rotary. Without biases the norms keep
// theirs.
constexpr const char* kGptBlock =
    "def block(x):\n    h = layernorm(x)\n    w = 64 * H\n"
    "    q = linear(h, w, bias=B)\n    k = linear(h, w, bias=B)\n    v = linear(h, w, bias=B)\n"
    "    x = x + linear(attention(q, k, v, heads=H, rotary=0.5), D, bias=B)\n"
    "    f = gelu(linear(layernorm(x), R * D, bias=B))\n    return x + linear(f, D, bias=B)\n";

Space gpt_space(bool tied) {
  const test::Folder folder;
  folder.write("gpt.block", kGptBlock);
  return Space::load(folder.write(
      "gpt.yaml",
      "name: gpt\ntask: language_model\ngenes:\n  embed_dim: {range: [192, 768], step: 64}\n  depth: {range: [10, "
      "22]}\n"
      "  mlp: {range: [2, 4], per_layer: true}\n  heads: {choice: [4, 8, 12], per_layer: true}\n  bias: {flag: true}\n"
      "layers: {count: depth, block: gpt.block, bind: {D: embed_dim, H: heads, R: mlp, B: bias}}\n"
      "stem: {embedding: 50254, position: none}\nhead: {tied: " +
          std::string(tied ? "true" : "false") + "}\n"));
}

// The products of the same model, counted here once more.
std::int64_t gpt_macs(const base::Json& row, std::int64_t time) {
  const std::int64_t width = row.at("E");
  std::int64_t macs = time * width * 50254;
  for (std::size_t layer = 0; layer < row.at("mlp").size(); ++layer) {
    const std::int64_t inner = 64 * row.at("heads")[layer].get<std::int64_t>(), ratio = row.at("mlp")[layer];
    macs += time * (4 * width * inner + 2 * ratio * width * width) + 2 * time * time * inner;
  }
  return macs;
}

TEST(Counts, equal_those_of_reference_models) {
  const char* shared = std::getenv("WEFT_SHARED");
  const base::fs::path file =
      (shared != nullptr ? base::fs::path(shared) : base::fs::path(WEFT_SOURCE_DIR) / "../shared") /
      "golden/counts.json";
  if (!base::fs::exists(file)) GTEST_SKIP() << "no reference counts at " << file << "; set WEFT_SHARED";
  const base::Json rows = base::parse_json(base::read_file(file)).value().at("gpt");
  ASSERT_GE(rows.size(), 6U);
  for (const base::Json& row : rows) {
    const base::Json genome{{"embed_dim", row.at("E")},
                            {"depth", row.at("depth")},
                            {"mlp", row.at("mlp")},
                            {"heads", row.at("heads")},
                            {"bias", row.at("bias")}};
    const Input input{.context = 1024};
    EXPECT_EQ(counts_of(gpt_space(false), genome, input).params, row.at("untied")) << row.at("name");
    EXPECT_EQ(counts_of(gpt_space(true), genome, input).params, row.at("tied")) << row.at("name");
    EXPECT_EQ(counts_of(gpt_space(true), genome, input).macs, gpt_macs(row, 1024)) << row.at("name");
  }
}

}  // namespace
}  // namespace weft::space
