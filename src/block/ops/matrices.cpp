#include <fmt/format.h>

#include "block/ops/rows.hpp"

namespace weft::block::rows {
namespace {

bool is_scores(const Type& type) {
  return type.rows == kTime && type.columns == kTime;
}

base::Result<std::vector<Type>> infer_matmul(const Call& call) {
  const Type a = call.inputs[0], b = call.inputs[1];
  if (a.heads != b.heads || a.columns != b.rows) {
    return base::failure(fmt::format(
        "heads must be equal, and the columns of the first the rows of the second: {} and {}", a.text(), b.text()));
  }
  return std::vector{Type::matrix(a.heads, a.rows, b.columns, a.past && b.past)};
}

// A position sees the past alone where the sum runs over a row of zeros after the own; or where it does not run over
// positions.
Mixing matmul_mixes(const Call& call) {
  if (call.inputs[0].columns != kTime) return Mixing::none;
  return call.inputs[0].past ? Mixing::past : Mixing::all;
}

std::int64_t size(std::int64_t axis, std::int64_t time) {
  return axis == kTime ? time : axis;
}

}  // namespace

const Op& heads() {
  static const Op op{
      .name = "heads",
      .takes = kPositions,
      .attributes = {{.name = "heads", .maximum = 1024, .positional = true, .doc = "they divide the channels"}},
      .doc = "The channels in equal parts, one a head: [batch, heads, time, channels / heads].",
      .source = "Vaswani et al. 2017, section 3.2.2",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        const std::int64_t count = call.whole(0), channels = call.inputs[0].channels;
        if (channels % count != 0)
          return base::failure(fmt::format("{} heads do not divide {} channels", count, channels));
        return std::vector{Type::matrix(count, kTime, channels / count)};
      },
  };
  return op;
}

const Op& merge() {
  static const Op op{
      .name = "merge",
      .takes = kMatrices,
      .doc = "The heads side by side over channels again: [batch, time, channels].",
      .source = "Vaswani et al. 2017, section 3.2.2",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        const Type x = call.inputs[0];
        if (x.rows != kTime || x.columns == kTime)
          return base::failure(fmt::format("needs [batch, heads, time, channels], not {}", x.text()));
        return std::vector{Type{x.heads * x.columns, false}};
      },
  };
  return op;
}

const Op& matmul() {
  static const Op op{
      .name = "matmul",
      .min_inputs = 2,
      .max_inputs = 2,
      .takes = kMatrices,
      .doc =
          "Matrix product, head by head. In a causal space nothing may be summed over positions but with the weights "
          "of "
          "a softmax over them.",
      .source = "Gao et al. 2022 (AutoBERT-Zero), table 1",
      .infer = infer_matmul,
      .macs =
          [](const Call& call, std::int64_t time) {
            const Type a = call.inputs[0], b = call.inputs[1];
            return product({a.heads, size(a.rows, time), size(a.columns, time), size(b.columns, time)});
          },
      .mixes = matmul_mixes,
  };
  return op;
}

const Op& transpose() {
  static const Op op{
      .name = "transpose",
      .takes = kMatrices,
      .doc = "Rows and columns exchanged.",
      .source = "Gao et al. 2022 (AutoBERT-Zero), table 1",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        const Type x = call.inputs[0];
        return std::vector{Type::matrix(x.heads, x.columns, x.rows)};
      },
  };
  return op;
}

const Op& softmax() {
  static const Op op{
      .name = "softmax",
      .takes = {.matrix = true},
      .doc =
          "exp(x) over its sum, along channels or columns. Of scores [time, time] in a causal space only the columns "
          "up "
          "to the row's own count.",
      .source = "Vaswani et al. 2017, section 3.2.1",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        Type type = call.inputs[0];
        type.past = is_scores(type) && call.place.causal;
        return std::vector{type};
      },
      .mixes =
          [](const Call& call) {
            const Type& x = call.inputs[0];
            if (x.kind != Type::Kind::matrix || x.columns != kTime) return Mixing::none;
            return is_scores(x) && call.place.causal ? Mixing::past : Mixing::all;
          },
  };
  return op;
}

}  // namespace weft::block::rows
