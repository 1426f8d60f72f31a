#include "evolve/parzen.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "space/genome_text.hpp"
#include "tests/support/spaces.hpp"

namespace weft::evolve {
namespace {

// Slots of these sizes; an inactive value and each of the others has a row.
class ParzenKernel : public ::testing::Test {
 protected:
  ParzenKernel() {
    for (const std::int32_t size : {5, 3, 1, 31}) {
      slots_.push_back(
          {.values = size, .row = rows_, .bandwidth = 0.3F, .ratio = 1 / (2.0F + static_cast<float>(size))});
      rows_ += 1 + size;
    }
  }
  // A value of the slot, or -1.
  std::int32_t code(std::size_t slot) {
    return static_cast<std::int32_t>(random_.below(static_cast<std::uint64_t>(slots_[slot].values) + 1)) - 1;
  }

  base::Random random_{5};
  std::vector<KernelSlot> slots_;
  std::int32_t rows_ = 0;
};

TEST_F(ParzenKernel, SumsTheProductsOfWhatDiffers) {
  for (const std::size_t count : {1U, 2U, 33U, 200U}) {
    std::vector<std::int32_t> codes, observed;
    for (std::size_t i = 0; i < count * slots_.size(); ++i) {
      codes.push_back(code(i % slots_.size()));
      observed.push_back(slots_[i % slots_.size()].row + 1 + codes.back());
    }
    std::vector<KernelCodes> candidates(slots_.size());
    for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
      for (std::int32_t& one : candidates[slot].of) one = code(slot);
    }
    std::vector<KernelLanes> scratch(static_cast<std::size_t>(rows_));
    const KernelLanes sums = kernel_sums(observed, slots_, candidates, scratch);
    for (std::size_t lane = 0; lane < kKernelLanes; ++lane) {
      double expected = 0;
      for (std::size_t i = 0; i < count; ++i) {
        double product = 1;
        for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
          const std::int32_t wanted = candidates[slot].of[lane];
          if (wanted != -1 && wanted != codes[i * slots_.size() + slot]) product *= slots_[slot].ratio;
        }
        expected += product;
      }
      ASSERT_NEAR(sums.of[lane], expected, 1e-5 * expected) << count << " observations, candidate " << lane;
    }
  }
}

TEST_F(ParzenKernel, DrawsBelowTheBandwidthAndKeepsAbove) {
  constexpr int kRounds = 32;  // of as many even chances as there are candidates
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    const std::span<const KernelSlot> one(&slots_[slot], 1);
    const std::int32_t values = slots_[slot].values;
    for (std::int32_t own = -1; own < values; ++own) {
      for (int round = 0; round < kRounds; ++round) {
        std::vector<KernelCodes> around(1), drawn(1);
        std::vector<KernelLanes> chances(1);
        for (std::size_t lane = 0; lane < kKernelLanes; ++lane) {
          around[0].of[lane] = slots_[slot].row + 1 + own;
          chances[0].of[lane] = static_cast<float>(round * static_cast<int>(kKernelLanes) + static_cast<int>(lane)) /
                                (kRounds * static_cast<float>(kKernelLanes));
        }
        kernel_draws(one, around, chances, drawn);
        for (std::size_t lane = 0; lane < kKernelLanes; ++lane) {
          const float chance = chances[0].of[lane], bandwidth = own == -1 ? 1 : slots_[slot].bandwidth;
          const auto among = static_cast<std::int32_t>(std::floor(chance / bandwidth * static_cast<float>(values)));
          ASSERT_EQ(drawn[0].of[lane], chance < bandwidth ? among : own) << "slot " << slot << ", chance " << chance;
        }
      }
    }
  }
}

TEST(Parzen, FindsTheValueThatGoodOnesHave) {
  const space::Space space = test::space_of("genes:\n  a: {range: [0, 7]}\n  b: {range: [0, 7]}\n");
  Parzen densities(space, {});
  base::Random random(1);
  for (int i = 0; i < 200; ++i) {
    const std::int32_t a = static_cast<std::int32_t>(random.below(8)), b = static_cast<std::int32_t>(random.below(8));
    densities.observe({.codes = {a, b}, .programs = {}}, a == 3 ? 0 : 1);
  }
  int found = 0;
  for (int i = 0; i < 100; ++i) found += densities.sample(random).codes[0] == 3 ? 1 : 0;
  EXPECT_EQ(found, 100);
}

}  // namespace
}  // namespace weft::evolve
