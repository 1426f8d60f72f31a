#include "space/distribution.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/spaces.hpp"

namespace weft::space {
namespace {

const std::string kGenes =
    "genes:\n  width: {choice: [16, 32, 48]}\n  depth: {range: [1, 3]}\n  heads: {choice: [1, 2, 4], per_layer: true}\n"
    "layers: {count: depth, block: gpt2.block, bind: {D: width, H: heads, R: 1}}\n";
const char* const kLearned =
    R"({"width": [0.1, 0.5, 0.4], "depth": [0.2, 0.7, 0.1], "heads": [[0.1, 0.2, 0.7], [0.6, 0.3, 0.1], [0.3, 0.3, 0.4]]})";

std::string most_probable(const Space& space, const std::string& learned = kLearned) {
  Counter counter(space, space.input);
  return to_text(space, Distribution(space, base::Json::parse(learned)).most_probable(counter));
}

TEST(Distribution, HasTheGenomeOfTheMostProbableValues) {
  EXPECT_EQ(most_probable(test::space_of(kGenes)), R"({"width":32,"depth":2,"heads":[4,1]})");
}

TEST(Distribution, TakesTheNextMostProbableValuesWhereAConstraintRefuses) {
  // 0.4/0.5 of another width is more than 0.2/0.7 of another number of heads.
  EXPECT_EQ(most_probable(test::space_of(kGenes + "require: [\"width != 32 or heads < 4\"]\n")),
            R"({"width":48,"depth":2,"heads":[4,1]})");
  EXPECT_EQ(most_probable(test::space_of(kGenes + "require: [\"heads < 4\"]\n")),
            R"({"width":32,"depth":2,"heads":[2,1]})");
}

TEST(Distribution, TakesTheNextMostProbableValuesWhereALimitRefuses) {
  const Space whole = test::space_of(kGenes);
  Counter counter(whole, whole.input);
  const auto genome = from_text(whole, R"({"width":32,"depth":2,"heads":[4,1]})");
  const std::int64_t params = counter.count(*genome)->params;
  EXPECT_EQ(most_probable(test::space_of(kGenes + "limits: {params: " + std::to_string(params - 1) + "}\n")),
            R"({"width":32,"depth":1,"heads":[4]})");  // 0.2/0.7 of the depth, against 0.1/0.5 of the width
}

TEST(Distribution, IsTheBestOfAllGenomesThatAreAllowed) {
  const Space space = test::space_of(kGenes + "require: [\"heads * depth != 8 and width // heads < 12\"]\n");
  const Distribution learned(space, base::Json::parse(kLearned));
  const auto score = [&](const Genome& genome) {
    double sum = 0;
    for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
      for (int layer = 0; layer < space.copies(gene, genome); ++layer) {
        const std::vector<double>& p = learned.of(gene, layer);
        sum += std::log(p[static_cast<std::size_t>(genome.codes[space.slot(gene, layer)])] /
                        *std::max_element(p.begin(), p.end()));
      }
    }
    return sum;
  };
  double best = -INFINITY;
  enumerate(space, [&](const Genome& genome) {
    best = std::max(best, score(genome));
    return true;
  });
  Counter counter(space, space.input);
  EXPECT_TRUE(std::abs(score(learned.most_probable(counter)) - best) <= 1e-12);
}

TEST(Distribution, DrawsEachValueAsOftenAsItIsProbable) {
  const Space space = test::space_of(kGenes);
  const Distribution learned(space, base::Json::parse(kLearned));
  base::Random random(1);
  std::map<std::int32_t, int> width;
  constexpr int kDraws = 4000;
  for (int i = 0; i < kDraws; ++i) ++width[learned.sample(random).codes[space.slot(0, 0)]];
  const double expected[] = {0.1, 0.5, 0.4};
  for (int code = 0; code < 3; ++code)
    EXPECT_TRUE(std::abs(width[code] / double{kDraws} - expected[code]) <= 0.03) << code;
}

TEST(Distribution, DrawsNoValueOfALayerThatTheGenomeDoesNotHave) {
  const Space space = test::space_of(kGenes);
  base::Random random(2);
  for (int i = 0; i < 50; ++i) {
    const Genome genome = Distribution(space).sample(random);
    const auto again = from_text(space, to_text(space, genome));
    ASSERT_TRUE(again.has_value()) << again.error();
    EXPECT_EQ(again->codes, genome.codes);
  }
}

TEST(Distribution, IsReadAsItWasWritten) {
  const Space space = test::space_of(kGenes);
  const base::Json learned = base::Json::parse(kLearned);
  EXPECT_EQ(Distribution(space, learned).to_json(), learned);
}

TEST(Distribution, IsRefusedWhereItIsNotOfTheSpace) {
  const Space space = test::space_of(kGenes);
  base::Json learned = base::Json::parse(kLearned);
  const auto refused = [&] { return test::error_of([&] { Distribution(space, learned); }); };
  learned["width"] = {0.5, 0.5};
  EXPECT_EQ(refused(), "no probabilities of the gene 'width' and its 3 values");
  learned["width"] = {0.5, 0.5, 0.5};
  EXPECT_EQ(refused(), "no probabilities of the gene 'width' and its 3 values");
  learned.erase("width");
  EXPECT_EQ(refused(), "no probabilities of the gene 'width' and its 3 values");
  EXPECT_EQ(test::error_of([] { Distribution(Space::load("gpt_nano_open")); }),
            "the gene 'block' is open: its programs have no probabilities");
}

}  // namespace
}  // namespace weft::space
