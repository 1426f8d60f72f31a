#include "space/describe.hpp"

#include <gtest/gtest.h>

#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/spaces.hpp"

namespace weft::space {
namespace {

using test::refusal;
using test::space_of;

TEST(JsonSchema, lists_domains_and_what_is_required) {
  const base::Json schema =
      json_schema(space_of("genes:\n  a: {choice: [1, x], description: first}\n  b: {flag: true, when: a == 1}\n  c: "
                           "{range: [1, 2], per_layer: true}\n"));
  EXPECT_EQ(schema.at("properties").dump(),
            R"({"a":{"enum":[1,"x"],"description":"first"},"b":{"enum":[false,true]},)"
            R"("c":{"type":"array","items":{"enum":[1,2]},"minItems":2,"maxItems":2}})");
  EXPECT_EQ(schema.at("required").dump(), R"(["a","c"])");
  EXPECT_EQ(schema.at("additionalProperties"), false);
}

TEST(JsonSchema, lets_a_list_be_as_long_as_the_depth_may_be) {
  const base::Json list = json_schema(Space::load("gpt_nano")).at("properties").at("num_heads");
  EXPECT_EQ(list.at("minItems"), 2);
  EXPECT_EQ(list.at("maxItems"), 6);
}

TEST(JsonSchema, allows_null_in_the_layers_where_a_gene_is_inactive) {
  const base::Json schema = json_schema(space_of(test::deep_space().yaml)).at("properties").at("heads");
  EXPECT_EQ(schema.at("items").dump(), R"({"enum":[1,2,null]})");
}

TEST(JsonSchema, takes_a_program_as_text) {
  EXPECT_EQ(json_schema(Space::load("gpt_nano_open")).at("properties").at("block").at("type"), "string");
}

TEST(Describe, says_genes_domains_constraints_and_limits) {
  EXPECT_EQ(
      describe(space_of("description: Tiny.\ngenes:\n  depth: {range: [2, 6], description: layers}\n"
                        "  heads: {choice: [2, 4], per_layer: true, when: depth > 2}\n  mixer: {choice: [attn, conv]}\n"
                        "require: [depth % 2 == 0]\nlimits: {params: 2M, flops: 1G, activations: 1MB}\n"
                        "layers: {count: depth, block: gpt2.block, bind: {D: 16, H: 2, R: 1}}\n")),
      "Search space t: Tiny.\nGenes:\n- depth: a whole number from 2 to 6; layers\n"
      "- heads (a list, one value a layer): one of 2, 4; only where depth > 2\n- mixer: one of attn, conv\n"
      "depth counts the layers, so every list has that many values.\nConstraint: depth % 2 == 0.\n"
      "At most 2000000 parameters.\nAt most 1000000000 FLOPs a forward pass.\n"
      "At most 1000000 bytes of activations.\n");
}

TEST(Describe, tells_an_open_space_the_language_and_what_names_mean) {
  const std::string text = describe(Space::load("gpt_nano_open"));
  EXPECT_NE(text.find("- block: any valid block program"), std::string::npos);
  EXPECT_NE(text.find("In programs, D is embed_dim."), std::string::npos);
  EXPECT_NE(text.find("- linear(x, width, bias=true): "), std::string::npos);
  EXPECT_NE(text.find("At most 40 statements in a program."), std::string::npos);
}

TEST(Describe, offers_no_op_that_a_causal_space_refuses) {
  const std::string genes =
      "genes: {p: {program: {seeds: [gpt2.block]}}}\nlayers: {count: 1, block: p, bind: {D: 16, H: 2, R: 1}}\n";
  EXPECT_EQ(describe(space_of(genes)).find("- mean(x)"), std::string::npos);
  EXPECT_NE(describe(space_of(genes + "causal: false\n")).find("- mean(x)"), std::string::npos);
}

TEST(ProgramGene, is_the_one_global_open_gene) {
  EXPECT_EQ(program_gene(Space::load("gpt_nano")), -1);
  EXPECT_EQ(program_gene(Space::load("gpt_nano_open")), 4);
  EXPECT_EQ(program_gene(space_of("genes: {p: {program: {seeds: [gpt2.block]}, per_layer: true}}\n")), -1);
  EXPECT_EQ(
      program_gene(space_of("genes: {p: {program: {seeds: [gpt2.block]}}, q: {program: {seeds: [gpt2.block]}}}\n")),
      -1);
}

TEST(GenomeForm, is_json_and_then_the_program) {
  const Space space = Space::load("gpt_nano_open");
  base::Random random(1);
  const Genome genome = sample(space, random);
  const std::string form = genome_form(space, genome);
  const std::size_t line = form.find('\n');
  EXPECT_EQ(form.substr(0, 1), "{");
  EXPECT_EQ(form.substr(0, line).find("def"), std::string::npos);
  EXPECT_EQ(form.substr(line + 1, 14), "def block(x):\n");
}

TEST(FromReply, reads_what_genome_form_wrote) {
  for (const char* name : {"gpt_nano", "gpt_nano_open", "vit_nano"}) {
    const Space space = Space::load(name);
    base::Random random(1);
    for (int i = 0; i < 50; ++i) {
      const Genome genome = sample(space, random);
      const auto again = from_reply(space, genome_form(space, genome));
      ASSERT_TRUE(again) << again.error();
      ASSERT_EQ(id(space, *again), id(space, genome));
    }
  }
}

class Reply : public ::testing::Test {
 protected:
  std::string read(const std::string& reply) const {
    const auto genome = from_reply(space_, reply);
    return genome ? to_text(space_, *genome) : genome.error();
  }
  const Space space_ = space_of("genes: {a: {range: [1, 9]}, b: {choice: [x, \"{y\"]}}\n");
};

TEST_F(Reply, may_have_prose_and_fences_around_the_genome) {
  EXPECT_EQ(read("Sure! Here it is:\n```json\n{\n  \"a\": 3,\n  \"b\": \"x\"\n}\n```\nHope {this} helps."),
            R"({"a":3,"b":"x"})");
}

TEST_F(Reply, may_have_braces_that_are_no_json_before_the_genome) {
  EXPECT_EQ(read(R"(In {a, b} I set {a := 3. {"a": 3, "b": "x"})"), R"({"a":3,"b":"x"})");
  EXPECT_EQ(read(R"({ unbalanced, then {"a": 3, "b": "x"})"), R"({"a":3,"b":"x"})");
}

TEST_F(Reply, may_wrap_the_genome_in_another_object) {
  EXPECT_EQ(read(R"({"reasoning": "wide", "genome": {"a": 3, "b": "x"}})"), R"({"a":3,"b":"x"})");
}

TEST_F(Reply, may_have_braces_and_quotes_in_its_texts) {
  EXPECT_EQ(read(R"({"a": 3, "b": "{y"})"), R"({"a":3,"b":"{y"})");
  EXPECT_EQ(read(R"(the key "a" is {"a": 3, "b": "x"})"), R"({"a":3,"b":"x"})");
}

TEST_F(Reply, gives_the_first_genome_of_several) {
  EXPECT_EQ(read(R"({"a": 30, "b": "x"} no, {"a": 3, "b": "x"} or {"a": 4, "b": "x"})"), R"({"a":3,"b":"x"})");
}

TEST_F(Reply, is_refused_with_the_error_of_what_looks_most_like_a_genome) {
  EXPECT_EQ(read(R"({thinking} {"other": 1} {"a": 30, "b": "x"} {"c": 1})"),
            "gene 'a' is 30; it must be 1, 2, 3, 4, 5, 6, 7, 8 or 9");
  EXPECT_EQ(read("{thinking} {\"other\": 1}"), "unknown gene 'other'; genes are a, b");
  EXPECT_EQ(read("{thinking}"), "not JSON: error at byte 3");
  EXPECT_EQ(read("no genome today"), "the reply has no JSON object");
  EXPECT_EQ(read(R"({"a": 3, "b": )"), "the reply has no JSON object");
}

TEST_F(Reply, is_not_searched_without_end) {
  EXPECT_EQ(read(std::string(100'000, '{')), "the reply has no JSON object");
}

class OpenReply : public ::testing::Test {
 protected:
  std::string read(const std::string& reply) const {
    const auto genome = from_reply(space_, reply);
    return genome ? to_json(space_, *genome).at("p").get<std::string>() : genome.error();
  }
  const Space space_ = space_of(
      "genes: {a: {range: [1, 9]}, p: {program: {seeds: [gpt2.block]}}}\n"
      "layers: {count: 1, block: p, bind: {D: 16, H: 2, R: 1}}\n");
  const std::string relu_ = "def block(x):\n    return relu(x)\n";
};

TEST_F(OpenReply, has_its_program_after_the_json) {
  EXPECT_EQ(read("{\"a\": 3}\n" + relu_), relu_);
  EXPECT_EQ(read("```json\n{\"a\": 3}\n```\nand the program\n```python\n" + relu_ + "```\nDone: def is a word."),
            relu_);
}

TEST_F(OpenReply, may_have_its_program_in_the_json_or_before_it) {
  EXPECT_EQ(read(R"json({"a": 3, "p": "def block(x):\n    return relu(x)"})json"), relu_);
  EXPECT_EQ(read(relu_ + "\n{\"a\": 3}"), relu_);
}

TEST_F(OpenReply, may_indent_its_program) {
  EXPECT_EQ(read("{\"a\": 3}\n  - the block:\n    def block(x):\n        h = relu(x)\n        return h\n"), relu_);
}

TEST_F(OpenReply, may_return_over_several_lines) {
  EXPECT_EQ(read("{\"a\": 3}\ndef block(x):  # no return yet\n    return relu(\n        x\n    )\nThat is all."),
            relu_);
}

TEST_F(OpenReply, ends_its_program_where_the_language_does) {
  EXPECT_EQ(read("{\"a\": 3}\ndef\tblock(x):\n    return_ = relu(  # ) or ((\n  # )\n x)\n    return return_\n---\n"),
            relu_);
}

TEST_F(OpenReply, is_told_that_its_program_is_missing) {
  EXPECT_EQ(read("{\"a\": 3}"), "gene 'p' is missing; it is a block program");
}

TEST_F(OpenReply, is_told_what_is_wrong_with_its_program) {
  EXPECT_EQ(read("{\"a\": 3}\ndef block(x):\n    return rel(x)\n").substr(0, 61),
            "gene 'p': line 2: unknown op 'rel'; did you mean 'relu'?; the");
}

}  // namespace
}  // namespace weft::space
