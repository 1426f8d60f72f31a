#include "block/ops/rows.hpp"

namespace weft::block::rows {

const Op& linear() {
  static const Op op{
      .name = "linear",
      .attributes = {{.name = "width", .positional = true, .doc = "channels that come out"},
                     flag("bias", true, "whether a vector is added")},
      .doc = "Matrix product over channels, position by position: x Wᵀ + b.",
      .source = "Vaswani et al. 2017, section 3.3",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        return std::vector{Type{static_cast<std::int64_t>(call.attributes[0]), call.inputs[0].pooled}};
      },
      .parameters =
          [](const Call& call) {
            const auto width = static_cast<std::int64_t>(call.attributes[0]);
            return with_bias({"weight", {width, call.inputs[0].channels}}, call.attributes[1] != 0, width);
          },
      .macs =
          [](const Call& call, std::int64_t time) {
            return (call.inputs[0].pooled ? 1 : time) * call.inputs[0].channels *
                   static_cast<std::int64_t>(call.attributes[0]);
          },
  };
  return op;
}

}  // namespace weft::block::rows
