// What a batch is when the network gets it: normalised, mixed, with smooth targets.
#include "train/batch.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace weft::train {
namespace {

class Batches : public ::testing::Test {
 protected:
  const at::Tensor images_ = at::randint(256, {4, 3, 8, 8}, at::kByte);
  const at::Tensor classes_ = at::tensor(std::vector<std::int64_t>{0, 2, 1, 2});
  const at::Tensor plain_ = Batch{images_, classes_}.on(at::kCPU).input;
};

TEST_F(Batches, OfBytesAreNormalisedByImagenetsMeanAndDeviation) {
  const at::Tensor expected = (images_.select(1, 1).to(at::kFloat) / 255 - 0.456) / 0.224;
  EXPECT_TRUE(at::allclose(plain_.select(1, 1), expected, 1e-5, 1e-5));
  EXPECT_TRUE(at::equal(Batch({images_, classes_}).on(at::kCPU).target, classes_));
}

TEST_F(Batches, OfFloatsAndTokensAreLeftAsTheyAre) {
  const at::Tensor tokens = at::arange(12).view({3, 4}), floats = at::rand({2, 1, 4, 4});
  EXPECT_TRUE(at::equal(Batch({tokens, tokens}).on(at::kCPU).input, tokens));
  EXPECT_TRUE(at::equal(Batch({floats, classes_}).on(at::kCPU).input, floats));
}

TEST_F(Batches, AreMixedWithThemselvesInReverse) {
  const Batch mixed = Batch{images_, classes_, Mix{.classes = 3, .share = 0.7}}.on(at::kCPU);
  EXPECT_TRUE(at::allclose(mixed.input[0], plain_[0] * 0.7 + plain_[3] * 0.3, 1e-5, 1e-5));
  EXPECT_TRUE(at::allclose(mixed.target[0], at::tensor(std::vector<float>{0.7F, 0, 0.3F})));
  EXPECT_TRUE(at::allclose(mixed.target.sum(1), at::tensor(std::vector<float>{1, 1, 1, 1})));
}

TEST_F(Batches, AreCutFromTheirPartners) {
  const Batch cut = Batch{images_, classes_, Mix{.classes = 3, .share = 0.75, .box = {{2, 1, 4, 4}}}}.on(at::kCPU);
  EXPECT_TRUE(at::equal(cut.input[1].narrow(1, 2, 4).narrow(2, 1, 4), plain_[2].narrow(1, 2, 4).narrow(2, 1, 4)));
  EXPECT_TRUE(at::equal(cut.input[1].narrow(1, 0, 2), plain_[1].narrow(1, 0, 2)));
  EXPECT_TRUE(at::allclose(cut.target[1], at::tensor(std::vector<float>{0, 0.25F, 0.75F})));
}

// PyTorch's own label smoothing is the reference.
TEST_F(Batches, HaveSmoothTargetsAsPytorchSmoothsThem) {
  const Batch smooth = Batch{images_, classes_, Mix{.classes = 3, .smoothing = 0.1}}.on(at::kCPU);
  const at::Tensor logits = at::rand({4, 3});
  const at::Tensor expected = at::cross_entropy_loss(logits, classes_, {}, 1, -100, 0.1);
  EXPECT_TRUE(at::allclose(cross_entropy(logits, smooth.target), expected, 1e-6, 1e-6));
  EXPECT_TRUE(at::equal(smooth.input, plain_));
}

}  // namespace
}  // namespace weft::train
