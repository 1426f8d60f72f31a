// What holds in every space of search_spaces/, whoever adds it: samples, mutations and crossovers are allowed genomes
// that are read back as they are written.
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "block/dot.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/drawing.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"

namespace weft::space {
namespace {

constexpr int kSamples = 100;

class EverySpace : public ::testing::TestWithParam<std::string> {
 protected:
  // Allowed, and the same in each of its texts.
  void expect_sound(const Genome& genome) const {
    ASSERT_TRUE(allowed(space_, genome)) << to_text(space_, genome);
    for (const auto& again : {from_text(space_, to_text(space_, genome)), from_json(space_, to_json(space_, genome)),
                              from_reply(space_, "Try this:\n" + genome_form(space_, genome))}) {
      ASSERT_TRUE(again) << again.error() << "\n" << to_text(space_, genome);
      ASSERT_EQ(id(space_, *again), id(space_, genome));
      ASSERT_EQ(distance(space_, *again, genome), 0);
    }
    for (int layer = 0; layer < space_.depth(genome); ++layer) {
      const block::Program& program = program_of(space_, genome, layer);
      const auto parsed = block::parse(block::print(program), "printed");
      ASSERT_TRUE(parsed) << parsed.error().text();
      ASSERT_EQ(block::id(*parsed), block::id(program));
    }
  }

  const Space space_ = Space::load(GetParam());
};

TEST_P(EverySpace, has_samples_that_are_read_back) {
  base::Random random(1, GetParam());
  int decoded = 0;
  for (int i = 0; i < kSamples; ++i) {
    const Genome genome = sample(space_, random);
    ASSERT_NO_FATAL_FAILURE(expect_sound(genome));
    const auto architecture = decode(space_, genome, space_.input);
    decoded += architecture ? 1 : 0;
    EXPECT_TRUE(architecture || architecture.error().find('\n') == std::string::npos) << architecture.error();
  }
  EXPECT_GT(decoded, 0) << "no sample is an architecture";
}

TEST_P(EverySpace, has_mutations_that_differ_in_an_allowed_way) {
  base::Random random(2, GetParam());
  Genome genome = sample(space_, random);
  int mutated = 0;
  for (int i = 0; i < kSamples; ++i) {
    const auto child = mutate(space_, genome, random);
    if (!child) continue;
    ASSERT_NO_FATAL_FAILURE(expect_sound(*child));
    mutated += id(space_, *child) != id(space_, genome) ? 1 : 0;
    genome = *child;
  }
  EXPECT_GT(mutated, count(space_).count == "1" && !count(space_).open ? -1 : kSamples / 2);
}

TEST_P(EverySpace, has_crossovers_that_are_allowed) {
  base::Random random(3, GetParam());
  for (int i = 0; i < kSamples; ++i) {
    const auto child = cross_over(space_, sample(space_, random), sample(space_, random), random);
    if (!child) continue;
    ASSERT_NO_FATAL_FAILURE(expect_sound(*child));
  }
}

TEST_P(EverySpace, has_architectures_that_can_be_drawn) {
  base::Random random(4, GetParam());
  for (int i = 0; i < kSamples; ++i) {
    const auto architecture = decode(space_, sample(space_, random), space_.input);
    if (!architecture) continue;
    const std::string svg = block::to_svg(to_dot(*architecture));
    EXPECT_TRUE(svg.starts_with("<svg"));
    EXPECT_EQ(svg.find("<title>"), std::string::npos);
    return;
  }
  FAIL() << "no sample is an architecture";
}

std::string name_of(const ::testing::TestParamInfo<std::string>& info) {
  return info.param;
}

INSTANTIATE_TEST_SUITE_P(Spaces, EverySpace, ::testing::ValuesIn(base::list_data("search_spaces", ".yaml")), name_of);

}  // namespace
}  // namespace weft::space
