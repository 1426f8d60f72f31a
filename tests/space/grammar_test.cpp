#include <gtest/gtest.h>

#include "space/describe.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/gbnf.hpp"
#include "tests/support/spaces.hpp"

namespace weft::space {
namespace {

using test::Gbnf;
using test::space_of;

TEST(Grammar, is_short_for_free_genes) {
  EXPECT_EQ(grammar(space_of("genes: {a_b: {choice: [1, x]}, c: {flag: true, per_layer: true}}\n")),
            "root ::= (\"{\" \"\\\"a_b\\\":\" gene-a-b \",\\\"c\\\":\" \"[\" gene-c (\",\" gene-c){1} \"]\" \"}\")\n"
            "gene-a-b ::= (\"1\" | \"\\\"x\\\"\")\ngene-c ::= (\"false\" | \"true\")\n");
}

TEST(Grammar, accepts_every_sample_of_the_closed_spaces_that_weft_ships) {
  for (const char* name : {"gpt_nano", "vit_nano"}) {
    const Space space = Space::load(name);
    const Gbnf matcher(grammar(space));
    base::Random random(1);
    for (int i = 0; i < 200; ++i) {
      const std::string text = to_text(space, sample(space, random));
      EXPECT_TRUE(matcher.accepts(text)) << text;
    }
  }
}

TEST(Grammar, accepts_no_width_that_heads_do_not_divide) {
  const Space space =
      space_of("genes: {w: {choice: [4, 6]}, h: {choice: [2, 3, 4], per_layer: true}}\nrequire: [w % h == 0]\n");
  const Gbnf matcher(grammar(space));
  EXPECT_TRUE(matcher.accepts(R"({"w":6,"h":[2,3]})"));
  EXPECT_FALSE(matcher.accepts(R"({"w":6,"h":[2,4]})"));
  EXPECT_FALSE(matcher.accepts(R"({"w":4,"h":[3,4]})"));
}

TEST(Grammar, ties_the_length_of_lists_to_the_depth) {
  const Gbnf matcher(grammar(Space::load("gpt_nano")));
  const auto genome = [](int depth, const std::string& heads) {
    return R"({"embed_dim":64,"depth":)" + std::to_string(depth) + R"(,"block":"gpt2","num_heads":[)" + heads +
           R"(],"mlp_ratio":[)" + (depth == 2 ? "1,2" : "1,2,4") + "]}";
  };
  EXPECT_TRUE(matcher.accepts(genome(2, "2,4")));
  EXPECT_TRUE(matcher.accepts(genome(3, "2,4,8")));
  EXPECT_FALSE(matcher.accepts(genome(2, "2,4,8")));
  EXPECT_FALSE(matcher.accepts(genome(3, "2,4")));
}

TEST(Grammar, escapes_what_json_and_gbnf_escape) {
  const Space space = space_of("genes: {a: {choice: [\"q\\\"b\\\\s\\n\\tt\", \"é [x] | (y)\"]}}\n");
  const Gbnf matcher(grammar(space));
  enumerate(space, [&](const Genome& genome) {
    EXPECT_TRUE(matcher.accepts(to_text(space, genome))) << to_text(space, genome) << grammar(space);
    return true;
  });
}

TEST(Grammar, accepts_the_seeds_of_an_open_space_as_prompts_show_them) {
  const Space space = Space::load("gpt_nano_open");
  const Gbnf matcher(grammar(space));
  for (std::size_t i = 0; i < space.genes[4].values.size(); ++i) {
    const std::string& program = space.seed(4, i)->text;
    EXPECT_TRUE(matcher.accepts("{\"embed_dim\":64,\"depth\":2,\"num_heads\":4,\"mlp_ratio\":2}\n" + program))
        << program;
  }
}

// A random text that the program rules accept, by walking the same rules.
std::string random_program(base::Random& random) {
  const std::vector<std::string> names{"x", "a", "b", "c"};
  const auto value = [&]() -> std::string {
    switch (random.below(4)) {
      case 0: return "relu(" + random.pick(names) + ")";
      case 1: return "linear(" + random.pick(names) + ", 2 * D * R, bias=false)";
      case 2: return "attention(x, x, x, heads=H, kv_heads=2)";
      default: return random.pick(names);
    }
  };
  std::string text = "def block(x):\n";
  for (const char* name : {"a", "b", "c"})
    text += "    " + std::string(name) + " = 0.5 * " + value() + " + " + value() + "\n";
  return text + "    return " + value() + " - " + value() + " * " + value() + "\n";
}

TEST(Grammar, of_programs_is_within_the_language) {
  const Space space = Space::load("gpt_nano_open");
  const Gbnf matcher(grammar(space));
  base::Random random(1);
  int parsed = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string program = random_program(random);
    ASSERT_TRUE(matcher.accepts("{\"embed_dim\":64,\"depth\":2,\"num_heads\":4,\"mlp_ratio\":2}\n" + program))
        << program;
    const auto checked = block::parse(program, "t");
    // What a grammar cannot know is which names are defined.
    if (checked || checked.error().message.find("is not defined") != std::string::npos) ++parsed;
  }
  EXPECT_EQ(parsed, 200);
}

TEST(Grammar, refuses_programs_outside_the_language) {
  const Gbnf matcher(grammar(Space::load("gpt_nano_open")));
  const std::string json = "{\"embed_dim\":64,\"depth\":2,\"num_heads\":4,\"mlp_ratio\":2}\n";
  EXPECT_TRUE(matcher.accepts(json + "def block(x):\n    a = relu(x)\n    return a\n"));
  for (const char* program :
       {"", "def block(x):\n    a = relu(x)\n", "def block(x):\n    a = squash(x)\n    return a\n",
        "def block(x):\n    a = linear(x, Q)\n    return a\n", "import os\n"}) {
    EXPECT_FALSE(matcher.accepts(json + program)) << program;
  }
}

TEST(Grammar, says_that_constraints_allow_nothing) {
  EXPECT_EQ(test::error_of([] { grammar(space_of("genes: {a: {range: [1, 3]}}\nrequire: [a > 3]\n")); }),
            "space 't': its constraints allow no genome");
}

TEST(Grammar, gives_up_where_too_much_is_coupled) {
  EXPECT_EQ(test::error_of([] {
              grammar(space_of("genes: {a: {range: [1, 100]}, b: {range: [1, 100]}}\nrequire: [a + b > 0]\n"));
            }),
            "space 't' couples too many genes by conditions for a grammar; use structured: none");
}

}  // namespace
}  // namespace weft::space
