#include "block/ops/rows.hpp"

namespace weft::block::rows {

const Op& layernorm() {
  static const Op op{
      .name = "layernorm",
      .attributes = {flag("bias", true, "whether a vector is added")},
      .doc =
          "Each position less its mean over channels, divided by its standard deviation, times a learned vector, plus "
          "another (epsilon 1e-5).",
      .source = "Ba, Kiros, Hinton 2016",
      .infer = same_type,
      .parameters =
          [](const Call& call) {
            const std::int64_t channels = call.inputs[0].channels;
            return with_bias({"weight", {channels}, Init::constant, 1}, call.attributes[0] != 0, channels);
          },
  };
  return op;
}

const Op& rmsnorm() {
  static const Op op{
      .name = "rmsnorm",
      .doc =
          "Each position divided by the root of its mean square over channels (epsilon 1e-6), times a learned vector.",
      .source = "Zhang, Sennrich 2019",
      .infer = same_type,
      .parameters =
          [](const Call& call) {
            return std::vector<Parameter>{{"weight", {call.inputs[0].channels}, Init::constant, 1}};
          },
  };
  return op;
}

}  // namespace weft::block::rows
