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
  const Architecture plain{.width = 8, .ends = {.norm = Norm::none, .tied = true}};
  Architecture other = plain;
  EXPECT_EQ(count_ends(plain).params, 256 * 8);
  other.ends.tied = false;
  EXPECT_EQ(count_ends(other).params, 2 * 256 * 8);
  other = plain;
  other.ends.learned_position = true;
  EXPECT_EQ(count_ends(other).params, (256 + 128) * 8);
  other = plain;
  other.ends.norm = Norm::rmsnorm;
  EXPECT_EQ(count_ends(other).params, 257 * 8);
  other.ends.norm = Norm::layernorm;
  EXPECT_EQ(count_ends(other).params, 258 * 8);
  other.ends.norm_bias = false;
  EXPECT_EQ(count_ends(other).params, 257 * 8);
}

TEST(CountEnds, keeps_what_training_keeps) {
  // In float32: what the stem and the norm put out, and the scores.
  EXPECT_EQ(count_ends({.width = 8}).activations, 4 * 128 * (8 + 8 + 256));
}

}  // namespace
}  // namespace weft::space
