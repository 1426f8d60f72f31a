// Names that follow from genes by arithmetic.
#include <gtest/gtest.h>

#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/spaces.hpp"

namespace weft::space {
namespace {

const std::string kGenes = "genes: {wide: {flag: true}, heads: {choice: [1, 2]}, d: {choice: [16, 32]}}\n";

Space with(const std::string& let) {
  return test::space_of(kGenes + "layers: {block: gpt2.block, bind: {D: d, N: heads}, let: " + let + "}\n");
}

TEST(Let, FollowsFromGenesBoundNamesAndTheNamesBefore) {
  const Space space = with("{H: \"N * 2\", R: \"H + (wide and D > 16)\"}");
  const auto ratio = [&](const char* genome) {
    const auto binding = bind_layer(space, *from_text(space, genome), 0);
    EXPECT_EQ(binding.at("H"), 2 * binding.at("N"));
    return binding.at("R");
  };
  EXPECT_EQ(ratio(R"({"wide":true,"heads":1,"d":32})"), 3);
  EXPECT_EQ(ratio(R"({"wide":true,"heads":1,"d":16})"), 2);
  EXPECT_EQ(ratio(R"({"wide":false,"heads":2,"d":32})"), 4);
}

TEST(Let, LeavesANameUnboundThatComesToNoNumber) {
  const Space space = with("{H: \"N\", R: \"D // (heads - 1)\"}");
  const auto genome = [&](int heads) { return *from_json(space, {{"wide", true}, {"heads", heads}, {"d", 16}}); };
  EXPECT_EQ(bind_layer(space, genome(2), 0).at("R"), 16);
  EXPECT_FALSE(bind_layer(space, genome(1), 0).contains("R"));
  EXPECT_NE(decode(space, genome(1), space.input).error().find("no gene 'R' here"), std::string::npos);
}

TEST(Let, IsRefusedWithTheFormula) {
  const auto error = [](const std::string& let) { return test::error_of([&] { with(let); }); };
  EXPECT_NE(error("{H: \"1 + M\", R: \"1\"}").find("names no gene that may stand here: 'M'"), std::string::npos);
  EXPECT_NE(error("{D: \"1\", H: \"1\", R: \"1\"}").find("D is bound already"), std::string::npos);
  EXPECT_NE(error("{h: \"1\", H: \"1\", R: \"1\"}").find("a bound name is in capitals, not 'h'"), std::string::npos);
  EXPECT_NE(error("{H: \"1\"}").find("gpt2.block names R, which is not bound"), std::string::npos)
      << error("{H: \"1\"}");
}

}  // namespace
}  // namespace weft::space
