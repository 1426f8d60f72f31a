#include "block/ops/rows.hpp"

namespace weft::block::rows {
namespace {

enum { kWidth, kBias, kFrozen, kZero };

}  // namespace

const Op& linear() {
  static const Op op{
      .name = "linear",
      .attributes = {{.name = "width", .positional = true, .doc = "channels that come out"},
                     flag("bias", true, "whether a vector is added"),
                     freezing(),
                     tuning(flag("zero", false,
                                 "whether the matrix starts as zeros, so that a new branch changes nothing"))},
      .doc = "Matrix product over channels, position by position: x Wᵀ + b.",
      .source = "Vaswani et al. 2017, section 3.3; zero: Hu et al. 2022 (LoRA), section 4.1",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        return std::vector{Type{call.whole(kWidth), call.inputs[0].pooled}};
      },
      .parameters =
          [](const Call& call) {
            const std::int64_t width = call.whole(kWidth);
            const Init init = call.flag(kZero) ? Init::constant : Init::normal;
            return frozen_where(call.flag(kFrozen),
                                with_bias({"weight", {width, call.inputs[0].channels}, init}, call.flag(kBias), width));
          },
      .macs =
          [](const Call& call, std::int64_t time) {
            return (call.inputs[0].pooled ? 1 : time) * call.inputs[0].channels * call.whole(kWidth);
          },
  };
  return op;
}

}  // namespace weft::block::rows
