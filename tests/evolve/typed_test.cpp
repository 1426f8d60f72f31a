#include "evolve/typed.hpp"

#include <gtest/gtest.h>

#include <set>

#include "llm/checked_sampler.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "tests/support/pieces.hpp"
#include "tests/support/spaces.hpp"

namespace weft::evolve {
namespace {

// A reply of a model that likes every token as much as any other, or nearly.
std::string reply(const llm::Constraint& constraint, std::uint64_t seed, int room) {
  std::vector<std::string> texts = test::pieces();
  for (char c = ' '; c <= '~'; ++c) texts.emplace_back(1, c);
  const int end = static_cast<int>(texts.size());
  texts.emplace_back("</s>");
  llm::CheckedSampler sampler(texts, {end});
  const auto checker = constraint.checker();
  base::Random random(seed);
  std::string text;
  for (; room > 0; --room) {
    std::vector<float> logits;
    for (std::size_t i = 0; i < texts.size(); ++i) logits.push_back(static_cast<float>(random.uniform()));
    const int token = sampler.next(logits, 1, room, *checker, random);
    EXPECT_NE(token, llm::CheckedSampler::kNone) << text;
    if (token == end || token == llm::CheckedSampler::kNone) break;
    text += texts[static_cast<std::size_t>(token)];
  }
  return text;
}

void expect_genomes(const char* name, std::uint64_t replies, int room) {
  const space::Space space = space::Space::load(name);
  const llm::Constraint constraint = constraint_for(space, space.input);
  ASSERT_TRUE(constraint.checker);
  std::set<std::string> genomes;
  for (std::uint64_t seed = 0; seed < replies; ++seed) {
    const std::string text = reply(constraint, seed, room);
    const auto genome = space::from_reply(space, text);
    ASSERT_TRUE(genome) << genome.error() << "\n" << text;
    EXPECT_TRUE(space::decode(space, *genome, space.input)) << text;
    genomes.insert(text);
    if (seed == 0) {
      EXPECT_EQ(reply(constraint, seed, room), text);
    }
  }
  EXPECT_EQ(genomes.size(), replies);
}

TEST(Typed, AnyModelWritesGenomesAndTheSameOnesFromTheSameSeed) {
  expect_genomes("gpt_nano_open", 30, 120);
}

TEST(Typed, AnyModelWritesGenomesOfFewOps) {
  expect_genomes("primer", 5, 160);
}

TEST(Typed, AnyModelWritesAProgramForEachLayer) {
  expect_genomes("autobert_zero", 3, 700);
}

TEST(Typed, ProgramsThatNoCheckerCoversHaveNoGrammarEither) {
  const space::Space closed = space::Space::load("gpt_nano"), listed = space::Space::load("autobert_zero"),
                     two = test::space_of(
                         "genes:\n  a: {program: {seeds: [gpt2.block]}}\n  b: {program: {seeds: [gpt2.block]}}\n"
                         "layers:\n  - {count: 1, block: a, bind: {D: 16, H: 2, R: 1}}\n"
                         "  - {count: 1, block: b, bind: {D: 16, H: 2, R: 1}}\n");
  EXPECT_FALSE(constraint_for(closed, closed.input).grammar.empty());
  EXPECT_TRUE(constraint_for(listed, listed.input).checker);
  EXPECT_TRUE(constraint_for(two, two.input).grammar.empty());
  EXPECT_FALSE(constraint_for(two, two.input).checker);
}

}  // namespace
}  // namespace weft::evolve
