#include "space/vary.hpp"

#include <gtest/gtest.h>

#include <map>

#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/spaces.hpp"

namespace weft::space {
namespace {

using test::space_of;

Space open_space(const std::string& per_layer = "") {
  return space_of(
      "genes:\n  width: {choice: [16, 32]}\n  depth: {range: [1, 3]}\n  heads: {choice: [2, 4]}\n"
      "  program: {program: {seeds: [gpt2.block, llama.block]}" +
      per_layer +
      "}\n"
      "layers: {count: depth, block: program, bind: {D: width, H: heads, R: 2}}\n"
      "limits: {statements: 30}\n");
}

// How often each value of a gene comes in 10,000 samples.
std::map<std::string, int> frequencies(const Space& space, const std::string& gene) {
  base::Random random(1);
  std::map<std::string, int> counts;
  for (int i = 0; i < 10'000; ++i) ++counts[space.value(sample(space, random), space.gene_index(gene), 0).dump()];
  return counts;
}

TEST(Sample, gives_the_same_genome_for_the_same_stream) {
  for (const Space& space : {Space::load("gpt_nano"), Space::load("gpt_nano_open")}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      base::Random a(seed), b(seed);
      EXPECT_EQ(id(space, sample(space, a)), id(space, sample(space, b)));
    }
  }
}

TEST(Sample, draws_each_value_alike) {
  const Space space = space_of("genes: {a: {range: [1, 5]}, b: {choice: [x, y]}}\n");
  for (const auto& [value, count] : frequencies(space, "a")) EXPECT_NEAR(count, 2000, 200) << value;
  for (const auto& [value, count] : frequencies(space, "b")) EXPECT_NEAR(count, 5000, 300) << value;
}

TEST(Sample, draws_each_allowed_genome_alike_where_constraints_are_global) {
  const Space space = space_of("genes: {a: {range: [1, 3]}, b: {range: [1, 3]}}\nrequire: [\"a <= b\"]\n");
  const auto counts = frequencies(space, "a");  // 3, 2 and 1 of six pairs
  EXPECT_NEAR(counts.at("1"), 5000, 300);
  EXPECT_NEAR(counts.at("2"), 3333, 300);
  EXPECT_NEAR(counts.at("3"), 1667, 300);
}

TEST(Sample, says_that_constraints_refuse_everything) {
  const Space space = space_of("genes: {a: {range: [1, 3]}}\nrequire: [\"a > 3\"]\n");
  base::Random random(1);
  EXPECT_EQ(test::error_of([&] { sample(space, random); }),
            "space 't': its constraints refused 10,000 random genomes; loosen 'require'");
}

TEST(Sample, finds_rare_layers) {
  const Space space = space_of(
      "genes: {a: {range: [1, 10], per_layer: true}, b: {range: [1, 10], per_layer: true}}\n"
      "require: [\"a + b == 20\"]\nlayers: {count: 12, block: gpt2.block, bind: {D: 16, H: 2, R: 1}}\n");
  base::Random random(1);
  EXPECT_TRUE(allowed(space, sample(space, random)));
}

TEST(Sample, of_an_open_space_decodes) {
  for (const char* per_layer : {"", ", per_layer: true"}) {
    const Space space = open_space(per_layer);
    base::Random random(1);
    std::set<std::string> ids;
    for (int i = 0; i < 200; ++i) {
      const Genome genome = sample(space, random);
      const auto architecture = decode(space, genome, {});
      ASSERT_TRUE(architecture) << architecture.error();
      ids.insert(id(space, genome));
    }
    EXPECT_GT(ids.size(), 100U);
  }
}

TEST(Mutate, changes_one_gene) {
  const Space space =
      space_of("genes: {a: {range: [1, 5]}, b: {range: [1, 5]}, c: {range: [1, 5], per_layer: true}}\n");
  base::Random random(1);
  for (int i = 0; i < 500; ++i) {
    const Genome parent = sample(space, random), child = mutate(space, parent, random).value();
    int changed = 0;
    for (std::size_t slot = 0; slot < space.slots(); ++slot) changed += parent.codes[slot] != child.codes[slot] ? 1 : 0;
    ASSERT_EQ(changed, 1);
  }
}

TEST(Mutate, picks_genes_alike_however_many_layers_they_have) {
  const Space space = space_of(
      "genes: {a: {range: [1, 5]}, b: {range: [1, 5], per_layer: true}}\n"
      "layers: {count: 9, block: gpt2.block, bind: {D: 16, H: 2, R: 1}}\n");
  base::Random random(1);
  int global = 0;
  const Genome parent = sample(space, random);
  for (int i = 0; i < 4000; ++i) global += mutate(space, parent, random).value().codes[0] != parent.codes[0] ? 1 : 0;
  EXPECT_NEAR(global, 2000, 150);
}

TEST(Mutate, keeps_the_layers_that_stay) {
  const Space space = Space::load("gpt_nano");
  base::Random random(1);
  const int depth = space.depth_gene, heads = space.gene_index("num_heads");
  for (int i = 0; i < 500; ++i) {
    const Genome parent = sample(space, random), child = mutate(space, parent, random).value();
    if (space.depth(parent) == space.depth(child)) continue;
    for (int layer = 0; layer < std::min(space.depth(parent), space.depth(child)); ++layer) {
      ASSERT_EQ(parent.codes[space.slot(heads, layer)], child.codes[space.slot(heads, layer)]);
    }
    ASSERT_NE(parent.codes[space.slot(depth, 0)], child.codes[space.slot(depth, 0)]);
  }
}

TEST(Mutate, has_nothing_to_give_where_there_is_one_genome) {
  const Space space = space_of("genes: {a: {choice: [1]}}\n");
  base::Random random(1);
  EXPECT_EQ(mutate(space, sample(space, random), random), std::nullopt);
}

TEST(Mutate, has_nothing_to_give_where_two_genes_would_have_to_change) {
  const Space space = space_of("genes: {a: {range: [1, 3]}, b: {range: [1, 3]}}\nrequire: [a + b == 4]\n");
  base::Random random(1);
  EXPECT_EQ(mutate(space, sample(space, random), random), std::nullopt);
}

TEST(Mutate, of_an_open_space_decodes_and_keeps_no_unused_program) {
  for (const char* per_layer : {"", ", per_layer: true"}) {
    const Space space = open_space(per_layer);
    base::Random random(1);
    Genome genome = sample(space, random);
    for (int i = 0; i < 300; ++i) {
      const auto child = mutate(space, genome, random);
      ASSERT_TRUE(child);
      ASSERT_NE(id(space, *child), id(space, genome));
      ASSERT_TRUE(decode(space, *child, {})) << to_text(space, *child);
      ASSERT_LE(child->programs.size(), static_cast<std::size_t>(*per_layer == '\0' ? 1 : space.depth(*child)));
      genome = *child;
    }
  }
}

TEST(CrossOver, takes_from_both_parents_alike) {
  const Space space = space_of("genes: {a: {range: [1, 2]}, b: {range: [1, 2]}}\n");
  const Genome one = from_text(space, R"({"a":1,"b":1})").value(), two = from_text(space, R"({"a":2,"b":2})").value();
  base::Random random(1);
  std::map<std::string, int> counts;
  for (int i = 0; i < 4000; ++i) ++counts[to_text(space, cross_over(space, one, two, random).value())];
  EXPECT_EQ(counts.size(), 4U);
  for (const auto& [text, count] : counts) EXPECT_NEAR(count, 1000, 120) << text;
}

TEST(CrossOver, takes_the_layers_that_only_one_parent_has_from_it) {
  const Space space = Space::load("gpt_nano");
  base::Random random(1);
  const int ratio = space.gene_index("mlp_ratio");
  for (int i = 0; i < 300; ++i) {
    const Genome a = sample(space, random), b = sample(space, random);
    const auto child = cross_over(space, a, b, random);
    if (!child) continue;
    ASSERT_TRUE(space.depth(*child) == space.depth(a) || space.depth(*child) == space.depth(b));
    for (int layer = std::min(space.depth(a), space.depth(b)); layer < space.depth(*child); ++layer) {
      const Genome& longer = space.depth(a) > space.depth(b) ? a : b;
      ASSERT_EQ(child->codes[space.slot(ratio, layer)], longer.codes[space.slot(ratio, layer)]);
    }
  }
}

TEST(CrossOver, of_open_genomes_joins_their_programs) {
  for (const char* per_layer : {"", ", per_layer: true"}) {
    const Space space = open_space(per_layer);
    base::Random random(1);
    int made = 0, joined = 0;
    for (int i = 0; i < 100; ++i) {
      const Genome a = sample(space, random), b = sample(space, random);
      const auto child = cross_over(space, a, b, random);
      if (!child) continue;
      ++made;
      ASSERT_TRUE(decode(space, *child, {}));
      for (const auto& program : child->programs) {
        const auto is_it = [&](const auto& known) { return known->id == program->id; };
        const bool whole = std::any_of(a.programs.begin(), a.programs.end(), is_it) ||
                           std::any_of(b.programs.begin(), b.programs.end(), is_it);
        joined += whole ? 0 : 1;
      }
    }
    EXPECT_GT(made, 60) << per_layer;
    EXPECT_GT(joined, made / 2) << per_layer;
  }
}

TEST(Enumerate, refuses_an_open_space) {
  EXPECT_EQ(test::error_of([] { enumerate(open_space(), [](const Genome&) { return true; }); }),
            "space 't' is open (gene 'program'): it cannot be enumerated");
}

}  // namespace
}  // namespace weft::space
