// Ops that take a class or a function of their own: a file of templates/pytorch.
#include <fmt/format.h>

#include "base/text.hpp"
#include "net/pytorch/op.hpp"

namespace weft::net::pytorch::ops {
namespace {

using base::Json;

Number whole(std::int64_t value, std::string_view name) {
  return {static_cast<double>(value), name};
}
Number channels(std::int64_t value, std::string_view name) {
  return {static_cast<double>(value), name, true};
}

Definition split_heads() {
  return {"split_heads"};
}
Definition merge_heads() {
  return {"merge_heads"};
}

// "Name($0, key=$1, ...)": the first number by its place, the others by name.
class Constructor {
 public:
  explicit Constructor(const std::string& name) { piece_.text = name + "("; }
  Constructor& add(const Number& number, const char* key) {
    piece_.text += fmt::format("{}{}{}${}", piece_.numbers.empty() ? "" : ", ", key, *key == '\0' ? "" : "=",
                               piece_.numbers.size());
    piece_.numbers.push_back(number);
    return *this;
  }
  Piece done() {
    piece_.text += ")";
    return std::move(piece_);
  }

 private:
  Piece piece_;
};

// Channels of a head's values.
std::int64_t value_size(const Site& site) {
  return site.inputs[2].channels / (site.node.whole(1) == 0 ? site.node.whole(0) : site.node.whole(1));
}

// What attention's attributes ask of its class.
struct Kind {
  explicit Kind(const Site& site)
      : grouped(site.node.whole(1) != 0 && site.node.whole(1) != site.node.whole(0)),
        rotary(site.node.attributes[2] > 0),
        part(rotary && site.node.attributes[2] < 1),
        alibi(site.node.flag(3)),
        window(site.node.whole(4) > 0),
        normalize(site.node.flag(5)),
        relative(site.node.whole(6) > 0),
        prefix(site.node.whole(7) > 0),
        causal(site.place.causal) {}

  bool masked() const { return alibi || window || ((relative || prefix) && causal); }
  std::string name() const {
    return fmt::format("{}{}{}{}{}{}{}Attention", prefix ? "Prefix" : "", relative ? "Relative" : "",
                       window ? "Local" : "", normalize ? "Normalized" : "", grouped ? "Grouped" : "",
                       rotary ? "Rotary" : "", alibi ? "Alibi" : "");
  }
  Json data(const Site& site) const;

  bool grouped, rotary, part, alibi, window, normalize, relative, prefix, causal;
};

Json Kind::data(const Site& site) const {
  std::string product = causal && !masked() ? ", is_causal=True" : masked() ? ", attn_mask=mask" : "";
  if (grouped) product += ", enable_gqa=True";
  const std::string seen = causal && window ? "(back >= 0) & (back < self.window)"
                           : window         ? "back.abs() < self.window"
                                            : "back >= 0";
  return {{"name", name()},
          {"causal", causal},
          {"grouped", grouped},
          {"rotary", rotary},
          {"part", part},
          {"alibi", alibi},
          {"window", window},
          {"masked", masked()},
          {"normalize", normalize},
          {"relative", relative},
          {"prefix", prefix},
          {"seen", seen},
          {"hides", causal || window},
          {"sized", normalize || relative || prefix},
          {"product", product},
          {"other_values", (relative || prefix) && value_size(site) != site.inputs[0].channels / site.node.whole(0)}};
}

std::vector<std::string> attention_weights(const Kind& kind) {
  std::vector<std::string> weights;
  if (kind.normalize) weights = {".query_norm.weight", ".key_norm.weight"};
  if (kind.relative) {
    for (const char* name : {".key_positions.vertical", ".key_positions.horizontal", ".value_positions.vertical",
                             ".value_positions.horizontal"})
      weights.emplace_back(name);
  }
  if (kind.prefix) weights.insert(weights.end(), {".prefix_keys", ".prefix_values"});
  return weights;
}

Applied mixer(const Site& site, const std::string& name, std::string_view attribute, const char* call,
              std::vector<Definition> definitions) {
  return {.call = {call},
          .module = Constructor(name).add(whole(site.node.whole(0), "heads"), "").done(),
          .name = attribute,
          .definitions = std::move(definitions)};
}

}  // namespace

Applied attention(const Site& site) {
  const block::Node& node = site.node;
  const Kind kind(site);
  const std::int64_t heads = node.whole(0), size = site.inputs[0].channels / heads;
  Constructor made(kind.name());
  made.add(whole(heads, "heads"), "");
  if (kind.grouped) made.add(whole(node.whole(1), "kv_heads"), "kv_heads");
  if (kind.part) made.add({node.attributes[2], "rotary"}, "rotary");
  if (kind.window) made.add(whole(node.whole(4), "window"), "window");
  if (kind.normalize || kind.relative || kind.prefix) made.add(whole(size, "head_size"), "size");
  if ((kind.relative || kind.prefix) && value_size(site) != size)
    made.add(whole(value_size(site), "value_size"), "value_size");
  if (kind.prefix) made.add(whole(node.whole(7), "prefix"), "prefix");
  if (kind.relative) {
    made.add(whole(node.whole(6), "distance"), "distance").add(whole(site.columns, "columns"), "columns");
  }
  std::vector<Definition> definitions{split_heads(), merge_heads()};
  if (kind.rotary) definitions.push_back({"rotate"});
  if (kind.alibi) definitions.push_back({"alibi_slopes"});
  if (kind.relative) definitions.push_back({"relative_positions", {{"class_token", site.class_token}}});
  definitions.push_back({"attention", kind.data(site)});
  return {.call = {"#(@0, @1, @2)"},
          .module = made.done(),
          .name = "attention",
          .weights = attention_weights(kind),
          .definitions = std::move(definitions)};
}

Applied linear_attention(const Site& site) {
  std::vector<Definition> definitions{split_heads(), merge_heads()};
  if (site.place.causal) definitions.push_back({"gated_recurrence"});
  definitions.push_back({"linear_attention", {{"causal", site.place.causal}}});
  return mixer(site, "LinearAttention", "attention", "#(@0, @1, @2)", std::move(definitions));
}

Applied recurrence(const Site& site) {
  std::vector<Definition> definitions{split_heads(), merge_heads(), {"gated_recurrence"}};
  const bool gated = site.inputs.size() == 4;
  definitions.push_back({gated ? "recurrence" : "retention"});
  return mixer(site, gated ? "GatedRecurrence" : "Retention", gated ? "recurrence" : "retention",
               gated ? "#(@0, @1, @2, @3)" : "#(@0, @1, @2)", std::move(definitions));
}

Applied experts(const Site& site) {
  const bool gated = site.node.flag(3);
  Applied applied = layer(Constructor(gated ? "GatedExperts" : "Experts")
                              .add(channels(site.inputs[0].channels, "features"), "")
                              .add(channels(site.node.whole(0), "hidden"), "")
                              .add(whole(site.node.whole(1), "experts"), "experts")
                              .add(whole(site.node.whole(2), "top"), "top")
                              .done(),
                          "experts", {".router.weight", ".up", ".down"});
  if (gated) applied.weights = {".router.weight", ".up", ".gate", ".down"};
  applied.definitions = {{"experts", {{"gated", gated}}}};
  return applied;
}

namespace {

// A convolution over positions: one class for depthwise and others.
Applied over_positions(const Site& site, const Number& out, std::int64_t kernel, std::int64_t dilation,
                       const Number& groups, bool bias) {
  const bool causal = site.place.causal;
  Constructor made(causal ? "CausalConv1d" : "CentredConv1d");
  made.add(channels(site.inputs[0].channels, "features"), "").add(out, "").add(whole(kernel, "kernel"), "");
  if (dilation != 1) made.add(whole(dilation, "dilation"), "dilation");
  if (!causal && kernel > 1) made.add(whole(dilation * (kernel - 1) / 2, "padding"), "padding");
  if (groups.value != 1) made.add(groups, "groups");
  Piece module = made.done();
  if (!bias) module.text.insert(module.text.size() - 1, ", bias=False");
  Applied applied = layer(std::move(module), "conv", {".weight"});
  if (bias) applied.weights.emplace_back(".bias");
  applied.definitions = {{"conv1d", {{"causal", causal}}}};
  return applied;
}

}  // namespace

Applied dwconv(const Site& site) {
  const Number width = channels(site.inputs[0].channels, "features");
  return over_positions(site, width, site.node.whole(0), site.node.whole(2), width, site.node.flag(1));
}

Applied conv(const Site& site) {
  return over_positions(site, channels(site.node.whole(0), "filters"), site.node.whole(1), site.node.whole(2),
                        whole(site.node.whole(3), "groups"), site.node.flag(4));
}

Applied lightconv(const Site& site) {
  Applied applied = layer(Constructor("LightweightConv")
                              .add(whole(site.node.whole(1), "heads"), "")
                              .add(whole(site.node.whole(0), "kernel"), "")
                              .done(),
                          "conv", {".weight"});
  applied.definitions = {{"lightweight_conv", {{"causal", site.place.causal}}}};
  return applied;
}

Applied shift(const Site& site) {
  return {.call = {"shift(@0, $0)", {whole(site.node.whole(0), "shift")}}, .definitions = {{"shift"}}};
}

Applied heads(const Site& site) {
  return {.call = {"split_heads(@0, $0)", {whole(site.node.whole(0), "heads")}}, .definitions = {split_heads()}};
}

Applied rotary(const Site& site) {
  const std::int64_t heads = site.node.whole(0);
  const auto size = static_cast<double>(site.inputs[0].channels / heads);
  const auto turned = static_cast<std::int64_t>(site.node.attributes[1] * size);
  return {.call = {"merge_heads(rotate(split_heads(@0, $0), $1))", {whole(heads, "heads"), whole(turned, "turned")}},
          .definitions = {split_heads(), merge_heads(), {"rotate"}}};
}

Applied merge(const Site&) {
  return {.call = {"merge_heads(@0)"}, .definitions = {merge_heads()}};
}

Applied softmax(const Site& site) {
  if (!site.node.outputs[0].past) return expression("@0.softmax(dim=-1)");
  return {.call = {"causal_softmax(@0)"}, .definitions = {{"causal_softmax"}}};
}

}  // namespace weft::net::pytorch::ops
