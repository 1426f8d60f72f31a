#include "space/genome_prefix.hpp"

#include <gtest/gtest.h>

#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/vary.hpp"
#include "tests/support/pieces.hpp"
#include "tests/support/spaces.hpp"

namespace weft::space {
namespace {

void expect_genome(const Space& space, const std::string& text) {
  const auto genome = from_reply(space, text);
  ASSERT_TRUE(genome) << genome.error() << "\n" << text;
  const auto architecture = decode(space, *genome, space.input);
  ASSERT_TRUE(architecture) << architecture.error() << "\n" << text;
}

TEST(GenomePrefix, takes_every_beginning_of_samples_that_decode) {
  const Space space = Space::load("gpt_nano_open");
  base::Random random(1);
  int taken = 0;
  for (int i = 0; i < 12; ++i) {
    const Genome genome = sample(space, random);
    if (!decode(space, genome, space.input)) continue;
    ++taken;
    const std::string text = genome_form(space, genome);
    GenomePrefix prefix(space, space.input);
    for (const char c : text) {
      ASSERT_TRUE(prefix.extend({&c, 1})) << "after\n" << prefix.text() << "\nof\n" << text;
      expect_genome(space, prefix.text() + prefix.completion());
    }
    EXPECT_TRUE(prefix.complete());
  }
  EXPECT_GT(taken, 4);
}

TEST(GenomePrefix, is_read_as_the_genome_that_it_checked) {
  for (const char* name : {"gpt_nano_open", "lm_blocks"}) {
    const Space space = Space::load(name);
    const GenomePrefix empty(space, space.input);
    const std::string line = empty.completion().substr(0, empty.completion().find('\n'));
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      base::Random random(seed, name);
      GenomePrefix prefix = empty;
      ASSERT_TRUE(prefix.extend(line + "\ndef block(x):\n    "));
      test::grow(prefix, line.size() + 160, random, [] {});
      const std::string text = prefix.text() + prefix.completion();
      expect_genome(space, text);
      const auto program = block::parse(text.substr(text.find('\n') + 1), "grown");
      ASSERT_TRUE(program) << program.error().text() << "\n" << text;
      EXPECT_EQ(from_reply(space, text)->programs.at(0)->id, block::id(*program)) << text;
    }
  }
}

TEST(GenomePrefix, refuses_the_first_wrong_character_of_the_line) {
  const Space space = Space::load("gpt_nano_open");
  GenomePrefix prefix(space, space.input);
  EXPECT_FALSE(prefix.extend(" "));
  EXPECT_FALSE(prefix.extend("{\"depth"));
  ASSERT_TRUE(prefix.extend("{\"embed_dim\":"));
  EXPECT_FALSE(prefix.extend("65"));
  ASSERT_TRUE(prefix.extend("64,\"depth\":6,"));
  EXPECT_FALSE(prefix.extend("\n"));
  EXPECT_FALSE(prefix.complete());
  EXPECT_EQ(prefix.completion(), "\"num_heads\":2,\"mlp_ratio\":1}\ndef block(x):\n    return x\n");
}

TEST(GenomePrefix, keeps_the_constraints_and_limits_of_the_space) {
  const Space space = test::space_of(
      "genes:\n  width: {choice: [16, 24, 512]}\n  heads: {choice: [1, 2, 3], per_layer: true}\n"
      "  block: {program: {seeds: [gpt2.block]}}\nrequire: [\"width % heads == 0\"]\n"
      "layers: {count: 2, block: block, bind: {D: width, H: heads, R: 1}}\nlimits: {params: 60k}\n");
  GenomePrefix prefix(space, space.input);
  EXPECT_FALSE(prefix.extend("{\"width\":5"));
  ASSERT_TRUE(prefix.extend("{\"width\":16,\"heads\":["));
  EXPECT_FALSE(prefix.extend("3"));
  ASSERT_TRUE(prefix.extend("1,2]}\ndef block(x):\n    return attention(x, x, x, heads=H)\n"));
  expect_genome(space, prefix.text());
}

TEST(GenomePrefix, says_where_a_reply_goes_wrong) {
  const Space space = Space::load("gpt_nano_open");
  const std::string line = "{\"embed_dim\":64,\"depth\":2,\"num_heads\":2,\"mlp_ratio\":1}\n";
  EXPECT_EQ(where_wrong(space, space.input, line + "def block(x):\n    return x + linear(x, D, bais=true)\n"),
            " (the program can be completed up to line 2, column 30: '    return x + linear(x, D, b')");
  EXPECT_EQ(where_wrong(space, space.input, line + "def block(x):\n    return x\n"), "");
  EXPECT_EQ(where_wrong(space, space.input, "no genome"), "");
}

}  // namespace
}  // namespace weft::space
