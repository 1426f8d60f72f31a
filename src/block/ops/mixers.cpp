#include <fmt/format.h>

#include "block/ops/rows.hpp"

namespace weft::block::rows {
namespace {

constexpr std::int64_t kChunk = 64;  // positions that the kernel of recurrence() handles as one matrix

// Queries and keys of equal channels, which the heads divide; values that they divide as well.
std::string heads_wrong(const Call& call, std::int64_t heads) {
  const Type q = call.inputs[0], k = call.inputs[1], v = call.inputs[2];
  if (q.channels != k.channels)
    return fmt::format("q and k must have equal channels, not {} and {}", q.channels, k.channels);
  for (const auto& [name, type] : {std::pair{"q", q}, std::pair{"v", v}}) {
    if (type.channels % heads != 0)
      return fmt::format("{} has {} channels, which {} heads do not divide", name, type.channels, heads);
  }
  return "";
}

base::Result<std::vector<Type>> infer_linear_attention(const Call& call) {
  if (const std::string wrong = heads_wrong(call, call.whole(0)); !wrong.empty()) return base::failure(wrong);
  return std::vector{Type{call.inputs[2].channels, false}};
}

base::Result<std::vector<Type>> infer_recurrence(const Call& call) {
  const std::int64_t heads = call.whole(0);
  if (const std::string wrong = heads_wrong(call, heads); !wrong.empty()) return base::failure(wrong);
  const std::int64_t keys = call.inputs[1].channels;
  if (call.inputs.size() == 4 && call.inputs[3].channels != heads && call.inputs[3].channels != keys) {
    return base::failure(
        fmt::format("the decay must have a channel for each of the {} heads, or for each of the {} of k, not {}", heads,
                    keys, call.inputs[3].channels));
  }
  return std::vector{Type{call.inputs[2].channels, false}};
}

// Products with the states of all heads: keys times values of each, written and read.
std::int64_t state_macs(const Call& call, std::int64_t time) {
  return product({2, time, call.inputs[1].channels, call.inputs[2].channels / call.whole(0)});
}

enum { kWidth, kExperts, kTop, kGated };

}  // namespace

const Op& linear_attention() {
  static const Op op{
      .name = "linear_attention",
      .min_inputs = 3,
      .max_inputs = 3,
      .inputs = {"q", "k", "v"},
      .takes = kPositions,
      .attributes = {whole("heads", 1, 1024, kMust, "heads; they divide the channels of q and v")},
      .doc =
          "Attention whose weights are products of elu(q) + 1 and elu(k) + 1, divided by their sum, in time linear in "
          "positions. Causal in a causal space.",
      .source = "Katharopoulos et al. 2020, section 3.2",
      .infer = infer_linear_attention,
      .macs = state_macs,
      .mixes = past_or_all,
  };
  return op;
}

const Op& recurrence() {
  static const Op op{
      .name = "recurrence",
      .min_inputs = 3,
      .max_inputs = 4,
      .inputs = {"q", "k", "v", "decay"},
      .takes = kPositions,
      .attributes = {whole("heads", 1, 1024, kMust, "heads; they divide the channels of q, k and v")},
      .doc =
          "Gated linear recurrence: each head's state S = a S + kᵀv, read as q S, over positions from the first. decay "
          "is the logarithm of a (above 0 it counts as 0), one a head (as in Mamba-2) or one a key channel (as in "
          "GLA); "
          "without it a is fixed, 1 - 2^(-5-h) of head h (as in RetNet).",
      .source = "Dao, Gu 2024 (Mamba-2); Yang et al. 2024 (GLA), section 4; Sun et al. 2023 (RetNet)",
      .infer = infer_recurrence,
      .macs =
          [](const Call& call, std::int64_t time) {
            const std::int64_t within = std::min(time, kChunk);
            return state_macs(call, time) + time * within * (call.inputs[1].channels + call.inputs[2].channels);
          },
      .mixes = [](const Call&) { return Mixing::past; },
  };
  return op;
}

const Op& experts() {
  static const Op op{
      .name = "experts",
      .attributes = {{.name = "width", .positional = true, .doc = "hidden channels of each expert"},
                     whole("experts", 2, 256, kMust, "feed-forward networks to choose from"),
                     whole("top", 1, 256, 1, "how many of them each position goes through"),
                     flag("gated", false, "whether an expert is SwiGLU, of three matrices, rather than GELU, of two")},
      .doc =
          "Mixture of experts: each position goes through the feed-forward networks that a learned router scores "
          "highest, and takes their sum weighted by the softmax of those scores.",
      .source = "Shazeer et al. 2017; Fedus, Zoph, Shazeer 2022; Jiang et al. 2024 (softmax over the chosen)",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        if (call.whole(kTop) > call.whole(kExperts))
          return base::failure(
              fmt::format("top ({}) must be at most experts ({})", call.whole(kTop), call.whole(kExperts)));
        return std::vector{call.inputs[0]};
      },
      .parameters =
          [](const Call& call) {
            const std::int64_t in = call.inputs[0].channels, width = call.whole(kWidth), count = call.whole(kExperts);
            std::vector<Parameter> list{{"router", {count, in}}, {"up", {count, width, in}}};
            if (call.flag(kGated)) list.push_back({"gate", {count, width, in}});
            list.push_back({"down", {count, in, width}});
            return list;
          },
      .macs =
          [](const Call& call, std::int64_t time) {
            const std::int64_t in = call.inputs[0].channels, matrices = call.flag(kGated) ? 3 : 2;
            return product({call.inputs[0].pooled ? 1 : time, in,
                            call.whole(kExperts) + call.whole(kTop) * matrices * call.whole(kWidth)});
          },
  };
  return op;
}

}  // namespace weft::block::rows
