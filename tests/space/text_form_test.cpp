// A space's own notation of genomes.
#include "space/text_form.hpp"

#include <gtest/gtest.h>

#include "space/describe.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/spaces.hpp"

namespace weft::space {
namespace {

const std::string kCell = "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|nor_conv_3x3~2|";
const std::string kList = R"(["nor_conv_3x3","none","avg_pool_3x3","skip_connect","nor_conv_1x1","nor_conv_3x3"])";

TEST(TextForm, ReadsAndWritesTheGenomesOfEverySpaceThatHasOne) {
  int spaces = 0;
  for (const std::string& name : base::list_data("search_spaces", ".yaml")) {
    const Space space = Space::load(name);
    if (!space.text.exists()) continue;
    ++spaces;
    base::Random random(1);
    for (int i = 0; i < 200; ++i) {
      const Genome genome = sample(space, random);
      const auto read = from_text(space, to_notation(space, genome));
      ASSERT_TRUE(read.has_value()) << read.error();
      EXPECT_EQ(read->codes, genome.codes);
    }
  }
  EXPECT_GE(spaces, 3);
}

TEST(TextForm, OfNasBench201IsItsCellString) {
  const Space space = Space::load("nasbench201");
  const auto cell = from_text(space, " " + kCell + "\n"), list = from_text(space, kList);
  ASSERT_TRUE(cell.has_value()) << cell.error();
  ASSERT_TRUE(list.has_value()) << list.error();
  EXPECT_EQ(to_text(space, *cell), to_text(space, *list));
  EXPECT_EQ(to_json(space, *cell).at("op_21"), "avg_pool_3x3");
  EXPECT_EQ(to_notation(space, *list), kCell);
  EXPECT_EQ(id(space, *from_json(space, kCell)), id(space, *cell)) << "inside JSON as well";
  EXPECT_EQ(id(space, *from_reply(space, kCell)), id(space, *cell)) << "and as a model's whole reply";
}

TEST(TextForm, SaysWhereATextIsWrong) {
  const Space space = Space::load("nasbench201");
  const auto error = [&](const std::string& text) { return from_text(space, text).error(); };
  EXPECT_EQ(error("nor_conv_3x3~0"), "'nor_conv_3x3~0': expected '|' at character 1");
  EXPECT_EQ(error("|conv~0|"),
            "'|conv~0|': expected gene 'op_10', none, skip_connect, nor_conv_1x1, nor_conv_3x3 or avg_pool_3x3, at "
            "character 2");
  EXPECT_NE(error(kCell + "|").find(": expected '~2|' and the end at character 85"), std::string::npos);
  EXPECT_EQ(error(R"(["none"])"), "a list of 6 values was expected, one for each gene, not 1");
  EXPECT_EQ(error(R"(["none",1,"none","none","none","none"])").substr(0, 20), "gene 'op_20' is 1; i");
}

TEST(TextForm, IsNotReadWhereASpaceHasNone) {
  EXPECT_EQ(from_text(Space::load("gpt_nano"), "[1]").error().substr(0, 26), "a genome is a JSON object ");
}

TEST(TextForm, TellsValuesApartThatBeginAlike) {
  const auto space = test::space_of(
      "genes: {a: {choice: [1, 16]}, b: {choice: [6, 8]}}\ntext: \"{a}:{b}\"\n"
      "layers: {count: 1, block: gpt2.block, bind: {D: a, H: 1, R: b}}\n");
  EXPECT_EQ(from_json(space, "16:8")->codes, (std::vector<std::int32_t>{1, 1}));
  EXPECT_EQ(from_json(space, "1:6")->codes, (std::vector<std::int32_t>{0, 0}));
}

TEST(TextForm, NamesEveryGeneOnce) {
  const auto error = [](const std::string& text) {
    return test::error_of([&] {
      test::space_of("genes: {a: {choice: [1, 16]}, b: {range: [6, 8]}}\ntext: \"" + text +
                     "\"\nlayers: {count: 1, block: gpt2.block, bind: {D: a, H: 1, R: b}}\n");
    });
  };
  EXPECT_NE(error("{a}").find("gene 'b' must stand there once, not 0 times"), std::string::npos) << error("{a}");
  EXPECT_NE(error("{a}-{b}{b}").find("gene 'b' must stand there once, not 2 times"), std::string::npos);
  EXPECT_NE(error("{a}-{c}").find("no gene 'c'"), std::string::npos);
  EXPECT_NE(error("{a}-{b").find("'{' without '}'"), std::string::npos);
  EXPECT_NE(error("{a}{b}").find("a text must stand after gene 'a': 1 begins 16"), std::string::npos)
      << error("{a}{b}");
}

}  // namespace
}  // namespace weft::space
