// Crops, flips, erasing and mixing of training images.
#include "train/augment.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace weft::train {
namespace {

TEST(RandomCrop, LiesInTheImageWithTheAskedArea) {
  base::Random random(1);
  double smallest = 1, largest = 0, sum = 0;
  for (int i = 0; i < 4000; ++i) {
    const Box box = random_crop(random, 400, 500, 0.08);
    ASSERT_GE(box.top, 0);
    ASSERT_GE(box.left, 0);
    ASSERT_LE(box.top + box.height, 400);
    ASSERT_LE(box.left + box.width, 500);
    const double aspect = static_cast<double>(box.width) / static_cast<double>(box.height);
    ASSERT_TRUE(aspect > 0.73 && aspect < 1.37) << aspect;
    const double share = static_cast<double>(box.height * box.width) / (400 * 500);
    smallest = std::min(smallest, share);
    largest = std::max(largest, share);
    sum += share;
  }
  EXPECT_NEAR(smallest, 0.08, 0.01);
  EXPECT_GT(largest, 0.9);
  // Large draws fit less often: the same procedure, written anew in Python, has a mean of 0.453 over 200,000 draws.
  EXPECT_NEAR(sum / 4000, 0.453, 0.02);
}

TEST(RandomCrop, IsTheMiddleOfAnImageThatNoneFits) {
  base::Random random(1);
  const Box box = random_crop(random, 10, 1000, 0.9);
  EXPECT_EQ(box.height, 10);
  EXPECT_EQ(box.width, 13);
  EXPECT_EQ(box.left, 493);
  EXPECT_EQ(random_crop(random, 1, 1, 0.08).width, 1);
}

TEST(Resized, LeavesAnImageOfThatSizeAsItIs) {
  const at::Tensor image = at::randint(256, {9, 7, 3}, at::kByte);
  EXPECT_TRUE(at::equal(resized(image, {.height = 9, .width = 7}, 9, 7), image));
  EXPECT_TRUE(at::equal(resized(image, {2, 3, 4, 4}, 4, 4), image.narrow(0, 2, 4).narrow(1, 3, 4)));
}

TEST(Centre, IsOfThatSideWhateverTheShape) {
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 60'000}, {60'000, 1}, {300, 500}, {32, 32}}) {
    const at::Tensor made = centre(at::zeros({height, width, 3}, at::kByte), 32);
    EXPECT_EQ(made.sizes().vec(), (std::vector<std::int64_t>{32, 32, 3}));
  }
}

TEST(Augmented, IsFlippedAsOftenAsAsked) {
  const at::Tensor image = at::randint(256, {16, 16, 3}, at::kByte);
  const Box all{.height = 16, .width = 16};
  base::Random random(1);
  EXPECT_TRUE(at::equal(augmented(image, all, 16, {.flip = 0}, random), image));
  EXPECT_TRUE(at::equal(augmented(image, all, 16, {.flip = 1}, random), image.flip(1)));
  int flipped = 0;
  for (int i = 0; i < 1000; ++i) flipped += at::equal(augmented(image, all, 16, {}, random), image) ? 0 : 1;
  EXPECT_NEAR(flipped, 500, 60);
}

TEST(Augmented, IsErasedByNoiseOfImagenetsMeanAndDeviation) {
  const at::Tensor image = at::zeros({64, 64, 3}, at::kByte);
  base::Random random(1);
  double changed = 0, sum = 0, squares = 0, count = 0;
  for (int i = 0; i < 300; ++i) {
    const at::Tensor made = augmented(image, {.height = 64, .width = 64}, 64, {.flip = 0, .erase = 1}, random);
    const at::Tensor noise = made.masked_select(made.ne(0).any(2, true)).to(at::kDouble) / 255;
    const double share = static_cast<double>(noise.numel()) / static_cast<double>(image.numel());
    ASSERT_TRUE(share > 0.015 && share < 0.35) << share;
    changed += share / 300;
    sum += noise.sum().item<double>();
    squares += noise.square().sum().item<double>();
    count += static_cast<double>(noise.numel());
  }
  EXPECT_NEAR(changed, (0.02 + 1.0 / 3) / 2, 0.02);
  EXPECT_NEAR(sum / count, (0.485 + 0.456 + 0.406) / 3, 0.01);  // a little moved, since bytes end at 0
  EXPECT_NEAR(std::sqrt(squares / count - sum * sum / count / count), 0.225, 0.02);
}

TEST(RandomMix, IsNothingWhereNoneIsAskedFor) {
  base::Random random(1);
  EXPECT_FALSE(random_mix(random, {}, 32, 10).has_value());
  EXPECT_EQ(random_mix(random, {.label_smoothing = 0.1}, 32, 10)->share, 1);
}

// Beta(0.8, 0.8) has the deviation 1/sqrt(4 * 2.6), Beta(1, 1) is uniform.
TEST(RandomMix, DrawsItsSharesFromBeta) {
  base::Random random(1);
  for (const double alpha : {0.2, 0.8, 1.0}) {
    double sum = 0, squares = 0;
    constexpr int kDraws = 20'000;
    for (int i = 0; i < kDraws; ++i) {
      const double share = random_mix(random, {.mixup = alpha}, 32, 10)->share;
      ASSERT_TRUE(share >= 0 && share <= 1);
      sum += share / kDraws;
      squares += share * share / kDraws;
    }
    EXPECT_NEAR(sum, 0.5, 0.01);
    EXPECT_NEAR(std::sqrt(squares - sum * sum), 1 / std::sqrt(4 * (2 * alpha + 1)), 0.01) << alpha;
  }
}

TEST(RandomMix, IsOfBothKindsAtEqualChance) {
  base::Random random(1);
  int cuts = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto mix = random_mix(random, {.mixup = 0.8, .cutmix = 1}, 32, 10);
    if (!mix->box) continue;
    ++cuts;
    const auto [top, left, height, width] = *mix->box;
    ASSERT_TRUE(top >= 0 && left >= 0 && top + height <= 32 && left + width <= 32);
    ASSERT_NEAR(mix->share, 1 - static_cast<double>(height * width) / (32 * 32), 1e-12);
  }
  EXPECT_NEAR(cuts, 1000, 100);
}

}  // namespace
}  // namespace weft::train
