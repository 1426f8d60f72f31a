// What is done to training images: cropped, resized, flipped, erased, mixed. Each draws from a random stream of its
// own, so that a batch does not depend on which image is decoded first. Any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include "base/json.hpp"
#include "base/random.hpp"
#include "train/batch.hpp"

namespace weft::train {

/// The `augment:` of a task. The defaults crop and flip alone.
struct Augment {
  double min_scale = 0.08;  ///< smallest share of an image's area that a crop has
  double flip = 0.5;        ///< how often left and right are exchanged
  double erase = 0;         ///< how often a rectangle is erased
  double mixup = 0;         ///< alpha of mixup; 0: none
  double cutmix = 0;        ///< alpha of CutMix; 0: none
  double label_smoothing = 0;

  static Augment from_json(const base::Json& checked);
};

/// Of an image, in pixels.
struct Box {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
};

/// A random part of an image of that height and width, of min_scale to all of its area and an aspect ratio between
/// 3/4 and 4/3 (Szegedy et al. 2015, section 6); the largest part in the middle where ten draws do not fit.
Box random_crop(base::Random& random, std::int64_t height, std::int64_t width, double min_scale);

/// The part `box` of an image [H, W, 3] of bytes, resized to [height, width, 3] by bicubic interpolation with
/// antialiasing, as Pillow does.
at::Tensor resized(const at::Tensor& image, const Box& box, std::int64_t height, std::int64_t width);

/// The middle of an image [H, W, 3] as [side, side, 3]: the shorter side is resized to 256/224 of `side` first.
at::Tensor centre(const at::Tensor& image, std::int64_t side);

/// A training image as [side, side, 3], from the part `crop` of an image [H, W, 3]. Draws whether it is flipped and
/// what is erased: a rectangle of 2 to 33 % of the area and an aspect ratio between 0.3 and 3.3, filled with noise of
/// ImageNet's mean and deviation (Zhong et al. 2020).
at::Tensor augmented(const at::Tensor& image, const Box& crop, std::int64_t side, const Augment& augment,
                     base::Random& random);

/// How a batch of images of that side is mixed: mixup or CutMix, one of the two at equal chance where both are on, its
/// share drawn from Beta(alpha, alpha). Nothing where no key asks for it.
std::optional<Mix> random_mix(base::Random& random, const Augment& augment, std::int64_t side, std::int64_t classes);

}  // namespace weft::train
