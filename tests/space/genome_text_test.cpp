#include "space/genome_text.hpp"

#include <gtest/gtest.h>

#include "base/hash.hpp"
#include "space/vary.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/spaces.hpp"

namespace weft::space {
namespace {

using test::refusal;
using test::space_of;

Space deep() {
  return test::space_of(test::deep_space().yaml);
}
Space open() {
  return space_of(
      "genes:\n  width: {choice: [16, 32]}\n  program: {program: {seeds: [gpt2.block, llama.block]}}\n"
      "layers: {count: 2, block: program, bind: {D: width, H: 2, R: 2}}\n");
}

Genome genome_of(const Space& space, const std::string& text) {
  auto genome = from_text(space, text);
  if (genome) return *genome;
  ADD_FAILURE() << genome.error();
  return {};
}

TEST(GenomeText, stands_in_the_order_of_the_genes) {
  const Space space = deep();
  EXPECT_EQ(to_text(space, genome_of(space, R"({"heads":[1,null],"mixer":["attn","conv"],"depth":2,"wide":true})")),
            R"({"wide":true,"depth":2,"mixer":["attn","conv"],"heads":[1,null]})");
}

TEST(GenomeText, leaves_out_a_list_without_values) {
  const Space space = deep();
  EXPECT_EQ(to_text(space, genome_of(space, R"({"wide":true,"depth":1,"mixer":["conv"],"heads":[null]})")),
            R"({"wide":true,"depth":1,"mixer":["conv"]})");
}

TEST(GenomeText, writes_programs_in_canonical_form) {
  const Space space = open();
  const Genome genome = genome_of(space, R"({"width":16,"program":"def f(y):\n  h = relu(y)\n  return h"})");
  EXPECT_EQ(to_json(space, genome).at("program"), "def block(x):\n    return relu(x)\n");
}

TEST(GenomeId, is_over_values) {
  const Space space = space_of("genes: {a: {choice: [4, 0.5]}, b: {choice: [x, y]}}\n");
  EXPECT_EQ(id(space, genome_of(space, R"({"a":4,"b":"x"})")), id(space, genome_of(space, R"({"b":"x","a":4.0})")));
  EXPECT_NE(id(space, genome_of(space, R"({"a":4,"b":"x"})")), id(space, genome_of(space, R"({"a":4,"b":"y"})")));
}

TEST(GenomeId, is_that_of_the_same_values_in_another_space) {
  const Space a = space_of("genes: {a: {choice: [4, 8]}, b: {choice: [x, y]}}\n"),
              b = space_of("genes: {b: {choice: [y, z, x]}, a: {range: [1, 9]}}\n");
  EXPECT_EQ(id(a, genome_of(a, R"({"a":4,"b":"x"})")), id(b, genome_of(b, R"({"a":4,"b":"x"})")));
}

TEST(GenomeId, is_over_programs_in_canonical_form) {
  const Space space = open();
  const auto with = [&](const std::string& body) {
    return id(space, genome_of(space, R"({"width":16,"program":"def block(x):\n    )" + body + "\"}"));
  };
  EXPECT_EQ(with("return relu(x) + gelu(x)"), with("a = gelu(x)\\n    b = relu(x)\\n    return a + b"));
  EXPECT_NE(with("return relu(x)"), with("return gelu(x)"));
}

TEST(GenomeId, is_a_version_and_the_hash_of_the_canonical_json) {
  const Space space = space_of("genes: {b: {choice: [x]}, a: {choice: [4.0]}}\n");
  EXPECT_EQ(id(space, genome_of(space, R"({"a":4,"b":"x"})")), "g1-" + base::short_hash(R"({"a":4,"b":"x"})"));
}

std::string refused(const Space& space, const std::string& text) {
  return refusal(from_text(space, text));
}

TEST(FromJson, wants_an_object) {
  EXPECT_EQ(refused(deep(), "[1]"), "a genome is a JSON object with the genes wide, depth, mixer, heads");
  EXPECT_EQ(refused(deep(), "{"), "not JSON: error at byte 2");
}

TEST(FromJson, names_an_unknown_gene_and_the_nearest) {
  EXPECT_EQ(refused(deep(), R"({"dept":2})"),
            "unknown gene 'dept'; genes are wide, depth, mixer, heads; did you mean 'depth'?");
}

TEST(FromJson, names_a_missing_gene_and_its_domain) {
  EXPECT_EQ(refused(deep(), R"({"wide":true,"mixer":["conv"]})"), "gene 'depth' is missing; it is 1, 2 or 3");
  EXPECT_EQ(refused(deep(), R"({"wide":true,"depth":2})"),
            "gene 'mixer' in layer 0 is missing; it is \"attn\" or \"conv\"");
  EXPECT_EQ(refused(deep(), R"({"wide":null,"depth":1,"mixer":["conv"]})"),
            "gene 'wide' is missing; it is false or true");
}

TEST(FromJson, names_the_value_the_domain_and_the_nearest) {
  EXPECT_EQ(refused(deep(), R"({"wide":true,"depth":4,"mixer":[]})"), "gene 'depth' is 4; it must be 1, 2 or 3");
  EXPECT_EQ(refused(deep(), R"({"wide":true,"depth":2,"mixer":["conv","atn"]})"),
            "gene 'mixer' in layer 1 is \"atn\"; it must be \"attn\" or \"conv\"; did you mean 'attn'?");
  EXPECT_EQ(refused(deep(), R"({"wide":1,"depth":1,"mixer":["conv"]})"), "gene 'wide' is 1; it must be false or true");
  EXPECT_EQ(refused(deep(), R"({"wide":true,"depth":"2","mixer":[]})"), "gene 'depth' is \"2\"; it must be 1, 2 or 3");
}

TEST(FromJson, shows_only_the_beginning_of_large_domains_and_values) {
  const Space space = space_of("genes: {a: {range: [1, 1000]}}\n");
  const std::string error = refused(space, "{\"a\":\"" + std::string(5000, 'z') + "\"}");
  EXPECT_LT(error.size(), 250U);
  EXPECT_TRUE(error.ends_with("19, 20 or ...")) << error;
}

TEST(FromJson, wants_a_value_a_layer) {
  EXPECT_EQ(refused(deep(), R"({"wide":true,"depth":2,"mixer":["conv"]})"),
            "gene 'mixer' must be a list of 2 values, one a layer, not 1");
  EXPECT_EQ(refused(deep(), R"({"wide":true,"depth":2,"mixer":"conv"})"),
            "gene 'mixer' must be a list of 2 values, one a layer");
}

TEST(FromJson, refuses_a_value_for_an_inactive_gene) {
  EXPECT_EQ(refused(deep(), R"({"wide":true,"depth":1,"mixer":["conv"],"heads":[1]})"),
            "gene 'heads' in layer 0 is inactive, since mixer == 'attn' does not hold; leave it out");
  const Space chained = space_of(test::chained_space().yaml);
  EXPECT_EQ(refused(chained, R"({"a":false,"b":1,"d":0})"),
            "gene 'b' is inactive, since a does not hold; leave it out");
}

TEST(FromJson, leaves_constraints_to_decode) {
  const Space space = space_of("genes: {a: {range: [1, 4]}}\nrequire: [\"a % 2 == 0\"]\n");
  const Genome genome = genome_of(space, R"({"a":3})");
  EXPECT_FALSE(allowed(space, genome));
}

TEST(FromJson, names_gene_and_line_of_a_bad_program) {
  EXPECT_EQ(refused(open(), R"({"width":16,"program":"def block(x):\n    return y"})"),
            "gene 'program': line 2: 'y' is not defined");
  EXPECT_EQ(refused(open(), R"({"width":16,"program":3})"), "gene 'program' must be the text of a block program");
}

TEST(FromJson, reads_back_what_to_text_wrote_for_open_spaces) {
  const Space space = open();
  base::Random random(1);
  for (int i = 0; i < 50; ++i) {
    const Genome genome = sample(space, random);
    EXPECT_EQ(id(space, genome_of(space, to_text(space, genome))), id(space, genome));
  }
}

TEST(Distance, is_the_share_of_slots_that_differ) {
  const Space space =
      space_of("genes: {a: {range: [1, 4]}, b: {range: [1, 4]}, c: {range: [1, 4]}, d: {range: [1, 4]}}\n");
  const Genome one = genome_of(space, R"({"a":1,"b":1,"c":1,"d":1})");
  EXPECT_EQ(distance(space, one, one), 0);
  EXPECT_EQ(distance(space, one, genome_of(space, R"({"a":1,"b":1,"c":1,"d":4})")), 0.25);
  EXPECT_EQ(distance(space, one, genome_of(space, R"({"a":2,"b":2,"c":2,"d":2})")), 1);
}

TEST(Distance, counts_a_layer_that_one_has_not_as_different) {
  const Space space = deep();
  EXPECT_DOUBLE_EQ(distance(space, genome_of(space, R"({"wide":true,"depth":1,"mixer":["conv"]})"),
                            genome_of(space, R"({"wide":true,"depth":2,"mixer":["conv","conv"]})")),
                   2.0 / 4);
}

TEST(Distance, of_programs_is_the_share_of_ops_they_do_not_share) {
  const Space space = open();
  const auto with = [&](const std::string& body) {
    return genome_of(space, R"({"width":16,"program":"def block(x):\n    return )" + body + "\"}");
  };
  const double near = distance(space, with("relu(linear(x, D))"), with("gelu(linear(x, D))")),
               far = distance(space, with("relu(linear(x, D))"), with("layernorm(x)"));
  EXPECT_EQ(distance(space, with("relu(x) + gelu(x)"), with("gelu(x) + relu(x)")), 0);
  EXPECT_GT(near, 0);
  EXPECT_GT(far, near);
  EXPECT_LE(far, 0.5);
}

TEST(Distance, tells_programs_of_the_same_ops_apart) {
  const Space space = open();
  const auto with = [&](const std::string& body) {
    return genome_of(space, R"({"width":16,"program":"def block(x):\n    return )" + body + "\"}");
  };
  EXPECT_GT(distance(space, with("relu(gelu(x))"), with("gelu(relu(x))")), 0);
}

TEST(Id, is_a_hash_of_the_canonical_json) {
  for (const char* name : {"gpt_s", "gpt_nano", "gpt_nano_open", "autoformer_t", "nasbench201"}) {
    const Space space = Space::load(name);
    base::Random random(1, name);
    for (int i = 0; i < 200; ++i) {
      const Genome genome = sample(space, random);
      ASSERT_EQ(id(space, genome), "g1-" + base::short_hash(base::canonical_text(to_json(space, genome))));
    }
  }
  for (const test::SmallSpace& small : test::small_spaces()) {
    const Space space = space_of(small.yaml);
    enumerate(space, [&](const Genome& genome) {
      EXPECT_EQ(id(space, genome), "g1-" + base::short_hash(base::canonical_text(to_json(space, genome))));
      return true;
    });
  }
}

TEST(Distance, between_open_genomes_is_a_metric) {
  const Space space = open();
  base::Random random(1);
  std::vector<Genome> genomes;
  for (int i = 0; i < 40; ++i) genomes.push_back(sample(space, random));
  for (int i = 0; i < 5000; ++i) {
    const Genome &a = random.pick(genomes), &b = random.pick(genomes), &c = random.pick(genomes);
    ASSERT_EQ(distance(space, a, b), distance(space, b, a));
    ASSERT_EQ(distance(space, a, b) == 0, id(space, a) == id(space, b));
    ASSERT_LE(distance(space, a, b), distance(space, a, c) + distance(space, c, b) + 1e-12);
  }
}

}  // namespace
}  // namespace weft::space
