#include "block/mutate.hpp"

#include <gtest/gtest.h>

#include <set>

#include "block/graph.hpp"
#include "tests/support/programs.hpp"

namespace weft::block {
namespace {

using test::program_of;

const std::vector<std::string> kGenes{"D", "H", "R"};

// The texts of many mutants of one program.
std::set<std::string> mutants(const std::string& statements, int draws = 400) {
  base::Random random(1);
  std::set<std::string> texts;
  const Program program = program_of(statements);
  for (int i = 0; i < draws; ++i) texts.insert(print(mutate(program, random, kGenes)));
  return texts;
}

std::string body(const std::string& statements) {
  return print(program_of(statements));
}

TEST(Mutate, gives_the_same_child_for_the_same_stream) {
  const Program program = test::shipped_block("gpt2");
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    base::Random a(seed), b(seed);
    EXPECT_EQ(print(mutate(program, a, kGenes)), print(mutate(program, b, kGenes)));
  }
}

TEST(Mutate, puts_its_child_in_canonical_form) {
  base::Random random(2);
  Program program = test::shipped_block("llama");
  for (int i = 0; i < 100; ++i) {
    program = mutate(program, random, kGenes);
    ASSERT_EQ(print(canonical(program)), print(program));
  }
}

TEST(Mutate, replaces_an_op_by_one_of_its_kind) {
  const auto texts = mutants("return relu(x)");
  for (const char* other : {"gelu", "silu", "sigmoid", "tanh", "softplus"}) {
    EXPECT_TRUE(texts.contains(body("return " + std::string(other) + "(x)"))) << other;
  }
  EXPECT_TRUE(mutants("return layernorm(x)").contains(body("return rmsnorm(x)")));
  EXPECT_TRUE(mutants("return x + relu(x)").contains(body("return x * relu(x)")));
}

TEST(Mutate, changes_attributes_within_the_names_it_was_given) {
  const auto texts = mutants("return linear(x, D)");
  for (const char* width : {"2 * D", "D * R", "D // 2", "4 * D"}) {
    EXPECT_TRUE(texts.contains(body("return linear(x, " + std::string(width) + ")"))) << width;
  }
  base::Random random(3);
  for (int i = 0; i < 200; ++i) {
    for (const std::string& gene : genes(mutate(program_of("return linear(x, D)"), random, {"D"})))
      EXPECT_EQ(gene, "D");
  }
}

TEST(Mutate, inserts_between_a_value_and_each_of_its_uses) {
  const auto texts = mutants("return relu(x)", 2000);
  EXPECT_TRUE(texts.contains(body("return relu(tanh(x))")));
  EXPECT_TRUE(texts.contains(body("return tanh(relu(x))")));
}

TEST(Mutate, deletes_ops_that_keep_the_type) {
  EXPECT_TRUE(mutants("return relu(tanh(x))").contains(body("return relu(x)")));
  EXPECT_TRUE(mutants("return relu(tanh(x))").contains(body("return tanh(x)")));
}

TEST(Mutate, adds_an_earlier_value) {
  EXPECT_TRUE(mutants("return relu(x)").contains(body("return x + relu(x)")));
}

TEST(Mutate, finds_something_to_do_with_the_input_alone) {
  EXPECT_GT(mutants("return x").size(), 5U);
}

TEST(Mutate, keeps_the_number_of_ops_that_a_program_may_have) {
  std::string source;
  for (int i = 0; i < 512; ++i) source += "x = linear(x, D)\n";
  base::Random random(4);
  Program program = program_of(source + "return x");
  for (int i = 0; i < 20; ++i) {
    program = mutate(program, random, kGenes);
    ASSERT_LE(program.sites.size(), kMaxSites);
  }
  EXPECT_TRUE(parse(print(program), "again"));
}

TEST(Mutate, names_no_line_of_its_parent) {
  base::Random random(5);
  for (int i = 0; i < 50; ++i) {
    const Program child = mutate(test::shipped_block("gpt2"), random, kGenes);
    for (const Site& site : child.sites) EXPECT_EQ(site.line, 0);
  }
}

TEST(Mutate, often_keeps_shapes_that_fit) {
  base::Random random(6);
  int good = 0;
  for (int i = 0; i < 1000; ++i) {
    const Program child = mutate(test::shipped_block("gpt2"), random, kGenes);
    good += check(child, {{"D", 16}, {"H", 4}, {"R", 2}}, {16, false}, {true}).has_value() ? 1 : 0;
  }
  EXPECT_GT(good, 600);
}

}  // namespace
}  // namespace weft::block
