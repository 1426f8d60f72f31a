// The equation of entangled weights for every space in search_spaces/, with as many random genomes as their size
// allows: 100 of small ones.
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "tests/support/entangled.hpp"

namespace weft::net {
namespace {

constexpr std::int64_t kSmall = 2'000'000;      // parameters up to which a genome is taken as it is drawn
constexpr std::int64_t kEnough = 25'000'000;    // parameters of all genomes of a space together
constexpr std::int64_t kTooLarge = 30'000'000;  // parameters of the smallest genome of a space that is left out

// A random genome; of large spaces one near the smallest.
space::Genome drawn(const space::Space& space, space::Counter& counter, const space::Genome& smallest,
                    base::Random& random) {
  space::Genome genome = space::sample(space, random);
  const auto counts = counter.count(genome);
  if (counts && counts->params <= kSmall) return genome;
  genome = smallest;
  for (std::uint64_t edits = random.below(4); edits > 0; --edits)
    genome = space::mutate(space, genome, random).value_or(genome);
  return genome;
}

class EverySpace : public ::testing::TestWithParam<std::string> {};

TEST_P(EverySpace, GivesItsGenomesWhatTheyWouldGiveAlone) {
  const space::Space space = space::Space::load(GetParam());
  const space::Input input = test::reduced_input(space);
  space::Counter counter(space, input);
  const space::Genome smallest = space::smallest(space, input);
  if (counter.count(smallest)->params > kTooLarge) GTEST_SKIP() << "its smallest genome is too large for this test";
  Supernet supernet(space, input, test::double_supernet(false));
  base::Random random(11, space.name);
  const test::Examples examples = test::examples_for(input, 2);
  std::int64_t done = 0;
  int checked = 0;
  for (int draw = 0; draw < 400 && checked < 100 && (done < kEnough || checked < 2); ++draw) {
    const space::Genome genome = drawn(space, counter, smallest, random);
    const auto counts = counter.count(genome);
    if (!counts) continue;
    test::check_genome(supernet, genome, examples);
    ASSERT_FALSE(::testing::Test::HasFailure()) << space::to_text(space, genome);
    done += counts->params;
    ++checked;
  }
  EXPECT_GE(checked, 2);
  std::cout << checked << " genomes of " << space.name << "\n";
}

INSTANTIATE_TEST_SUITE_P(Spaces, EverySpace, ::testing::ValuesIn(base::list_data("search_spaces", ".yaml")),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace weft::net
