#include "space/decode.hpp"

#include <gtest/gtest.h>

#include "base/files.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/spaces.hpp"

namespace weft::space {
namespace {

using test::refusal;
using test::space_of;

Architecture decoded(const Space& space, const std::string& text, const Input& input = {}) {
  const auto genome = from_text(space, text);
  if (!genome) {
    ADD_FAILURE() << genome.error();
    return {};
  }
  auto architecture = decode(space, *genome, input);
  if (architecture) return *architecture;
  ADD_FAILURE() << architecture.error();
  return {};
}

std::string refused(const Space& space, const std::string& text, const Input& input = {}) {
  return refusal(decode(space, from_text(space, text).value(), input));
}

Space layered(const std::string& more = "") {
  return space_of(
      "genes:\n  width: {choice: [16, 32]}\n  depth: {range: [1, 3]}\n"
      "  heads: {choice: [1, 2, 3], per_layer: true}\n  bias: {flag: true}\n"
      "layers: {count: depth, block: gpt2.block, bind: {D: width, H: heads, R: 2, B: bias, F: true}}\n" +
      more);
}

TEST(Decode, binds_the_genes_of_each_layer) {
  const Architecture a = decoded(layered(), R"({"width":16,"depth":2,"heads":[1,2],"bias":true})");
  ASSERT_EQ(a.layers.size(), 2U);
  EXPECT_EQ(a.width, 16);
  EXPECT_TRUE(a.causal);
  const auto heads = [&](std::size_t layer) {
    for (const block::Node& node : a.layers[layer].nodes) {
      if (node.op->name == "attention") return node.whole(0);
    }
    return std::int64_t{0};
  };
  EXPECT_EQ(heads(0), 1);
  EXPECT_EQ(heads(1), 2);
}

TEST(Decode, names_the_layer_and_the_line_of_a_misfit) {
  EXPECT_EQ(refused(layered(), R"({"width":16,"depth":2,"heads":[2,3],"bias":true})"),
            "layer 1: line 4: attention: q has 16 channels, which 3 heads do not divide");
}

TEST(Decode, names_the_constraint_that_is_violated) {
  EXPECT_EQ(
      refused(layered("require: [\"width % heads == 0\"]\n"), R"({"width":16,"depth":2,"heads":[2,3],"bias":true})"),
      "violates the constraint width % heads == 0");
}

// One block needs heads, the other does not; `when` says where there are any.
Space mixers(const std::string& when) {
  const test::Folder folder;
  folder.write("attn.block", "def block(x):\n    return attention(x, x, x, heads=H)\n");
  folder.write("conv.block", "def block(x):\n    return dwconv(x, width=3)\n");
  return Space::load(folder.write(
      "t.yaml",
      test::space_yaml("genes:\n  mixer: {choice: [attn.block, conv.block]}\n  heads: {choice: [2, 4], when: \"" +
                       when + "\"}\nlayers: {count: 1, block: mixer, bind: {D: 16, H: heads}}\n")));
}

TEST(Decode, needs_no_gene_that_its_block_does_not_name) {
  const Space space = mixers("mixer == 'attn'");
  EXPECT_EQ(decoded(space, R"({"mixer":"conv"})").layers.size(), 1U);
  EXPECT_EQ(decoded(space, R"({"mixer":"attn","heads":4})").layers.size(), 1U);
}

TEST(Decode, names_the_gene_that_its_block_needs_and_that_is_inactive) {
  EXPECT_EQ(refused(mixers("mixer == 'conv'"), R"({"mixer":"attn"})"),
            "layer 0: line 2: attention: heads: no gene 'H' here; there are D");
}

TEST(Limits, are_named_with_exact_numbers) {
  const std::string genome = R"({"width":16,"depth":1,"heads":[1],"bias":true})";
  const Architecture a = decoded(layered(), genome);
  const auto limit = [](const char* what, std::int64_t value) {
    return "limits: {" + std::string(what) + ": " + std::to_string(value) + "}\n";
  };
  EXPECT_EQ(refused(layered(limit("params", a.counts.params - 1)), genome),
            std::to_string(a.counts.params) + " parameters are above the space's limit of " +
                std::to_string(a.counts.params - 1));
  EXPECT_EQ(refused(layered(limit("flops", a.flops() - 1)), genome),
            std::to_string(a.flops()) + " FLOPs are above the space's limit of " + std::to_string(a.flops() - 1));
  EXPECT_EQ(refused(layered(limit("activations", a.counts.activations - 1)), genome),
            std::to_string(a.counts.activations) + " bytes of activations are above the space's limit of " +
                std::to_string(a.counts.activations - 1));
}

TEST(Limits, may_be_reached) {
  const std::string genome = R"({"width":16,"depth":1,"heads":[1],"bias":true})";
  const Architecture a = decoded(layered(), genome);
  decoded(layered("limits: {params: " + std::to_string(a.counts.params) + ", flops: " + std::to_string(a.flops()) +
                  ", activations: " + std::to_string(a.counts.activations) + "}\n"),
          genome);
}

TEST(Limits, bound_the_statements_of_a_program) {
  const Space space = space_of(
      "genes: {p: {program: {seeds: [parallel.block]}}}\n"
      "layers: {count: 1, block: p, bind: {D: 16, H: 2, R: 1}}\nlimits: {statements: 4}\n");
  std::string program = "def block(x):\\n";
  for (int i = 0; i < 4; ++i) program += "    x = linear(x, D)\\n    x = x + x\\n";
  EXPECT_EQ(refused(space, "{\"p\":\"" + program + "    return x\"}"),
            "layer 0: the block has 5 statements; the space allows 4");
}

TEST(Limits, are_never_passed_by_overflow) {
  const Space space = space_of(
      "genes: {p: {program: {seeds: [parallel.block]}}}\n"
      "layers: {count: 256, block: p, bind: {D: 16, H: 2, R: 1}}\n"
      "limits: {flops: 8000T, statements: 500}\n");
  std::string program = "def block(x):\\n    w = 1048576\\n";
  for (int i = 0; i < 450; ++i) program += "    x = linear(x, w)\\n";
  EXPECT_EQ(refused(space, "{\"p\":\"" + program + "    return linear(x, D)\"}", {.context = 4096}),
            "4611686018427387904 FLOPs are above the space's limit of 8000000000000000");
}

TEST(Input, has_the_vocabulary_that_the_space_sets) {
  EXPECT_EQ(input_for(layered("stem: {embedding: 5000}\n"), {}).vocabulary, 5000);
  EXPECT_EQ(input_for(layered(), {.vocabulary = 300}).vocabulary, 300);
}

Space images() {
  return space_of(
      "task: image_classification\ngenes: {a: {flag: true}}\nstem: {patch: 4}\n"
      "layers: {count: 1, block: squeeze.block, bind: {D: 16, H: 2, R: 1}}\n");
}

TEST(Images, become_patches) {
  EXPECT_EQ(decoded(images(), R"({"a":true})", default_input(Task::image_classification)).positions(), 49);
}

TEST(Images, divide_into_patches) {
  EXPECT_EQ(refused(images(), R"({"a":true})",
                    {.task = Task::image_classification, .channels = 1, .height = 30, .width = 28, .classes = 10}),
            "images of 30x28 do not divide into patches of 4");
}

TEST(Binding, leaves_inactive_genes_out) {
  const Space space = mixers("mixer == 'attn'");
  EXPECT_EQ(bind_layer(space, from_text(space, R"({"mixer":"conv"})").value(), 0), (block::Binding{{"D", 16}}));
  EXPECT_EQ(bind_layer(space, from_text(space, R"({"mixer":"attn","heads":4})").value(), 0),
            (block::Binding{{"D", 16}, {"H", 4}}));
}

TEST(Binding, takes_flags_as_zero_and_one) {
  const Space space = layered();
  const auto binding =
      bind_layer(space, from_text(space, R"({"width":16,"depth":1,"heads":[1],"bias":false})").value(), 0);
  EXPECT_EQ(binding.at("B"), 0);
  EXPECT_EQ(binding.at("F"), 1);
}

// What Counter says of a genome and what decode() does.
void expect_as_decoded(const Space& space, Counter& counter, const Genome& genome, const Input& input) {
  const auto counts = counter.count(genome);
  const auto architecture = decode(space, genome, input);
  ASSERT_EQ(counts.has_value(), architecture.has_value()) << to_text(space, genome);
  if (!counts) {
    ASSERT_EQ(counts.error(), architecture.error());
    return;
  }
  ASSERT_EQ(counts->params, architecture->counts.params) << to_text(space, genome);
  ASSERT_EQ(counts->macs, architecture->counts.macs) << to_text(space, genome);
  ASSERT_EQ(counts->activations, architecture->counts.activations) << to_text(space, genome);
}

TEST(Counter, counts_what_decode_does) {
  for (const std::string& name : base::list_data("search_spaces", ".yaml")) {
    const Space space = Space::load(name);
    Counter counter(space, space.input);
    base::Random random(1, name);
    for (int i = 0; i < 100; ++i) {
      const Genome genome = sample(space, random);
      expect_as_decoded(space, counter, genome, space.input);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(Counter, refuses_in_the_words_of_decode) {
  const Space wide = layered(), limited = layered("limits: {params: 8000}\n"),
              constrained = layered("require: [\"width % heads == 0\"]\n");
  for (const Space* space : {&wide, &limited, &constrained}) {
    Counter counter(*space, space->input);
    int refused = 0;
    for (const int width : {16, 32}) {
      for (const char* heads : {"[1,2,1]", "[2,3,1]", "[1,1,2]"}) {
        const Genome genome = from_text(*space, "{\"width\":" + std::to_string(width) +
                                                    ",\"depth\":3,\"heads\":" + heads + ",\"bias\":true}")
                                  .value();
        expect_as_decoded(*space, counter, genome, space->input);
        refused += counter.count(genome) ? 0 : 1;
      }
    }
    EXPECT_GT(refused, 0);
  }
}

}  // namespace
}  // namespace weft::space
