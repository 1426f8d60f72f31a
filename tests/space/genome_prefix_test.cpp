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

// Samples that decode, a character at a time; `look` sees what is there after each. Returns how many there were.
template <class Look>
int take_samples(const Space& space, int samples, Look look) {
  base::Random random(1);
  int taken = 0;
  for (int i = 0; i < samples; ++i) {
    const Genome genome = sample(space, random);
    if (!decode(space, genome, space.input)) continue;
    ++taken;
    const std::string text = genome_form(space, genome);
    GenomePrefix prefix(space, space.input);
    for (const char c : text) {
      EXPECT_TRUE(prefix.extend({&c, 1})) << "after\n" << prefix.text() << "\nof\n" << text;
      look(prefix);
    }
    EXPECT_EQ(prefix.text(), text);
    EXPECT_TRUE(prefix.complete());
  }
  return taken;
}

TEST(GenomePrefix, takes_every_beginning_of_samples_that_decode) {
  const Space space = Space::load("gpt_nano_open");
  const auto look = [&](const GenomePrefix& prefix) { expect_genome(space, prefix.text() + prefix.completion()); };
  EXPECT_GT(take_samples(space, 12, look), 4);
}

// A program for each layer, of few ops.
Space layered() {
  return test::space_of(
      "genes:\n  width: {choice: [16, 24]}\n  heads: {choice: [1, 2, 3], per_layer: true}\n"
      "  block: {program: {seeds: [gpt2.block], ops: [linear, layernorm, attention, gelu, add, heads, merge]}, "
      "per_layer: true}\nrequire: [\"width % heads == 0\"]\n"
      "layers: {count: 3, block: block, bind: {D: width, H: heads, R: 1}}\nlimits: {params: 60k}\n");
}

TEST(GenomePrefix, takes_every_beginning_of_a_list_of_programs) {
  const Space space = layered();
  const auto look = [&](const GenomePrefix& prefix) {
    GenomePrefix longer = prefix;
    EXPECT_EQ(prefix.complete(), prefix.completion().empty());
    EXPECT_FALSE(prefix.complete() && longer.extend(" "));
  };
  EXPECT_GT(take_samples(space, 6, look), 3);
}

TEST(GenomePrefix, holds_every_program_of_a_list_to_its_layer) {
  const Space space = layered();
  GenomePrefix prefix(space, space.input);
  ASSERT_TRUE(prefix.extend("{\"width\":16,\"heads\":[1,2,1],\"block\":[\"def block(x):\\n    return x"));
  expect_genome(space, prefix.text() + prefix.completion());
  EXPECT_FALSE(prefix.extend("\n"));    // JSON has no line's end inside a text
  EXPECT_FALSE(prefix.extend("\\\""));  // nor a program a quote
  EXPECT_FALSE(prefix.extend("\\n\"]"));
  ASSERT_TRUE(prefix.extend("\\"));
  EXPECT_FALSE(prefix.extend("t"));
  EXPECT_EQ(prefix.text().back(), '\\');
  expect_genome(space, prefix.text() + prefix.completion());
  ASSERT_TRUE(prefix.extend("n\",\"def block(x):\\n    return "));
  EXPECT_FALSE(prefix.extend("relu("));  // no op of this space
  ASSERT_TRUE(prefix.extend("merge(heads(x, H))\\n\""));
  expect_genome(space, prefix.text() + prefix.completion());
  ASSERT_TRUE(prefix.extend(prefix.completion()));
  EXPECT_TRUE(prefix.complete());
  expect_genome(space, prefix.text());
}

TEST(GenomePrefix, of_a_list_is_read_as_the_genome_that_it_checked) {
  const Space space = layered();
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    base::Random random(seed, "list");
    GenomePrefix prefix(space, space.input);
    ASSERT_TRUE(prefix.extend("{\"width\":24,\"heads\":[1,2,3],\"block\":[\"def block(x):\\n    "));
    test::grow(prefix, 200, random, [&] { expect_genome(space, prefix.text() + prefix.completion()); });
  }
  const Space zero = Space::load("autobert_zero");
  GenomePrefix prefix(zero, zero.input);
  expect_genome(zero, prefix.completion());
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
  const std::string list = where_wrong(
      layered(), space.input,
      "{\"width\":16,\"heads\":[1,1,1],\"block\":[\"def block(x):\\n    return x\\n\",\"def block(x):\\n    "
      "return gelu(x)\\n\",\"def block(x):\\n    return y\\n\"]}");
  EXPECT_TRUE(
      list.starts_with(" (the program of layer 2 can be completed up to line 2, column 12: '    return ', then"))
      << list;
}

}  // namespace
}  // namespace weft::space
