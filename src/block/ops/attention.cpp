#include <fmt/format.h>

#include "block/ops/rows.hpp"

namespace weft::block::rows {
namespace {

enum { kHeads, kKvHeads, kRotary, kAlibi, kWindow };

base::Result<std::vector<Type>> infer(const Call& call) {
  const Type q = call.inputs[0], k = call.inputs[1], v = call.inputs[2];
  const auto heads = static_cast<std::int64_t>(call.attributes[kHeads]);
  const auto groups = call.attributes[kKvHeads] == 0 ? heads : static_cast<std::int64_t>(call.attributes[kKvHeads]);
  const auto fail = [](std::string text) { return base::failure(std::move(text)); };
  if (q.pooled || k.pooled || v.pooled) return fail("q, k and v must have all positions; a mean has one");
  if (heads % groups != 0) return fail(fmt::format("heads ({}) must be a multiple of kv_heads ({})", heads, groups));
  if (q.channels % heads != 0) {
    return fail(fmt::format("q has {} channels, which {} heads do not divide", q.channels, heads));
  }
  const std::int64_t size = q.channels / heads;
  if (k.channels != groups * size) {
    return fail(fmt::format("k must have {} channels (kv_heads {} times head size {}), not {}", groups * size, groups,
                            size, k.channels));
  }
  if (v.channels % groups != 0) {
    return fail(fmt::format("v has {} channels, which {} kv_heads do not divide", v.channels, groups));
  }
  const double rotated = call.attributes[kRotary] * static_cast<double>(size);
  if (call.attributes[kRotary] > 0 && (rotated != static_cast<double>(static_cast<std::int64_t>(rotated) / 2 * 2))) {
    return fail(fmt::format("rotary {} of head size {} is {} channels; an even whole number is needed",
                            call.attributes[kRotary], size, rotated));
  }
  const std::int64_t out = v.channels / groups * heads;
  if (static_cast<double>(out) > kMaxWidth) return fail(too_wide(out));
  return std::vector{Type{out, false}};
}

}  // namespace

const Op& attention() {
  static const Op op{
      .name = "attention",
      .min_inputs = 3,
      .max_inputs = 3,
      .attributes = {{.name = "heads", .maximum = 1024, .doc = "query heads; they divide the channels of q"},
                     {.name = "kv_heads",
                      .minimum = 0,
                      .maximum = 1024,
                      .fallback = 0,
                      .doc = "key and value heads, each shared by heads/kv_heads queries; 0: as many as heads"},
                     {.name = "rotary",
                      .kind = Attribute::Kind::real,
                      .minimum = 0,
                      .maximum = 1,
                      .fallback = 0,
                      .doc = "share of each head that is rotated by position (base 10000, halves paired)"},
                     {.name = "alibi",
                      .kind = Attribute::Kind::flag,
                      .minimum = 0,
                      .maximum = 1,
                      .fallback = 0,
                      .doc = "whether scores fall linearly with distance"},
                     {.name = "window",
                      .minimum = 0,
                      .fallback = 0,
                      .doc = "how many positions back (and, where the space is not causal, ahead) are seen, the own "
                             "included; 0: all"}},
      .doc =
          "Scaled dot-product attention, softmax(q kᵀ / √head) v, of projections that the program makes itself. Causal "
          "in a causal space.",
      .source =
          "Vaswani et al. 2017, section 3.2; groups: Ainslie et al. 2023; rotary: Su et al. 2021; ALiBi: Press et "
          "al. 2022; window: Beltagy et al. 2020",
      .infer = infer,
      .macs =
          [](const Call& call, std::int64_t time) {
            const auto heads = static_cast<std::int64_t>(call.attributes[kHeads]);
            const auto groups =
                call.attributes[kKvHeads] == 0 ? heads : static_cast<std::int64_t>(call.attributes[kKvHeads]);
            const std::int64_t out = call.inputs[2].channels / groups * heads;
            return time * time * (call.inputs[0].channels + out);
          },
      .mixes = [](const Call& call) { return call.causal ? Mixing::past : Mixing::all; },
  };
  return op;
}

}  // namespace weft::block::rows
