#include <gtest/gtest.h>

#include "space/genome_text.hpp"
#include "space/space.hpp"
#include "space/vary.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/spaces.hpp"

namespace weft::space {
namespace {

using test::Folder;
using test::space_of;

// The message of loading this file, with the folder taken out of it.
std::string error_in_file(const std::string& yaml) {
  const Folder folder;
  const std::string path = folder.write("t.yaml", yaml);
  std::string message = test::error_of([&] { Space::load(path); });
  const std::string before = folder.path().string() + "/";
  for (std::size_t at; (at = message.find(before)) != std::string::npos;) message.erase(at, before.size());
  return message;
}

// The same for lines 3 (where the layers are given by the test: line 2) and on; see space_yaml().
std::string error_in(const std::string& text) {
  return error_in_file(test::space_yaml(text));
}

TEST(Space, reads_the_spaces_that_weft_ships) {
  const auto names = base::list_data("search_spaces", ".yaml");
  EXPECT_GE(names.size(), 3U);
  for (const std::string& name : names) EXPECT_EQ(Space::load(name).name, name);
}

TEST(Space, reads_every_kind_of_gene) {
  const Space space = space_of(
      "genes:\n  a: {choice: [1, x, true, 2.5]}\n  b: {range: [2, 6], step: 2}\n  c: {flag: true}\n"
      "  d: {program: {seeds: [gpt2.block, llama.block]}}\n  e: {choice: [primer.block], per_layer: true}\n");
  EXPECT_EQ(base::Json(space.genes[0].values).dump(), "[1,\"x\",true,2.5]");
  EXPECT_EQ(base::Json(space.genes[1].values).dump(), "[2,4,6]");
  EXPECT_EQ(base::Json(space.genes[2].values).dump(), "[false,true]");
  EXPECT_TRUE(space.genes[3].open);
  EXPECT_EQ(base::Json(space.genes[3].values).dump(), "[\"gpt2\",\"llama\"]");
  EXPECT_TRUE(space.genes[4].per_layer);
}

TEST(Space, writes_the_values_of_a_range_as_people_would) {
  EXPECT_EQ(base::Json(space_of("genes: {a: {range: [0, 1], step: 0.1}}\n").genes[0].values).dump(),
            "[0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1]");
  EXPECT_EQ(base::Json(space_of("genes: {a: {range: [-1, 1]}}\n").genes[0].values).dump(), "[-1,0,1]");
  EXPECT_EQ(base::Json(space_of("genes: {a: {range: [1000000000000001, 1000000000000003]}}\n").genes[0].values).dump(),
            "[1000000000000001,1000000000000002,1000000000000003]");
  EXPECT_EQ(base::Json(space_of("genes: {a: {range: [1e300, 1e300]}}\n").genes[0].values).dump(), "[1e+300]");
  EXPECT_EQ(space_of("genes: {a: {range: [1e-310, 1e-310], step: 1e-310}}\n").genes[0].values.size(), 1U);
}

TEST(Space, hands_its_compatibility_flag_and_frozen_ends_to_its_architectures) {
  const Space space = space_of(
      "genes: {learned: {flag: true}}\nlayers: {block: gpt2.block, bind: {D: 16, H: 2, R: 1}}\n"
      "stem: {position: learned, frozen: true}\nhead: {frozen: true, epsilon: 1e-12}\n"
      "compatibility: {autoformer_bias: true}\n");
  EXPECT_TRUE(space.autoformer_bias);
  EXPECT_TRUE(space.ends.frozen_stem && space.ends.frozen_head);
  EXPECT_EQ(space.ends.epsilon, 1e-12);
  EXPECT_FALSE(Space::load("autoformer_t").autoformer_bias);
}

TEST(Space, adds_learned_positions_where_a_gene_says_so) {
  const Space space = space_of("genes: {learned: {flag: true}}\nstem: {position: learned}\n");
  EXPECT_EQ(space.position_gene, -1);
  const Space chosen = space_of("genes: {chosen: {flag: true}}\nstem: {position: chosen}\n");
  EXPECT_EQ(chosen.position_gene, 0);
  EXPECT_TRUE(chosen.unused_gene().empty());
  EXPECT_EQ(error_in("genes: {a: {flag: true}}\nstem: {position: lerned}\n"),
            "t.yaml:5:8: expected learned, none or a flag gene, not 'lerned'");
  EXPECT_EQ(error_in("genes: {a: {choice: [1, 2]}}\nstem: {position: a}\n"),
            "t.yaml:5:8: the gene that decides on positions must be a global, unconditional flag");
}

TEST(Space, refuses_a_seed_with_an_op_that_its_gene_does_not_list) {
  EXPECT_EQ(error_in("genes: {a: {program: {seeds: [gpt2.block], ops: [linear, add]}}}\n"),
            "t.yaml:4:23: gpt2.block: programs of 'a' have no op 'layernorm'; they have linear, add");
  EXPECT_EQ(error_in("genes: {a: {program: {seeds: [gpt2.block], ops: [linaer]}}}\n"),
            "t.yaml:4:44: no op 'linaer'; did you mean 'linear'?");
}

TEST(Space, keeps_what_its_file_says_about_the_ends) {
  const Space space = space_of(
      "genes: {a: {flag: true}}\nstem: {embedding: 5000, position: none}\nhead: {norm: rmsnorm, tied: false}\n"
      "limits: {params: 2M, flops: 1G, activations: 16MiB, statements: 40}\n");
  EXPECT_EQ(space.vocabulary, 5000);
  EXPECT_FALSE(space.ends.learned_position);
  EXPECT_EQ(space.ends.norm, Norm::rmsnorm);
  EXPECT_FALSE(space.ends.tied);
  EXPECT_EQ(space.limits.params, 2'000'000);
  EXPECT_EQ(space.limits.flops, 1'000'000'000);
  EXPECT_EQ(space.limits.activations, 16 << 20);
  EXPECT_EQ(space.limits.statements, 40);
}

TEST(Space, is_causal_for_language_and_not_for_images) {
  EXPECT_TRUE(space_of("genes: {a: {flag: true}}\n").causal);
  EXPECT_FALSE(space_of("genes: {a: {flag: true}}\ncausal: false\n").causal);
  EXPECT_FALSE(space_of("task: image_classification\ngenes: {a: {flag: true}}\nstem: {patch: 4}\n").causal);
}

TEST(Space, is_the_same_space_from_its_snapshot) {
  const Space space = Space::load("gpt_nano");
  const Space again = Space::from_snapshot(*base::parse_json(space.snapshot().dump()));
  base::Random a(1), b(1);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(id(space, sample(space, a)), id(again, sample(again, b)));
  EXPECT_EQ(again.snapshot(), space.snapshot());
}

TEST(Space, needs_no_file_for_its_snapshot) {
  const Folder folder;
  folder.write("own.block", "def block(x):\n    return relu(x)\n");
  const std::string path = folder.write(
      "t.yaml", test::space_yaml("genes: {a: {flag: true}}\nlayers: {count: 1, block: own.block, bind: {D: 16}}\n"));
  const base::Json snapshot = Space::load(path).snapshot();
  std::filesystem::remove(folder.path() / "own.block");
  EXPECT_EQ(Space::from_snapshot(snapshot).blocks.at("own").sites.size(), 1U);
}

TEST(Space, takes_blocks_that_lie_beside_its_file) {
  const Folder folder;
  folder.write("gpt2.block", "def block(x):\n    return relu(x)\n");
  const std::string path = folder.write("t.yaml", test::space_yaml("genes: {a: {flag: true}}\n"));
  EXPECT_EQ(Space::load(path).blocks.at("gpt2").sites.size(), 1U);
}

TEST(SpaceError, names_the_space_that_is_not_there) {
  EXPECT_NE(test::error_of([] { Space::load("gpt_nani"); }).find("did you mean 'gpt_nano'?"), std::string::npos);
}

TEST(SpaceError, names_keys_that_are_missing_or_unknown) {
  EXPECT_EQ(error_in_file("name: t\ntask: language_model\n"), "t.yaml:1:1: the file needs the key 'genes'");
  EXPECT_EQ(
      error_in("gens: {a: {flag: true}}\n"),
      "t.yaml:4:1: unknown key 'gens'; known here: name, description, task, causal, genes, require, text, layers, "
      "stem, head, input, compatibility, limits; did you mean 'genes'?");
  EXPECT_EQ(error_in("genes:\n  a: {chioce: [1]}\n"),
            "t.yaml:5:7: unknown key 'chioce'; known here: choice, range, step, flag, program, per_layer, when, "
            "description; did you mean 'choice'?");
  EXPECT_EQ(error_in("task: language_modell\ngenes: {a: {flag: true}}\n"),
            "t.yaml:3:1: 'task' is \"language_modell\"; expected language_model or image_classification; did you mean "
            "'language_model'?");
  EXPECT_EQ(error_in("genes:\n"), "t.yaml:4:1: 'genes' is {}; expected at least 1 key");
}

TEST(SpaceError, wants_exactly_one_kind_of_gene) {
  EXPECT_EQ(error_in("genes:\n  a: {choice: [1], range: [1, 2]}\n"),
            "t.yaml:5:3: gene 'a' needs exactly one of choice, range, flag and program");
  EXPECT_EQ(error_in("genes:\n  a: {per_layer: true}\n"),
            "t.yaml:5:3: gene 'a' needs exactly one of choice, range, flag and program");
  EXPECT_EQ(error_in("genes:\n  a: {choice: [1], step: 2}\n"), "t.yaml:5:20: 'step' belongs to a range");
}

TEST(SpaceError, wants_plain_gene_names) {
  EXPECT_EQ(error_in("genes:\n  embedDim: {flag: true}\n"),
            "t.yaml:5:3: a gene's name is small letters, digits and '_', not 'embedDim'");
  EXPECT_EQ(error_in("genes:\n  2a: {flag: true}\n"),
            "t.yaml:5:3: a gene's name is small letters, digits and '_', not '2a'");
  EXPECT_EQ(error_in("genes:\n  or: {flag: true}\n"),
            "t.yaml:5:3: 'or' is a word of conditions and cannot name a gene");
}

TEST(SpaceError, names_the_value_of_a_bad_domain) {
  EXPECT_EQ(error_in("genes:\n  a: {choice: [1, 2, 1.0]}\n"), "t.yaml:5:22: the value 1.0 stands here twice");
  EXPECT_EQ(error_in("genes:\n  a: {choice: []}\n"), "t.yaml:5:7: 'choice' is []; expected at least 1 values");
  EXPECT_EQ(error_in("genes:\n  a: {choice: [1, [2]]}\n"),
            "t.yaml:5:19: 'choice' has [2] as its value 2; expected a number, text or boolean");
  EXPECT_EQ(error_in("genes:\n  a: {range: [6, 2]}\n"),
            "t.yaml:5:7: range [6, 2] in steps of 1 must have 1 to 10000 values");
  EXPECT_EQ(error_in("genes:\n  a: {range: [0, 1], step: 1e-9}\n"),
            "t.yaml:5:7: range [0, 1] in steps of 1e-09 must have 1 to 10000 values");
  EXPECT_EQ(error_in("genes:\n  a: {range: [2, 7], step: 2}\n"),
            "t.yaml:5:7: range [2, 7] does not end on a step of 2");
  EXPECT_EQ(error_in("genes:\n  a: {range: [2, 7], step: 0}\n"), "t.yaml:5:22: 'step' is 0; expected more than 0");
  EXPECT_EQ(error_in("genes:\n  a: {range: [2]}\n"), "t.yaml:5:7: 'range' is [2]; expected at least 2 values");
}

TEST(SpaceError, names_block_files_that_are_missing_or_wrong) {
  const std::string missing = error_in("genes:\n  a: {choice: [gpt3.block]}\n");
  EXPECT_TRUE(missing.starts_with("t.yaml:5:16: no file 'gpt3.block' here or in ")) << missing;
  EXPECT_TRUE(missing.ends_with("did you mean 'gpt2'?")) << missing;
  EXPECT_EQ(error_in("genes:\n  a: {program: {seeds: [gpt2]}}\n"), "t.yaml:5:25: a seed is a .block file");
  const Folder folder;
  folder.write("bad.block", "def block(x):\n    return squash(x)\n");
  const std::string path = folder.write("t.yaml", test::space_yaml("genes: {a: {choice: [bad.block]}}\n"));
  EXPECT_TRUE(test::error_of([&] { Space::load(path); }).starts_with("bad.block:2:12: unknown op 'squash'"));
}

TEST(SpaceError, refuses_two_block_files_of_one_name) {
  const Folder folder;
  folder.write("other/gpt2.block", "def block(x):\n    return relu(x)\n");
  const std::string path = folder.write(
      "t.yaml", test::space_yaml("genes:\n  a: {choice: [gpt2.block]}\n  b: {choice: [other/gpt2.block]}\n"));
  EXPECT_EQ(test::error_of([&] { Space::load(path); }),
            path + ":6:16: two block files of one name: 'gpt2.block' and 'other/gpt2.block'");
}

TEST(SpaceError, names_what_a_condition_does_not_understand) {
  EXPECT_EQ(error_in("genes:\n  a: {flag: true}\n  b: {flag: true, when: \"a ==\"}\n"),
            "t.yaml:6:19: the condition 'a ==' ends too early");
  EXPECT_EQ(error_in("genes:\n  a: {flag: true, when: b}\n  b: {flag: true}\n"),
            "t.yaml:5:19: the condition 'b' names no gene that may stand here: 'b'; no gene may");
  EXPECT_EQ(error_in("genes: {a: {flag: true}}\nrequire: [a, \"a = 1\"]\n"),
            "t.yaml:5:14: the condition 'a = 1' has an unexpected '= 1'");
  EXPECT_EQ(error_in("genes:\n  a: {flag: true, per_layer: true}\n  b: {flag: true, when: a}\n"),
            "t.yaml:6:19: a global gene cannot depend on the per-layer gene 'a'");
}

TEST(SpaceError, refuses_conditions_on_programs) {
  EXPECT_EQ(error_in("genes: {p: {program: {seeds: [gpt2.block]}}}\nrequire: [\"p == 'gpt2'\"]\n"),
            "t.yaml:5:11: the condition 'p == 'gpt2'' names no gene that may stand here: 'p'; no gene may");
}

TEST(SpaceError, names_a_text_that_a_gene_never_is) {
  EXPECT_EQ(error_in("genes:\n  mixer: {choice: [attn, conv]}\nrequire: [\"mixer == 'atn'\"]\n"),
            "t.yaml:6:11: gene 'mixer' is never 'atn'; it is attn or conv; did you mean 'attn'?");
  EXPECT_EQ(error_in("genes:\n  block: {choice: [gpt2.block]}\n  a: {flag: true, when: \"block != 'gpt2.block'\"}\n"),
            "t.yaml:6:19: gene 'block' is never 'gpt2.block'; it is gpt2");
}

std::string layers_error(const std::string& layers, const std::string& genes = "genes: {a: {flag: true}}\n") {
  return error_in("layers: " + layers + "\n" + genes);
}

TEST(SpaceError, counts_layers_by_a_plain_gene_or_a_number) {
  EXPECT_EQ(
      layers_error("{count: dept, block: gpt2.block, bind: {D: 16, H: 2, R: 1}}", "genes: {depth: {range: [1, 2]}}\n"),
      "t.yaml:3:10: no gene 'dept'; did you mean 'depth'?");
  EXPECT_EQ(layers_error("{count: d, block: gpt2.block, bind: {D: 16, H: 2, R: 1}}",
                         "genes: {d: {range: [1, 2], per_layer: true}}\n"),
            "t.yaml:3:10: the gene that counts the layers must be global, closed and unconditional");
  EXPECT_EQ(
      layers_error("{count: d, block: gpt2.block, bind: {D: 16, H: 2, R: 1}}", "genes: {d: {choice: [4294967297]}}\n"),
      "t.yaml:4:9: layers are counted from 1 to 256, not 4294967297");
  EXPECT_EQ(layers_error("{count: 0, block: gpt2.block, bind: {D: 16, H: 2, R: 1}}"),
            "t.yaml:3:10: 'count' is 0; expected at least 1");
  EXPECT_EQ(layers_error("{count: 257, block: gpt2.block, bind: {D: 16, H: 2, R: 1}}"),
            "t.yaml:3:10: 'count' is 257; expected at most 256");
}

TEST(SpaceError, chooses_the_block_by_an_unconditional_gene_of_block_files) {
  EXPECT_EQ(
      layers_error("{count: 1, block: blck, bind: {D: 16, H: 2, R: 1}}", "genes: {block: {choice: [gpt2.block]}}\n"),
      "t.yaml:3:20: neither a gene nor a .block file: 'blck'; did you mean 'block'?");
  EXPECT_EQ(layers_error("{count: 1, block: b, bind: {D: 16, H: 2, R: 1}}", "genes: {b: {choice: [gpt2.block, x]}}\n"),
            "t.yaml:4:9: the gene that chooses the block must list .block files, not \"x\"");
  EXPECT_EQ(layers_error("{count: 1, block: b, bind: {D: 16, H: 2, R: 1}}",
                         "genes: {a: {flag: true}, b: {choice: [gpt2.block], when: a}}\n"),
            "t.yaml:3:20: the gene that chooses the block must be unconditional");
}

TEST(SpaceError, binds_names_in_capitals_to_numbers) {
  EXPECT_EQ(layers_error("{count: 1, block: gpt2.block, bind: {D: 16, h: 2}}"),
            "t.yaml:3:53: a bound name is in capitals, not 'h'");
  EXPECT_EQ(layers_error("{count: 1, block: gpt2.block, bind: {D: 16, _H: 2}}"),
            "t.yaml:3:53: a bound name is in capitals, not '_H'");
  EXPECT_EQ(layers_error("{count: 1, block: gpt2.block, bind: {D: 16, H: head}}", "genes: {heads: {range: [1, 2]}}\n"),
            "t.yaml:3:53: no gene 'head'; did you mean 'heads'?");
  EXPECT_EQ(layers_error("{count: 1, block: gpt2.block, bind: {D: 16, H: a}}",
                         "genes: {a: {program: {seeds: [gpt2.block]}}}\n"),
            "t.yaml:3:53: 'H' cannot stand for the programs of gene 'a'");
  EXPECT_EQ(layers_error("{count: 1, block: gpt2.block, bind: {D: 16, H: 2}}"),
            "t.yaml:3:39: gpt2.block names R, which is not bound; bound are D, H");
}

TEST(SpaceError, wants_one_width_for_all_layers) {
  EXPECT_EQ(layers_error("{count: 1, block: gpt2.block, bind: {H: 2, R: 1}}"),
            "t.yaml:3:39: 'bind' needs D, the model's width");
  EXPECT_EQ(layers_error("{count: 1, block: gpt2.block, bind: {D: 0.5, H: 2, R: 1}}"),
            "t.yaml:3:46: D, the model's width, must be a whole number from 1 to 1048576, not 0.5");
  EXPECT_EQ(layers_error("{count: 1, block: gpt2.block, bind: {D: w, H: 2, R: 1}}", "genes: {w: {choice: [16, -1]}}\n"),
            "t.yaml:3:46: D, the model's width, must be a whole number from 1 to 1048576, not -1");
  EXPECT_EQ(layers_error("{count: 1, block: gpt2.block, bind: {D: w, H: 2, R: 1}}",
                         "genes: {w: {choice: [16], per_layer: true}}\n"),
            "t.yaml:3:46: the gene of D, the model's width, must be global and unconditional");
}

TEST(SpaceError, wants_ends_that_fit_the_task) {
  const std::string genes = "genes: {a: {flag: true}}\n", images = "task: image_classification\n" + genes;
  EXPECT_EQ(
      error_in(images),
      "t.yaml:1:1: a space for images needs stem: {patch: pixels}, or stem: {image: true} for blocks that take images");
  EXPECT_EQ(error_in(images + "stem: {patch: 4, embedding: 5}\n"), "t.yaml:5:18: a space for images has no embedding");
  EXPECT_EQ(error_in(images + "stem: {patch: 4}\nhead: {tied: true}\n"),
            "t.yaml:6:8: a space for images has no embedding to tie");
  EXPECT_EQ(error_in(genes + "stem: {patch: 4}\n"), "t.yaml:5:8: a language model has no patches");
  EXPECT_EQ(error_in(genes + "stem: {embedding: words}\n"),
            "t.yaml:5:8: expected 'bytes' or a vocabulary size, not \"words\"");
}

TEST(SpaceError, wants_limits_that_its_blocks_keep) {
  EXPECT_EQ(error_in("genes: {a: {flag: true}}\nlimits: {statements: 2}\n"),
            "t.yaml:5:10: gpt2.block has 4 statements; the limit is 2");
  EXPECT_EQ(error_in("genes: {a: {flag: true}}\nlimits: {params: 2MB}\n"),
            "t.yaml:5:10: 'params' is \"2MB\"; expected a whole number such as 200k or 1.5M");
}

TEST(SpaceError, refuses_a_snapshot_without_its_blocks) {
  base::Json snapshot = Space::load("gpt_nano").snapshot();
  snapshot["blocks"].erase("gpt2");
  EXPECT_TRUE(test::error_of([&] { Space::from_snapshot(snapshot); }).ends_with("the snapshot holds no block 'gpt2'"));
}

}  // namespace
}  // namespace weft::space
