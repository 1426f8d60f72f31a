// The kernels that stand in for libtorch's where an operation has one thread of a CPU, against libtorch's in float64.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <gtest/gtest.h>

#include <array>
#include <ostream>

#include "net/kernels/gelu.hpp"
#include "net/kernels/small_heads.hpp"
#include "tests/support/entangled.hpp"

namespace weft::net::kernels {
namespace {

class OneThread : public ::testing::Test {
 protected:
  OneThread() : threads_(at::get_num_threads()) {
    at::set_num_threads(1);
    at::manual_seed(1);
  }
  ~OneThread() override { at::set_num_threads(threads_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int threads_;
};

struct Shape {
  std::int64_t batch, heads, groups, time, channels;
  bool causal;
  friend void PrintTo(const Shape& s, std::ostream* out) {
    *out << s.batch << "x" << s.heads << "/" << s.groups << "x" << s.time << "x" << s.channels
         << (s.causal ? " causal" : "");
  }
};

class SmallHeads : public OneThread, public ::testing::WithParamInterface<Shape> {
 protected:
  // Heads as attention() has them: views of rows that hold all heads side by side.
  static at::Tensor heads(std::int64_t count, at::ScalarType type) {
    const Shape& s = GetParam();
    return at::randn({s.batch, s.time, count, s.channels}, at::kDouble).to(type).to(at::kDouble);
  }
};

TEST_P(SmallHeads, GiveWhatTheProductOfAllScoresGives) {
  const Shape& s = GetParam();
  std::array<at::Tensor, 3> exact{heads(s.heads, at::kFloat), heads(s.groups, at::kFloat), heads(s.groups, at::kFloat)};
  std::array<at::Tensor, 3> own;
  for (std::size_t i = 0; i < 3; ++i) {
    own[i] = exact[i].to(at::kFloat).set_requires_grad(true);
    exact[i].set_requires_grad(true);
  }
  const auto by_head = [](const at::Tensor& x) { return x.transpose(1, 2); };
  ASSERT_TRUE(are_small_heads(by_head(own[0]), by_head(own[1]), by_head(own[2])));
  const at::Tensor wanted = at::scaled_dot_product_attention(by_head(exact[0]), by_head(exact[1]), by_head(exact[2]),
                                                             {}, 0, s.causal, std::nullopt, s.groups != s.heads);
  const at::Tensor got = small_heads(by_head(own[0]), by_head(own[1]), by_head(own[2]), s.causal);
  EXPECT_LE(test::difference(got.detach().to(at::kDouble), wanted.detach()), 2e-6);
  const at::Tensor slope = at::randn_like(wanted.detach());
  wanted.backward(slope);
  got.backward(slope.to(at::kFloat));
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_LE(test::difference(own[i].grad().to(at::kDouble), exact[i].grad()), 1e-5) << "qkv"[i];
}

INSTANTIATE_TEST_SUITE_P(Of, SmallHeads,
                         ::testing::Values(Shape{1, 1, 1, 1, 1, true}, Shape{2, 3, 3, 5, 7, true},
                                           Shape{2, 3, 3, 5, 7, false}, Shape{1, 12, 12, 256, 16, true},
                                           Shape{3, 4, 4, 65, 64, false}, Shape{1, 4, 2, 33, 24, true},
                                           Shape{2, 6, 1, 19, 33, false}, Shape{1, 2, 2, 64, 32, true}));

TEST_F(OneThread, AttentionOfLargeScoresIsANumber) {
  const at::Tensor q = at::randn({1, 2, 40, 16}) * 100, v = at::randn({1, 2, 40, 16});
  const at::Tensor wanted =
      at::scaled_dot_product_attention(q.to(at::kDouble), q.to(at::kDouble), v.to(at::kDouble), {}, 0, true);
  EXPECT_LE(test::difference(small_heads(q, q, v, true).to(at::kDouble), wanted), 1e-4);
}

TEST_F(OneThread, LibtorchDoesWhatTheyAreNotFor) {
  const at::Tensor small = at::randn({1, 2, 4, 8}), wide = at::randn({1, 2, 4, 65}), longer = at::randn({1, 2, 5, 8});
  EXPECT_TRUE(are_small_heads(small, small, small));
  EXPECT_FALSE(are_small_heads(wide, wide, wide));
  EXPECT_FALSE(are_small_heads(small, longer, longer)) << "keys of a prefix";
  EXPECT_FALSE(are_small_heads(small.to(at::kDouble), small.to(at::kDouble), small.to(at::kDouble)));
  at::set_num_threads(2);
  EXPECT_FALSE(are_small_heads(small, small, small));
}

TEST_F(OneThread, GeluAndItsSlopeAreThoseOfLibtorch) {
  const at::Tensor exact = at::linspace(-12, 12, 4099, at::kDouble).set_requires_grad(true);
  const at::Tensor own = exact.detach().to(at::kFloat).set_requires_grad(true);
  const at::Tensor wanted = at::gelu(exact), got = kernels::gelu(own);
  EXPECT_LE(test::difference(got.detach().to(at::kDouble), wanted.detach()), 1e-6);
  wanted.sum().backward();
  got.sum().backward();
  EXPECT_LE(test::difference(own.grad().to(at::kDouble), exact.grad()), 1e-6);
}

}  // namespace
}  // namespace weft::net::kernels
