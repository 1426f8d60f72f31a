#include "space/drawing.hpp"

#include <gtest/gtest.h>

#include "space/decode.hpp"
#include "space/genome_text.hpp"

namespace weft::space {
namespace {

std::string drawn(const std::string& name, const std::string& genome) {
  const Space space = Space::load(name);
  const auto read = from_text(space, genome);
  EXPECT_TRUE(read) << read.error();
  const auto architecture = decode(space, *read, space.input);
  EXPECT_TRUE(architecture) << architecture.error();
  return to_dot(*architecture);
}

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Drawing, shows_stem_layers_and_head_and_like_layers_once) {
  const std::string dot =
      drawn("gpt_nano", R"({"embed_dim":64,"depth":3,"block":"gpt2","num_heads":[4,2,4],"mlp_ratio":[2,2,4]})");
  EXPECT_EQ(count(dot, "subgraph"), 1);
  EXPECT_EQ(count(dot, "<b>layers 1 to 3 (× 3)</b>"), 1);
  EXPECT_EQ(count(dot, ">heads 4, 2, 4<"), 1);
  EXPECT_EQ(count(dot, ">width 128, 128, 256<"), 1);
  for (const char* part : {"tokens", "embedding", "learned positions", "output"})
    EXPECT_EQ(count(dot, std::string("<b>") + part + "</b>"), 1) << part;
}

TEST(Drawing, shows_layers_of_other_blocks_apart) {
  const std::string dot = drawn("nasbench201", R"({"op_10":"nor_conv_1x1","op_20":"skip_connect","op_21":"none",)"
                                               R"("op_30":"nor_conv_3x3","op_31":"none","op_32":"avg_pool_3x3"})");
  EXPECT_EQ(count(dot, "(× 5)"), 3);
  EXPECT_EQ(count(dot, "subgraph"), 7);
  EXPECT_EQ(count(dot, "<b>mean over the image</b>"), 1);
}

TEST(Drawing, shows_a_layer_that_does_nothing) {
  Architecture architecture{.width = 8, .layers = {block::Graph{.input = {8, false}, .nodes = {}, .result = {}}}};
  EXPECT_EQ(count(to_dot(architecture), "<b>unchanged</b>"), 1);
}

}  // namespace
}  // namespace weft::space
