#include <fmt/format.h>

#include <algorithm>

#include "block/ops/rows.hpp"

namespace weft::block::rows {
namespace {

enum { kWidth, kKernel, kStride, kGroups, kDilation, kBias };
enum { kSize, kPoolStride };

// The side that is left by an odd window, padded so that stride 1 keeps the size.
std::int64_t side(std::int64_t from, std::int64_t stride) {
  return (from - 1) / stride + 1;
}

base::Result<std::vector<Type>> infer_conv(const Call& call) {
  const Type x = call.inputs[0];
  const std::int64_t groups = call.whole(kGroups), stride = call.whole(kStride);
  if (call.whole(kKernel) % 2 == 0) return base::failure("kernel must be odd");
  if (x.channels % groups != 0 || call.whole(kWidth) % groups != 0)
    return base::failure(
        fmt::format("{} groups do not divide {} channels into {}", groups, x.channels, call.whole(kWidth)));
  return std::vector{Type::image(call.whole(kWidth), side(x.height, stride), side(x.width, stride))};
}

base::Result<std::vector<Type>> infer_pool(const Call& call) {
  const Type x = call.inputs[0];
  const std::int64_t size = call.whole(kSize), stride = call.whole(kPoolStride), padding = (size - 1) / 2;
  if (std::min(x.height, x.width) + 2 * padding < size)
    return base::failure(fmt::format("a window of {} does not fit into {}", size, x.text()));
  const auto left = [&](std::int64_t from) { return (from + 2 * padding - size) / stride + 1; };
  return std::vector{Type::image(x.channels, left(x.height), left(x.width))};
}

Op pool(std::string_view name, std::string_view doc) {
  return {.name = name,
          .takes = kImages,
          .attributes = {whole("size", 1, 31, 3, "side of the window, padded so that an odd one keeps the size"),
                         whole("stride", 1, 31, 1, "its step")},
          .doc = doc,
          .source = "Dong, Yang 2020 (NAS-Bench-201), section 2.1",
          .infer = infer_pool};
}

}  // namespace

const Op& conv2d() {
  static const Op op{
      .name = "conv2d",
      .takes = kImages,
      .attributes = {{.name = "width", .positional = true, .doc = "channels that come out"},
                     whole("kernel", 1, 31, 3, "side of the window, odd"),
                     whole("stride", 1, 31, 1, "its step"),
                     whole("groups", 1, kMaxWidth, 1, "parts of the channels that do not see each other"),
                     whole("dilation", 1, 31, 1, "distance between the pixels that one output sees"),
                     flag("bias", false, "whether a vector is added")},
      .doc = "Convolution over an image, padded with zeros so that stride 1 keeps its size.",
      .source = "He et al. 2016",
      .infer = infer_conv,
      .parameters =
          [](const Call& call) {
            const std::int64_t out = call.whole(kWidth), kernel = call.whole(kKernel),
                               in = call.inputs[0].channels / call.whole(kGroups);
            return with_bias({"weight", {out, in, kernel, kernel}, Init::fan_out}, call.flag(kBias), out);
          },
      .macs =
          [](const Call& call, std::int64_t) {
            const Type out = infer_conv(call)->front();
            return product({out.channels, out.height, out.width, call.inputs[0].channels / call.whole(kGroups),
                            call.whole(kKernel), call.whole(kKernel)});
          },
  };
  return op;
}

const Op& batchnorm() {
  static const Op op{
      .name = "batchnorm",
      .takes = kImages,
      .doc =
          "Each channel less its mean over batch and image, divided by its standard deviation, times a learned number, "
          "plus another (epsilon 1e-5); in evaluation with the means of training.",
      .source = "Ioffe, Szegedy 2015",
      .infer = same_type,
      .parameters =
          [](const Call& call) {
            const std::int64_t channels = call.inputs[0].channels;
            return std::vector<Parameter>{{"weight", {channels}, Init::constant, 1},
                                          {"bias", {channels}, Init::constant, 0},
                                          {"running_mean", {channels}, Init::constant, 0, false},
                                          {"running_variance", {channels}, Init::constant, 1, false}};
          },
  };
  return op;
}

const Op& maxpool() {
  static const Op op = pool("maxpool", "The largest value of a window over the image.");
  return op;
}

const Op& avgpool() {
  static const Op op = pool("avgpool", "The mean of a window over the image, of its pixels inside alone.");
  return op;
}

}  // namespace weft::block::rows
