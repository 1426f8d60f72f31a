#include <fmt/format.h>

#include "block/ops/rows.hpp"

namespace weft::block::rows {
namespace {

enum { kWidth, kKernel, kDilation, kGroups, kBias };

base::Result<std::vector<Type>> infer_conv(const Call& call) {
  const std::int64_t channels = call.inputs[0].channels, groups = call.whole(kGroups);
  if (!has_middle(call, call.whole(kKernel))) return base::failure("kernel must be odd where the space is not causal");
  if (channels % groups != 0 || call.whole(kWidth) % groups != 0) {
    return base::failure(
        fmt::format("{} groups do not divide {} channels into {}", groups, channels, call.whole(kWidth)));
  }
  return std::vector{Type{call.whole(kWidth), false}};
}

}  // namespace

const Op& conv() {
  static const Op op{
      .name = "conv",
      .takes = kPositions,
      .attributes = {{.name = "width", .positional = true, .doc = "channels that come out"},
                     whole("kernel", 1, 127, 3, "positions that one output sees"),
                     whole("dilation", 1, 64, 1, "distance between the positions that one output sees"),
                     whole("groups", 1, kMaxWidth, 1, "parts of the channels that do not see each other"),
                     flag("bias", true, "whether a vector is added")},
      .doc = "Convolution over positions: over the past in a causal space, else centred.",
      .source = "So, Liang, Le 2019 (Evolved Transformer); dilation: Yu, Koltun 2016",
      .infer = infer_conv,
      .parameters =
          [](const Call& call) {
            const std::int64_t out = call.whole(kWidth), in = call.inputs[0].channels / call.whole(kGroups);
            return with_bias({"weight", {out, in, call.whole(kKernel)}}, call.flag(kBias), out);
          },
      .macs =
          [](const Call& call, std::int64_t time) {
            return product(
                {time, call.inputs[0].channels / call.whole(kGroups), call.whole(kWidth), call.whole(kKernel)});
          },
      .mixes = [](const Call& call) { return call.whole(kKernel) == 1 ? Mixing::none : past_or_all(call); },
  };
  return op;
}

const Op& lightconv() {
  static const Op op{
      .name = "lightconv",
      .takes = kPositions,
      .attributes = {whole("width", 1, 127, kMust, "positions that one output sees"),
                     whole("heads", 1, 1024, kMust, "parts of the channels, with one filter each")},
      .doc =
          "Lightweight convolution: depthwise over positions, one filter a head, its weights made to sum to 1 by a "
          "softmax; over the past in a causal space, else centred.",
      .source = "Wu et al. 2019, section 3.1",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        if (!has_middle(call, call.whole(0))) return base::failure("width must be odd where the space is not causal");
        if (call.inputs[0].channels % call.whole(1) != 0)
          return base::failure(
              fmt::format("{} heads do not divide {} channels", call.whole(1), call.inputs[0].channels));
        return std::vector{call.inputs[0]};
      },
      .parameters =
          [](const Call& call) {
            return std::vector<Parameter>{{"weight", {call.whole(1), 1, call.whole(0)}}};
          },
      .macs = [](const Call& call, std::int64_t time) { return time * call.inputs[0].channels * call.whole(0); },
      .mixes = [](const Call& call) { return call.whole(0) == 1 ? Mixing::none : past_or_all(call); },
  };
  return op;
}

const Op& shift() {
  static const Op op{
      .name = "shift",
      .takes = kPositions,
      .attributes = {whole("by", 1, 4096, 1, "how many positions")},
      .doc = "What stood some positions before, and zeros where nothing did.",
      .source = "Peng et al. 2023 (RWKV's token shift)",
      .infer = same_type,
      .mixes = [](const Call&) { return Mixing::past; },
  };
  return op;
}

const Op& fourier() {
  static const Op op{
      .name = "fourier",
      .takes = kPositions,
      .doc = "Real part of the Fourier transform over channels and positions. Not in a causal space.",
      .source = "Lee-Thorp et al. 2022 (FNet), section 3.2",
      .infer = same_type,
      .mixes = [](const Call&) { return Mixing::all; },
  };
  return op;
}

}  // namespace weft::block::rows
