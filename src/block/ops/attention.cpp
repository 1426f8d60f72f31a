#include <fmt/format.h>

#include "block/ops/rows.hpp"

namespace weft::block::rows {
namespace {

enum { kHeads, kKvHeads, kRotary, kAlibi, kWindow, kNormalize, kRelative, kPrefix };

std::int64_t groups_of(const Call& call) {
  return call.whole(kKvHeads) == 0 ? call.whole(kHeads) : call.whole(kKvHeads);
}

// Rotation pairs channels.
std::string rotated_wrong(const char* name, double share, std::int64_t size) {
  const double rotated = share * static_cast<double>(size);
  if (share <= 0 || rotated == static_cast<double>(static_cast<std::int64_t>(rotated) / 2 * 2)) return "";
  return fmt::format("{} {} of head size {} is {} channels; an even whole number is needed", name, share, size,
                     rotated);
}

base::Result<std::vector<Type>> infer(const Call& call) {
  const Type q = call.inputs[0], k = call.inputs[1], v = call.inputs[2];
  const std::int64_t heads = call.whole(kHeads), groups = groups_of(call);
  const auto fail = [](std::string text) { return base::failure(std::move(text)); };
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
  if (std::string wrong = rotated_wrong("rotary", call.attributes[kRotary], size); !wrong.empty())
    return fail(std::move(wrong));
  if (call.attributes[kRelative] > 0 && !call.place.grid)
    return fail("relative needs positions that are patches of an image");
  if (call.attributes[kRelative] > 0 && groups != heads) return fail("relative needs as many kv_heads as heads");
  if (call.attributes[kRelative] > 0 && call.attributes[kPrefix] > 0)
    return fail("relative and prefix do not go together");
  return std::vector{Type{v.channels / groups * heads, false}};
}

std::vector<Parameter> parameters(const Call& call) {
  const std::int64_t heads = call.whole(kHeads), groups = groups_of(call);
  const std::int64_t size = call.inputs[0].channels / heads, value = call.inputs[2].channels / groups;
  std::vector<Parameter> list;
  if (call.flag(kNormalize)) {
    list.push_back({"query_norm", {size}, Init::constant, 1});
    list.push_back({"key_norm", {size}, Init::constant, 1});
  }
  if (const std::int64_t most = call.whole(kRelative); most > 0) {
    const std::int64_t rows = 2 * most + 2;  // distances -most..most, and one for the class token
    list.push_back({"key_vertical", {rows, size}});
    list.push_back({"key_horizontal", {rows, size}});
    list.push_back({"value_vertical", {rows, value}});
    list.push_back({"value_horizontal", {rows, value}});
  }
  if (const std::int64_t prefix = call.whole(kPrefix); prefix > 0) {
    list.push_back({"prefix_keys", {groups, prefix, size}});
    list.push_back({"prefix_values", {groups, prefix, value}});
  }
  return list;
}

}  // namespace

const Op& attention() {
  static const Op op{
      .name = "attention",
      .min_inputs = 3,
      .max_inputs = 3,
      .inputs = {"q", "k", "v"},
      .takes = kPositions,
      .attributes =
          {{.name = "heads", .maximum = 1024, .doc = "query heads; they divide the channels of q"},
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
           flag("alibi", false, "whether scores fall linearly with distance"),
           {.name = "window",
            .minimum = 0,
            .fallback = 0,
            .doc = "how many positions back (and, where the space is not causal, ahead) are seen, the own "
                   "included; 0: all"},
           weighing(flag("normalize", false,
                         "whether each head's queries and keys are divided by their root mean square and multiplied "
                         "by a learned vector")),
           weighing(whole("relative", 0, 1024, 0,
                          "how far, in rows and columns of patches, a learned vector for the distance is added to keys "
                          "and values; 0: not at all")),
           weighing(whole("prefix", 0, 1024, 0, "learned keys and values that every position sees beside the others"))},
      .doc =
          "Scaled dot-product attention, softmax(q kᵀ / √head) v, of projections that the program makes itself. Causal "
          "in a causal space.",
      .source =
          "Vaswani et al. 2017, section 3.2; groups: Ainslie et al. 2023; rotary: Su et al. 2021; ALiBi: Press et "
          "al. 2022; window: Beltagy et al. 2020; "
          "normalize: Henry et al. 2020; relative: Wu et al. 2021, Chen et al. 2021 (AutoFormer); prefix: Li, Liang "
          "2021",
      .infer = infer,
      .parameters = parameters,
      .macs =
          [](const Call& call, std::int64_t time) {
            const std::int64_t out = call.inputs[2].channels / groups_of(call) * call.whole(kHeads);
            return time * (time + call.whole(kPrefix)) * (call.inputs[0].channels + out);
          },
      .mixes = past_or_all,
  };
  return op;
}

const Op& rotary() {
  static const Op op{
      .name = "rotary",
      .takes = kPositions,
      .attributes = {whole("heads", 1, 1024, kMust, "parts of the channels, each rotated alike"),
                     real("share", 0, 1, 1, "share of each part that is rotated (base 10000, halves paired)")},
      .doc = "Pairs of channels rotated by an angle that grows with the position, as attention's rotary does.",
      .source = "Su et al. 2021; Sun et al. 2023 (RetNet), section 2.1",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        const std::int64_t heads = call.whole(0), channels = call.inputs[0].channels;
        if (channels % heads != 0)
          return base::failure(fmt::format("{} heads do not divide {} channels", heads, channels));
        if (std::string wrong = rotated_wrong("share", call.attributes[1], channels / heads); !wrong.empty())
          return base::failure(std::move(wrong));
        return std::vector{call.inputs[0]};
      },
  };
  return op;
}

}  // namespace weft::block::rows
