#include "train/augment.hpp"

#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace weft::train {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int kTries = 10;
constexpr std::int64_t kColours = 3;
constexpr std::int64_t kLongest = 16;  // sides beyond so many times the other are cut first: resized they fill a memory
constexpr std::array<double, kColours> kMean{0.485, 0.456, 0.406}, kDeviation{0.229, 0.224, 0.225};

double between(base::Random& random, double low, double high) {
  return low + (high - low) * random.uniform();
}

// A whole number in [0, most].
std::int64_t place(base::Random& random, std::int64_t most) {
  return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most + 1)));
}

// A box of that share of the area and an aspect ratio between `narrow` and 1/`narrow` or the like, log-uniform; its
// sides are not yet checked against the image's.
Box draw_box(base::Random& random, std::int64_t area, double share, double narrow, double wide) {
  const double aspect = std::exp(between(random, std::log(narrow), std::log(wide)));
  const double pixels = static_cast<double>(area) * share;
  return {.height = std::llround(std::sqrt(pixels / aspect)), .width = std::llround(std::sqrt(pixels * aspect))};
}

// Beta(alpha, alpha) for alpha in (0, 1] (Jöhnk 1964).
double beta(base::Random& random, double alpha) {
  for (;;) {
    const double x = std::pow(random.uniform(), 1 / alpha), y = std::pow(random.uniform(), 1 / alpha);
    if (x + y <= 1 && x + y > 0) return x / (x + y);
  }
}

// Box and Muller 1958.
double normal(base::Random& random) {
  return std::sqrt(-2 * std::log(1 - random.uniform())) * std::cos(2 * kPi * random.uniform());
}

void flip(std::uint8_t* pixels, std::int64_t side) {
  for (std::int64_t row = 0; row < side; ++row) {
    for (std::int64_t left = 0, right = side - 1; left < right; ++left, --right) {
      std::uint8_t* line = pixels + row * side * kColours;
      std::swap_ranges(line + left * kColours, line + (left + 1) * kColours, line + right * kColours);
    }
  }
}

void erase(std::uint8_t* pixels, std::int64_t side, base::Random& random) {
  Box box;
  for (int i = 0; i < kTries && (box.height < 1 || box.height >= side || box.width < 1 || box.width >= side); ++i)
    box = draw_box(random, side * side, between(random, 0.02, 1.0 / 3), 0.3, 1 / 0.3);
  if (box.height < 1 || box.height >= side || box.width < 1 || box.width >= side) return;
  box.top = place(random, side - box.height);
  box.left = place(random, side - box.width);
  for (std::int64_t row = box.top; row < box.top + box.height; ++row) {
    for (std::int64_t at = box.left; at < box.left + box.width; ++at) {
      for (std::size_t c = 0; c < kColours; ++c) {
        const double value = 255 * (kMean[c] + kDeviation[c] * normal(random));
        pixels[(row * side + at) * kColours + static_cast<std::int64_t>(c)] =
            static_cast<std::uint8_t>(std::clamp(std::round(value), 0.0, 255.0));
      }
    }
  }
}

}  // namespace

Augment Augment::from_json(const base::Json& checked) {
  return {.min_scale = checked.at("min_scale"),
          .flip = checked.at("flip"),
          .erase = checked.at("erase"),
          .mixup = checked.at("mixup"),
          .cutmix = checked.at("cutmix"),
          .label_smoothing = checked.at("label_smoothing")};
}

Box random_crop(base::Random& random, std::int64_t height, std::int64_t width, double min_scale) {
  constexpr double kNarrow = 3.0 / 4, kWide = 4.0 / 3;
  for (int i = 0; i < kTries; ++i) {
    Box box = draw_box(random, height * width, between(random, min_scale, 1), kNarrow, kWide);
    if (box.height < 1 || box.height > height || box.width < 1 || box.width > width) continue;
    box.top = place(random, height - box.height);
    box.left = place(random, width - box.width);
    return box;
  }
  Box box{.height = height, .width = width};
  const double aspect = static_cast<double>(width) / static_cast<double>(height);
  if (aspect < kNarrow) box.height = std::max<std::int64_t>(1, std::llround(static_cast<double>(width) / kNarrow));
  if (aspect > kWide) box.width = std::max<std::int64_t>(1, std::llround(static_cast<double>(height) * kWide));
  box.top = (height - box.height) / 2;
  box.left = (width - box.width) / 2;
  return box;
}

// The part is copied here: at::contiguous() would start threads inside each thread that decodes.
at::Tensor resized(const at::Tensor& image, const Box& box, std::int64_t height, std::int64_t width) {
  const std::int64_t line = image.size(1) * kColours;
  at::Tensor part = image;
  if (box.height != image.size(0) || box.width != image.size(1)) {
    part = at::empty({box.height, box.width, kColours}, at::kByte);
    const auto* from = image.const_data_ptr<std::uint8_t>() + box.top * line + box.left * kColours;
    auto* to = part.mutable_data_ptr<std::uint8_t>();
    for (std::int64_t row = 0; row < box.height; ++row)
      std::memcpy(to + row * box.width * kColours, from + row * line, static_cast<std::size_t>(box.width * kColours));
  }
  if (box.height == height && box.width == width) return part.clone();
  return at::_upsample_bicubic2d_aa(part.permute({2, 0, 1}).unsqueeze(0), {height, width}, false)
      .squeeze(0)
      .permute({1, 2, 0})
      .contiguous();
}

at::Tensor centre(const at::Tensor& image, std::int64_t side) {
  const std::int64_t height = std::min(image.size(0), kLongest * image.size(1)),
                     width = std::min(image.size(1), kLongest * image.size(0)), shorter = side * 256 / 224;
  const std::int64_t tall = height <= width ? shorter : shorter * height / width,
                     wide = height <= width ? shorter * width / height : shorter;
  const Box box{(image.size(0) - height) / 2, (image.size(1) - width) / 2, height, width};
  const at::Tensor whole = resized(image, box, tall, wide);
  // Half a pixel goes to the even neighbour, as in the evaluations that published accuracies come from.
  const auto middle = [&](std::int64_t size) { return std::lrint(static_cast<double>(size - side) / 2); };
  return resized(whole, {middle(tall), middle(wide), side, side}, side, side);
}

at::Tensor augmented(const at::Tensor& image, const Box& crop, std::int64_t side, const Augment& augment,
                     base::Random& random) {
  at::Tensor made = resized(image, crop, side, side);
  auto* pixels = made.mutable_data_ptr<std::uint8_t>();
  if (random.chance(augment.flip)) flip(pixels, side);
  if (random.chance(augment.erase)) erase(pixels, side, random);
  return made;
}

std::optional<Mix> random_mix(base::Random& random, const Augment& augment, std::int64_t side, std::int64_t classes) {
  if (augment.mixup == 0 && augment.cutmix == 0 && augment.label_smoothing == 0) return std::nullopt;
  Mix mix{.classes = classes, .smoothing = augment.label_smoothing};
  const bool cut = augment.cutmix > 0 && (augment.mixup == 0 || random.chance(0.5));
  if (!cut && augment.mixup == 0) return mix;
  mix.share = beta(random, cut ? augment.cutmix : augment.mixup);
  if (!cut) return mix;
  // The box is drawn around a place in the image and cut at its edges, so the share follows from what is left of it.
  const auto half = static_cast<std::int64_t>(static_cast<double>(side) * std::sqrt(1 - mix.share)) / 2;
  const std::int64_t y = place(random, side - 1), x = place(random, side - 1);
  const std::int64_t top = std::max<std::int64_t>(0, y - half), left = std::max<std::int64_t>(0, x - half);
  mix.box = {top, left, std::min(side, y + half) - top, std::min(side, x + half) - left};
  mix.share = 1 - static_cast<double>((*mix.box)[2] * (*mix.box)[3]) / static_cast<double>(side * side);
  return mix;
}

}  // namespace weft::train
