// Redrawing: mutation with a probability for each gene.
#include <gtest/gtest.h>

#include <cmath>

#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/spaces.hpp"

namespace weft::space {
namespace {

using test::space_of;

constexpr int kDraws = 4000;

// How often the gene of a child differs from its parent's, a layer.
double changed_share(const Space& space, const Redraw& chances, const std::string& name) {
  base::Random random(1);
  const int gene = space.gene_index(name);
  int changed = 0, seen = 0;
  for (int i = 0; i < kDraws; ++i) {
    const Genome parent = sample(space, random);
    const auto child = redraw(space, parent, chances, random);
    if (!child) continue;
    for (int layer = 0; layer < std::min(space.copies(gene, parent), space.copies(gene, *child)); ++layer) {
      const std::size_t slot = space.slot(gene, layer);
      ++seen;
      changed += parent.codes[slot] != child->codes[slot];
    }
  }
  return static_cast<double>(changed) / seen;
}

// A redrawn gene of n values is another one in (n - 1) / n of the draws.
TEST(Redraw, draws_each_gene_with_the_probability_of_its_scope) {
  const Space space = Space::load("autoformer_t");
  const Redraw chances{.global = 0.4, .layer = 0.2};
  EXPECT_NEAR(changed_share(space, chances, "embed_dim"), 0.4 * 2 / 3, 0.02);
  EXPECT_NEAR(changed_share(space, chances, "depth"), 0.4 * 2 / 3, 0.02);
  EXPECT_NEAR(changed_share(space, chances, "num_heads"), 0.2 / 2, 0.01);
  EXPECT_NEAR(changed_share(space, chances, "mlp_ratio"), 0.2 * 2 / 3, 0.01);
}

TEST(Redraw, leaves_a_genome_as_it_is_with_no_chance_and_samples_it_with_a_sure_one) {
  const Space space = Space::load("autoformer_t");
  base::Random random(1);
  const Genome parent = sample(space, random);
  EXPECT_EQ(id(space, *redraw(space, parent, {.global = 0, .layer = 0}, random)), id(space, parent));
  EXPECT_NEAR(changed_share(space, {.global = 1, .layer = 1}, "mlp_ratio"), 2.0 / 3, 0.02);
}

TEST(Redraw, keeps_the_layers_that_stay_and_samples_those_that_are_new) {
  const Space space = Space::load("gpt_nano");
  base::Random random(1);
  const int heads = space.gene_index("num_heads");
  std::map<std::int32_t, int> drawn;
  for (int i = 0; i < kDraws; ++i) {
    const Genome parent = sample(space, random);
    const auto child = redraw(space, parent, {.global = 1, .layer = 0}, random);
    if (!child) continue;
    const int before = space.depth(parent), now = space.depth(*child);
    for (int layer = 0; layer < space.max_depth; ++layer) {
      const std::int32_t code = child->codes[space.slot(heads, layer)];
      EXPECT_EQ(code == Genome::kInactive, layer >= now);
      if (layer < std::min(before, now)) {
        EXPECT_EQ(code, parent.codes[space.slot(heads, layer)]);
      }
      if (layer >= before && layer < now) ++drawn[code];
    }
  }
  ASSERT_EQ(drawn.size(), 3U);
  const int all = drawn[0] + drawn[1] + drawn[2];
  for (const auto& [code, count] : drawn) EXPECT_NEAR(static_cast<double>(count) / all, 1.0 / 3, 0.03) << code;
}

TEST(Redraw, draws_what_a_condition_brings_to_life_and_empties_what_it_ends) {
  const Space space = space_of(test::conditional_space().yaml);
  base::Random random(1);
  const int heads = space.gene_index("heads"), mixer = space.gene_index("mixer");
  int with = 0, without = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto child = redraw(space, sample(space, random), {.global = 0.5, .layer = 0}, random);
    ASSERT_TRUE(child.has_value());
    EXPECT_TRUE(allowed(space, *child));
    const bool attends = child->codes[space.slot(mixer, 0)] == 0;
    EXPECT_EQ(child->codes[space.slot(heads, 0)] != Genome::kInactive, attends);
    ++(attends ? with : without);
  }
  EXPECT_GT(with, 100);
  EXPECT_GT(without, 100);
}

TEST(Redraw, gives_nothing_where_constraints_refuse_every_child) {
  const Space space = space_of("genes: {a: {range: [1, 1000]}, b: {range: [1, 1000]}}\nrequire: [\"a == b\"]\n");
  base::Random random(1);
  Genome parent{std::vector<std::int32_t>(space.slots(), 7), {}};
  int refused = 0;
  for (int i = 0; i < 50; ++i) refused += !redraw(space, parent, {.global = 1, .layer = 1}, random).has_value();
  EXPECT_GT(refused, 35);  // a hundred draws of one chance in a thousand
}

TEST(Redraw, edits_the_programs_of_open_genes) {
  for (const char* name : {"gpt_nano_open", "autobert_zero"}) {
    const Space space = Space::load(name);
    base::Random random(1);
    int edited = 0;
    for (int i = 0; i < 60; ++i) {
      const Genome parent = sample(space, random);
      const auto child = redraw(space, parent, {.global = 0.5, .layer = 0.5}, random);
      ASSERT_TRUE(child.has_value());
      const auto again = from_text(space, to_text(space, *child));
      ASSERT_TRUE(again.has_value()) << again.error();
      EXPECT_EQ(id(space, *again), id(space, *child));
      edited += id(space, *child) != id(space, parent);
    }
    EXPECT_GT(edited, 30) << name;
  }
}

TEST(Redraw, gives_the_same_child_for_the_same_stream) {
  for (const char* name : {"gpt_nano", "gpt_nano_open", "nasbench201", "transformer_union"}) {
    const Space space = Space::load(name);
    base::Random parents(1);
    const Genome parent = sample(space, parents);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      base::Random a(seed), b(seed);
      const auto first = redraw(space, parent, {}, a), again = redraw(space, parent, {}, b);
      ASSERT_EQ(first.has_value(), again.has_value());
      if (first) {
        EXPECT_EQ(id(space, *first), id(space, *again));
      }
    }
  }
}

}  // namespace
}  // namespace weft::space
