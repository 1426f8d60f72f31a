// What the parts of this room say of small spaces, against every genome written down by hand.
#include <gtest/gtest.h>

#include "space/describe.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/gbnf.hpp"
#include "tests/support/spaces.hpp"

namespace weft::space {
namespace {

class SmallSpaces : public ::testing::TestWithParam<test::SmallSpace> {
 protected:
  const std::set<std::string>& genomes() const { return GetParam().genomes; }
  bool has(const Genome& genome) const { return genomes().contains(to_text(space_, genome)); }
  std::vector<Genome> all() const {
    std::vector<Genome> list;
    for (const std::string& text : genomes()) list.push_back(from_text(space_, text).value());
    return list;
  }

  const Space space_ = test::space_of(GetParam().yaml);
  base::Random random_{1};
};

TEST_P(SmallSpaces, are_enumerated_whole_and_without_repetition) {
  std::set<std::string> texts;
  enumerate(space_, [&](const Genome& genome) {
    EXPECT_TRUE(texts.insert(to_text(space_, genome)).second) << to_text(space_, genome);
    return true;
  });
  EXPECT_EQ(texts, genomes());
}

TEST_P(SmallSpaces, stop_being_enumerated_when_told_to) {
  int seen = 0;
  enumerate(space_, [&](const Genome&) { return ++seen < 5; });
  EXPECT_EQ(seen, 5);
}

TEST_P(SmallSpaces, are_counted_exactly) {
  EXPECT_EQ(count(space_).count, std::to_string(genomes().size()));
  EXPECT_FALSE(count(space_).open);
}

TEST_P(SmallSpaces, are_sampled_whole_and_nothing_else) {
  std::set<std::string> texts;
  for (int i = 0; i < 20'000; ++i) texts.insert(to_text(space_, sample(space_, random_)));
  EXPECT_EQ(texts, genomes());
}

TEST_P(SmallSpaces, are_closed_under_mutation) {
  for (const Genome& parent : all()) {
    for (int i = 0; i < 20; ++i) {
      const auto child = mutate(space_, parent, random_);
      if (!child) continue;
      ASSERT_TRUE(has(*child)) << to_text(space_, *child);
      ASSERT_NE(to_text(space_, *child), to_text(space_, parent));
    }
  }
}

TEST_P(SmallSpaces, are_reached_whole_by_mutation) {
  std::set<std::string> texts;
  Genome genome = sample(space_, random_);
  for (int i = 0; i < 40'000 && texts.size() < genomes().size(); ++i) {
    genome = mutate(space_, genome, random_).value_or(genome);
    texts.insert(to_text(space_, genome));
  }
  EXPECT_EQ(texts, genomes());
}

TEST_P(SmallSpaces, are_closed_under_crossover) {
  const std::vector<Genome> parents = all();
  for (int i = 0; i < 5000; ++i) {
    const Genome &a = random_.pick(parents), &b = random_.pick(parents);
    const auto child = cross_over(space_, a, b, random_);
    if (child) {
      ASSERT_TRUE(has(*child)) << to_text(space_, *child);
    }
  }
}

TEST_P(SmallSpaces, give_a_child_nothing_that_neither_parent_has_where_one_has_it) {
  const std::vector<Genome> parents = all();
  for (int i = 0; i < 5000; ++i) {
    const Genome &a = random_.pick(parents), &b = random_.pick(parents);
    const auto child = cross_over(space_, a, b, random_);
    if (!child) continue;
    for (std::size_t slot = 0; slot < space_.slots(); ++slot) {
      const bool known = a.codes[slot] != Genome::kInactive || b.codes[slot] != Genome::kInactive;
      if (child->codes[slot] == Genome::kInactive || !known) continue;
      ASSERT_TRUE(child->codes[slot] == a.codes[slot] || child->codes[slot] == b.codes[slot]);
    }
  }
}

TEST_P(SmallSpaces, give_back_the_parent_of_two_equal_parents) {
  for (const Genome& parent : all()) {
    const auto child = cross_over(space_, parent, parent, random_);
    ASSERT_TRUE(child);
    ASSERT_EQ(to_text(space_, *child), to_text(space_, parent));
  }
}

TEST_P(SmallSpaces, read_back_every_genome) {
  for (const std::string& text : genomes()) {
    const auto genome = from_text(space_, text);
    ASSERT_TRUE(genome) << text << ": " << genome.error();
    EXPECT_EQ(to_text(space_, *genome), text);
    EXPECT_TRUE(allowed(space_, *genome));
  }
}

TEST_P(SmallSpaces, give_every_genome_an_id_of_its_own) {
  std::set<std::string> ids;
  for (const Genome& genome : all()) ids.insert(id(space_, genome));
  EXPECT_EQ(ids.size(), genomes().size());
}

TEST_P(SmallSpaces, have_a_distance_that_is_a_metric) {
  const std::vector<Genome> list = all();
  for (int i = 0; i < 20'000; ++i) {
    const Genome &a = random_.pick(list), &b = random_.pick(list), &c = random_.pick(list);
    const double ab = distance(space_, a, b);
    ASSERT_EQ(ab == 0, a.codes == b.codes);
    ASSERT_EQ(ab, distance(space_, b, a));
    ASSERT_LE(ab, 1);
    ASSERT_LE(ab, distance(space_, a, c) + distance(space_, c, b) + 1e-12);
  }
}

TEST_P(SmallSpaces, are_accepted_by_their_grammar) {
  const test::Gbnf grammar(space::grammar(space_));
  for (const std::string& text : genomes())
    EXPECT_TRUE(grammar.accepts(text)) << text << "\n" << space::grammar(space_);
}

// The text with a few tokens replaced by others, from this genome or from elsewhere.
std::string scrambled(std::string text, base::Random& random) {
  static const std::vector<std::string> kPieces{"null",     "1", "2", "3", "7",  "true", "\"x\"",
                                                "\"conv\"", "[", "]", ",", "{}", " ",    ""};
  for (std::uint64_t edits = 1 + random.below(3); edits > 0 && !text.empty(); --edits) {
    const std::size_t at = random.below(text.size());
    text = text.substr(0, at) + random.pick(kPieces) + text.substr(std::min(text.size(), at + random.below(3)));
  }
  return text;
}

TEST_P(SmallSpaces, are_all_that_their_grammar_accepts) {
  const test::Gbnf grammar(space::grammar(space_));
  const std::vector<std::string> texts(genomes().begin(), genomes().end());
  for (int i = 0; i < 3000; ++i) {
    const std::string text = scrambled(random_.pick(texts), random_);
    if (genomes().contains(text) || !grammar.accepts(text)) continue;
    // What a grammar cannot say ties per-layer genes to each other: from_text() or allowed() refuses it.
    ASSERT_FALSE(GetParam().grammar_is_exact) << text;
    const auto genome = from_text(space_, text);
    ASSERT_TRUE(!genome || !allowed(space_, *genome) || has(*genome)) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Agree, SmallSpaces, ::testing::ValuesIn(test::small_spaces()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace weft::space
