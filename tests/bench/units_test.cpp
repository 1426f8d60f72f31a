#include "bench/units.hpp"

#include <gtest/gtest.h>

#include "tests/support/errors.hpp"

namespace weft::bench {
namespace {

TEST(Units, AreTurnedIntoOneAnother) {
  EXPECT_DOUBLE_EQ(unit_factor("s", "ms").value(), 1000);
  EXPECT_DOUBLE_EQ(unit_factor("percent", "fraction").value(), 0.01);
  EXPECT_DOUBLE_EQ(unit_factor("Wh", "J").value(), 3600);
  EXPECT_DOUBLE_EQ(unit_factor("mac", "flop").value(), 2);
  EXPECT_DOUBLE_EQ(unit_factor("MiB", "byte").value(), 1048576);
}

TEST(Units, OfDifferentThingsAreRefused) {
  EXPECT_EQ(test::refusal(unit_factor("s", "J")),
            "'s' and 'J' measure different things; 's' can be given in s, ms, us, min, h");
  EXPECT_TRUE(test::refusal(unit_factor("s", "hours")).starts_with("no unit 'hours'; there are fraction, percent, s,"));
}

TEST(Units, FollowFromAMetricsName) {
  EXPECT_EQ(unit_of_name("latency_a100_s"), "s");
  EXPECT_EQ(unit_of_name("val_accuracy"), "fraction");
  EXPECT_EQ(unit_of_name("energy_j"), "J");
  EXPECT_EQ(unit_of_name("flops"), "flop");
  EXPECT_EQ(unit_of_name("val_loss"), "");
}

}  // namespace
}  // namespace weft::bench
