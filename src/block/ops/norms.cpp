#include <fmt/format.h>

#include "block/ops/rows.hpp"

namespace weft::block::rows {
namespace {

// The norms' attributes of equal meaning; a layernorm's bias stands before them.
Attribute epsilon(double fallback) {
  return real("epsilon", 1e-12, 0.1, fallback, "what is added under the root");
}
Attribute parts() {
  return whole("heads", 1, 1024, 1, "equal parts of the channels, each normalised on its own");
}

base::Result<std::vector<Type>> infer_parts(const Call& call, std::size_t index) {
  const std::int64_t heads = call.whole(index), channels = call.inputs[0].channels;
  if (channels % heads != 0) return base::failure(fmt::format("{} heads do not divide {} channels", heads, channels));
  return std::vector{call.inputs[0]};
}

}  // namespace

const Op& layernorm() {
  static const Op op{
      .name = "layernorm",
      .attributes = {flag("bias", true, "whether a vector is added"), epsilon(1e-5), parts(), freezing()},
      .doc =
          "Each position less its mean over channels, divided by its standard deviation, times a learned vector, plus "
          "another.",
      .source = "Ba, Kiros, Hinton 2016; heads: Wu, He 2018 (group normalisation)",
      .infer = [](const Call& call) { return infer_parts(call, 2); },
      .parameters =
          [](const Call& call) {
            const std::int64_t channels = call.inputs[0].channels;
            return frozen_where(call.flag(3),
                                with_bias({"weight", {channels}, Init::constant, 1}, call.flag(0), channels));
          },
  };
  return op;
}

const Op& rmsnorm() {
  static const Op op{
      .name = "rmsnorm",
      .attributes = {epsilon(1e-6), parts(), freezing()},
      .doc = "Each position divided by the root of its mean square over channels, times a learned vector.",
      .source = "Zhang, Sennrich 2019; heads: Sun et al. 2023 (RetNet), section 2.3",
      .infer = [](const Call& call) { return infer_parts(call, 1); },
      .parameters =
          [](const Call& call) {
            const std::vector<Parameter> weight{{"weight", {call.inputs[0].channels}, Init::constant, 1}};
            return frozen_where(call.flag(2), weight);
          },
  };
  return op;
}

}  // namespace weft::block::rows
