// What a training step is fed, and its loss. Any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <optional>

namespace weft::train {

/// What mixup (Zhang et al. 2018), CutMix (Yun et al. 2019) and label smoothing (Szegedy et al. 2016, section 7) do
/// with a batch of images: example i is mixed with example size - 1 - i.
struct Mix {
  std::int64_t classes = 0;
  double share = 1;                                ///< of an image in its mixture; the rest is its partner's
  std::optional<std::array<std::int64_t, 4>> box;  ///< CutMix: top, left, height, width of what is the partner's
  double smoothing = 0;
};

/// Tokens [B, T] and the tokens that follow them, both int64; or images [B, channels, height, width] and classes [B].
/// Images are floats, or bytes of red, green and blue, which on() turns into floats.
struct Batch {
  at::Tensor input, target;
  std::optional<Mix> mix = {};  ///< what on() still has to do

  /// The batch on a device, ready for the network: bytes are normalised by ImageNet's mean and deviation, images are
  /// mixed. The target of a mix is probabilities, [B, classes] floats.
  Batch on(const at::Device& device) const;
};

/// Mean cross-entropy in nats of logits [N, classes] with a target as Batch::on() gives it: N whole numbers of any
/// shape, or probabilities [N, classes].
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& target);

}  // namespace weft::train
