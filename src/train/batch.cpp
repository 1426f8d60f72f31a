#include "train/batch.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

namespace weft::train {
namespace {

// Of ImageNet's training images, of pixels in [0, 1]: what its published recipes normalise by.
constexpr std::array kMean{0.485F, 0.456F, 0.406F}, kDeviation{0.229F, 0.224F, 0.225F};

at::Tensor normalised(const at::Tensor& bytes) {
  const at::Tensor mean = at::tensor(at::ArrayRef<float>(kMean)).to(bytes.device()).view({1, 3, 1, 1});
  const at::Tensor deviation = at::tensor(at::ArrayRef<float>(kDeviation)).to(bytes.device()).view({1, 3, 1, 1});
  return bytes.to(at::kFloat).contiguous().div_(255).sub_(mean).div_(deviation);
}

at::Tensor mixed_images(const at::Tensor& images, const Mix& mix) {
  if (mix.share == 1) return images;
  const at::Tensor partners = images.flip(0);
  if (!mix.box) return images * mix.share + partners * (1 - mix.share);
  const auto [top, left, height, width] = *mix.box;
  const auto part = [&, top = top, left = left, height = height, width = width](const at::Tensor& whole) {
    return whole.narrow(2, top, height).narrow(3, left, width);
  };
  at::Tensor cut = images.clone();
  part(cut).copy_(part(partners));
  return cut;
}

at::Tensor mixed_classes(const at::Tensor& classes, const Mix& mix) {
  const double other = mix.smoothing / static_cast<double>(mix.classes);
  at::Tensor smooth = at::full({classes.size(0), mix.classes}, other, classes.options().dtype(at::kFloat));
  smooth.scatter_(1, classes.unsqueeze(1), 1 - mix.smoothing + other);
  return mix.share == 1 ? smooth : smooth * mix.share + smooth.flip(0) * (1 - mix.share);
}

}  // namespace

Batch Batch::on(const at::Device& device) const {
  Batch moved{input.to(device), target.to(device)};
  if (moved.input.scalar_type() == at::kByte) moved.input = normalised(moved.input);
  if (!mix) return moved;
  return {mixed_images(moved.input, *mix), mixed_classes(moved.target, *mix)};
}

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& target) {
  return at::cross_entropy_loss(logits, target.is_floating_point() ? target : target.reshape({-1}));
}

}  // namespace weft::train
