#include "block/ops/rows.hpp"

namespace weft::block::rows {

const Op& dwconv() {
  static const Op op{
      .name = "dwconv",
      .takes = kPositions,
      .attributes = {whole("width", 1, 127, kMust, "positions that one output sees"),
                     flag("bias", false, "whether a vector is added"),
                     whole("dilation", 1, 64, 1, "distance between the positions that one output sees")},
      .doc =
          "Depthwise convolution over positions, one filter a channel; over the past in a causal space, else centred.",
      .source = "So et al. 2021 (Primer), section 4.1; dilation: Yu, Koltun 2016",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        if (!has_middle(call, call.whole(0))) {
          return base::failure("width must be odd where the space is not causal");
        }
        return std::vector{call.inputs[0]};
      },
      .parameters =
          [](const Call& call) {
            const std::int64_t channels = call.inputs[0].channels,
                               width = static_cast<std::int64_t>(call.attributes[0]);
            return with_bias({"weight", {channels, 1, width}, Init::causal_shift}, call.attributes[1] != 0, channels);
          },
      .macs =
          [](const Call& call, std::int64_t time) {
            return time * call.inputs[0].channels * static_cast<std::int64_t>(call.attributes[0]);
          },
      .mixes = [](const Call& call) { return call.whole(0) == 1 ? Mixing::none : past_or_all(call); },
  };
  return op;
}

}  // namespace weft::block::rows
