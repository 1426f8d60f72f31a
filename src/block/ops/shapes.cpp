#include <fmt/format.h>

#include <utility>

#include "block/ops/rows.hpp"

namespace weft::block::rows {

const Op& concat() {
  static const Op op{
      .name = "concat",
      .min_inputs = 2,
      .max_inputs = 8,
      .takes = {.image = true},
      .doc = "The inputs side by side over channels.",
      .source = "Huang et al. 2017",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        Type joined = call.inputs[0];
        joined.channels = 0;
        for (Type input : call.inputs) {
          const std::int64_t channels = std::exchange(input.channels, joined.channels);
          if (input != joined)
            return base::failure(fmt::format("cannot join {} and {}", call.inputs[0].text(), input.text()));
          joined.channels += channels;
        }
        return std::vector{joined};
      },
  };
  return op;
}

// Checking a block replaces a pick by what it picks: no graph has one.
const Op& pick() {
  static const Op op{
      .name = "pick",
      .min_inputs = 2,
      .max_inputs = 16,
      .takes = kAll,
      .attributes = {whole("index", 0, 15, kMust, "which input it is, from 0; a gene of names counts them in order")},
      .doc =
          "One of the inputs, chosen by a gene. What is not picked is not built, and may name genes that are inactive.",
      .source = "Liu, Simonyan, Yang 2019 (one operation an edge)",
      .infer = same_type,
  };
  return op;
}

const Op& zero() {
  static const Op op{
      .name = "zero",
      .takes = kAll,
      .doc = "Zeros in the shape of its input.",
      .source = "Dong, Yang 2020 (NAS-Bench-201's none)",
      .infer = same_type,
  };
  return op;
}

const Op& take() {
  static const Op op{
      .name = "take",
      .takes = {.image = true},
      .attributes = {{.name = "width", .positional = true, .doc = "channels that are kept, from the first"}},
      .doc = "The leading channels.",
      .source = "Ying et al. 2019 (NAS-Bench-101)",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        Type kept = call.inputs[0];
        if (call.whole(0) > kept.channels)
          return base::failure(fmt::format("cannot take {} of {} channels", call.whole(0), kept.channels));
        kept.channels = call.whole(0);
        return std::vector{kept};
      },
  };
  return op;
}

const Op& split() {
  static const Op op{
      .name = "split",
      .takes = {.image = true},
      .attributes = {{.name = "parts",
                      .minimum = 2,
                      .maximum = 8,
                      .positional = true,
                      .doc = "equal parts; as many names stand on the left"}},
      .doc = "Equal parts over channels: a, b = split(x, 2).",
      .source = "Shazeer 2020 (gated units)",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        const auto parts = static_cast<std::int64_t>(call.attributes[0]);
        const Type input = call.inputs[0];
        if (input.channels % parts != 0) {
          return base::failure(fmt::format("{} channels do not split into {} equal parts", input.channels, parts));
        }
        Type part = input;
        part.channels /= parts;
        return std::vector<Type>(static_cast<std::size_t>(parts), part);
      },
  };
  return op;
}

const Op& mean() {
  static const Op op{
      .name = "mean",
      .takes = {.image = true},
      .doc =
          "Mean over positions, or over an image: [batch, 1, channels], which + - * repeat over positions. Not in a "
          "causal space.",
      .source = "Hu et al. 2018 (squeeze)",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        return std::vector{Type{call.inputs[0].channels, true}};
      },
      .mixes = [](const Call& call) { return call.inputs[0].pooled ? Mixing::none : Mixing::all; },
  };
  return op;
}

const Op& scale() {
  static const Op op{
      .name = "scale",
      .attributes = {{.name = "init",
                      .kind = Attribute::Kind::real,
                      .minimum = -100,
                      .maximum = 100,
                      .fallback = 1,
                      .doc = "what the vector starts as"}},
      .doc = "Each channel times a learned number.",
      .source = "Touvron et al. 2021 (LayerScale)",
      .infer = same_type,
      .parameters =
          [](const Call& call) {
            return std::vector<Parameter>{{"weight", {call.inputs[0].channels}, Init::constant, call.attributes[0]}};
          },
  };
  return op;
}

const Op& dropout() {
  static const Op op{
      .name = "dropout",
      .takes = kAll,
      .attributes = {{.name = "p",
                      .kind = Attribute::Kind::real,
                      .minimum = 0,
                      .maximum = 0.95,
                      .positional = true,
                      .doc = "probability that a value becomes zero in training"}},
      .random = true,
      .doc = "Zeroes values at random in training and scales the rest; nothing in evaluation.",
      .source = "Srivastava et al. 2014",
      .infer = same_type,
  };
  return op;
}

const Op& repeat() {
  static const Op op{
      .name = "repeat",
      .attributes = {whole("times", 1, 1024, kMust, "how often each part stands in the result"),
                     whole("parts", 1, kMaxWidth, 1, "equal parts of the channels")},
      .doc = "Each part of the channels several times, side by side: keys for the heads that share them.",
      .source = "Ainslie et al. 2023; Dao, Gu 2024 (Mamba-2), section 7",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        const Type x = call.inputs[0];
        if (x.channels % call.whole(1) != 0)
          return base::failure(fmt::format("{} parts do not divide {} channels", call.whole(1), x.channels));
        return std::vector{Type{x.channels * call.whole(0), x.pooled}};
      },
  };
  return op;
}

const Op& widen() {
  static const Op op{
      .name = "widen",
      .min_inputs = 2,
      .max_inputs = 2,
      .attributes = {real("value", -1e6, 1e6, 0, "what the further channels hold")},
      .doc = "The first input with further channels of one value, where the second has more than it.",
      .source = "So, Liang, Le 2019 (sums and products of different widths)",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        const Type x = call.inputs[0];
        return std::vector{Type{std::max(x.channels, call.inputs[1].channels), x.pooled}};
      },
  };
  return op;
}

}  // namespace weft::block::rows
