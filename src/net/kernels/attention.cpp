#include <ATen/TensorOperators.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/split_with_sizes.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <tuple>

#include "net/kernels.hpp"
#include "net/kernels/small_heads.hpp"

namespace weft::net::kernels {
namespace {

// Tables depend on shapes alone; each is made once a device.
template <class Key, class Make>
auto cached(std::map<Key, decltype(std::declval<Make>()())>& cache, const Key& key, Make make) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  auto found = cache.find(key);
  if (found == cache.end()) found = cache.emplace(key, make()).first;
  return found->second;
}

struct Tables {
  at::Tensor cosine, sine;  // [T, rotated / 2], in float32 (Su et al. 2021, base 10000; halves paired as in GPT-NeoX)
};

Tables make_rotary(std::int64_t time, std::int64_t rotated, const at::Device& device) {
  const auto floats = at::TensorOptions().dtype(at::kFloat).device(device);
  const at::Tensor theta =
      at::pow(10000.0, at::arange(0, rotated, 2, floats) / static_cast<double>(rotated)).reciprocal();
  const at::Tensor angle = at::outer(at::arange(time, floats), theta);
  return {angle.cos(), angle.sin()};
}

at::Tensor rotate(const at::Tensor& x, std::int64_t rotated) {
  static std::map<std::tuple<std::int64_t, std::int64_t, std::string>, Tables> cache;
  const std::int64_t time = x.size(2), half = rotated / 2;
  const Tables tables =
      cached(cache, {time, rotated, x.device().str()}, [&] { return make_rotary(time, rotated, x.device()); });
  // Split once: a narrow for each use would cost a full tensor of zeros in the backward pass.
  const auto parts = at::split_with_sizes(x, {half, half, x.size(-1) - rotated}, -1);
  const at::Tensor first = at::addcmul(parts[0] * tables.cosine, parts[1], tables.sine, -1);
  const at::Tensor second = at::addcmul(parts[1] * tables.cosine, parts[0], tables.sine);
  return at::cat({first.to(x.scalar_type()), second.to(x.scalar_type()), parts[2]}, -1);
}

// Slopes of ALiBi: a geometric sequence for a power of two, and between two of them every other one of the larger
// (Press et al. 2022, and their code).
std::vector<double> slopes(std::int64_t heads) {
  std::vector<double> list;
  std::int64_t power = 1;
  while (power * 2 <= heads) power *= 2;
  const auto geometric = [](std::int64_t count, std::int64_t i) {
    return std::pow(2.0, -8.0 * static_cast<double>(i + 1) / static_cast<double>(count));
  };
  for (std::int64_t i = 0; i < power; ++i) list.push_back(geometric(power, i));
  for (std::int64_t i = 0; i < heads - power; ++i) list.push_back(geometric(2 * power, 2 * i));
  return list;
}

struct MaskKey {
  std::int64_t time, heads, window, prefix;
  bool alibi, causal;
  at::ScalarType type;
  std::string device;
  auto operator<=>(const MaskKey&) const = default;
};

// What is added to the scores: [1 or heads, T, prefix + T], -inf where a position may not look.
at::Tensor make_mask(const MaskKey& key) {
  const auto options = at::TensorOptions().dtype(at::kDouble).device(at::Device(key.device));
  const at::Tensor row = at::arange(key.time, options);
  const at::Tensor back = row.unsqueeze(1) - row.unsqueeze(0);  // how far back position j lies from i
  at::Tensor bias = at::zeros({1, key.time, key.time}, options);
  if (key.alibi) bias = -back.abs() * at::tensor(slopes(key.heads), options).view({-1, 1, 1});
  const at::Tensor never = at::full({}, -std::numeric_limits<double>::infinity(), options);
  if (key.causal) bias = at::where(back < 0, never, bias);
  if (key.window > 0) bias = at::where(back.abs() >= static_cast<double>(key.window), never, bias);
  return at::constant_pad_nd(bias, {key.prefix, 0}).to(key.type);
}

// Nothing where the product's own causal mask, or none, will do.
std::optional<at::Tensor> mask(const block::Node& node, const at::Tensor& q, bool causal) {
  static std::map<MaskKey, at::Tensor> cache;
  const bool alibi = node.flag(3);
  const std::int64_t window = node.whole(4), prefix = node.whole(7);
  const bool own = (node.whole(6) == 0 && prefix == 0) || !causal;
  if (own && !alibi && (window == 0 || window >= q.size(2))) return std::nullopt;
  const MaskKey key{q.size(2), node.whole(0), window, prefix, alibi, causal, q.scalar_type(), q.device().str()};
  return cached(cache, key, [&] { return make_mask(key); });
}

// Indices into tables of relative positions, [T, T]: the distance from row to column, at most `most` either way, plus
// most + 1; 0 to and from the class token (as AutoFormer's code has it).
at::Tensor make_distances(std::int64_t time, std::int64_t most, const KernelContext& context, bool vertical,
                          const at::Device& device) {
  const std::int64_t extra = context.class_token ? 1 : 0;
  const at::Tensor patch = at::arange(time - extra, at::TensorOptions().dtype(at::kLong).device(device));
  const at::Tensor place = vertical ? patch.div(context.columns, "floor") : patch.remainder(context.columns);
  const at::Tensor index = (place.unsqueeze(0) - place.unsqueeze(1)).clamp(-most, most) + most + 1;
  return at::constant_pad_nd(index, {extra, 0, extra, 0});
}

// Vectors of relative positions, [T, T, size].
at::Tensor relative(const at::Tensor& vertical, const at::Tensor& horizontal, std::int64_t time,
                    const KernelContext& context) {
  using Key = std::tuple<std::int64_t, std::int64_t, std::int64_t, bool, bool, std::string>;
  static std::map<Key, at::Tensor> cache;
  const std::int64_t most = (vertical.size(0) - 2) / 2;
  const auto rows = [&](const at::Tensor& table, bool down) {
    const at::Tensor index =
        cached(cache, Key{time, most, context.columns, context.class_token, down, table.device().str()},
               [&] { return make_distances(time, most, context, down, table.device()); });
    return table.index_select(0, index.flatten()).view({time, time, -1});
  };
  return rows(vertical, true) + rows(horizontal, false);
}

// x [B, H, T, n] times, for each position, its own matrix: [T, n, m] → [B, H, T, m].
at::Tensor by_position(const at::Tensor& x, const at::Tensor& matrices) {
  const at::Tensor rows = x.permute({2, 0, 1, 3}).reshape({x.size(2), x.size(0) * x.size(1), x.size(3)});
  return at::matmul(rows, matrices).view({x.size(2), x.size(0), x.size(1), -1}).permute({1, 2, 0, 3});
}

// softmax(scores): [B, H, T, prefix + T]. Tables for keys (vertical, horizontal) where there are relative positions.
at::Tensor weights_of(const at::Tensor& q, const at::Tensor& k, Span tables, const std::optional<at::Tensor>& bias,
                      const KernelContext& context) {
  at::Tensor scores = at::matmul(q, k.transpose(-1, -2));
  if (!tables.empty())
    scores = scores + by_position(q, relative(tables[0], tables[1], q.size(2), context).transpose(1, 2));
  scores = scores / std::sqrt(static_cast<double>(q.size(-1)));
  return at::softmax(bias ? scores + *bias : scores, -1);
}

// Tables for keys (vertical, horizontal) and values.
at::Tensor relative_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, Span tables,
                              const std::optional<at::Tensor>& bias, const KernelContext& context) {
  const at::Tensor weights = weights_of(q, k, tables, bias, context);
  return at::matmul(weights, v) + by_position(weights, relative(tables[2], tables[3], q.size(2), context));
}

// Learned keys or values [groups, prefix, n] before those of the positions, [B, groups, T, n].
at::Tensor with_prefix(const at::Tensor& learned, const at::Tensor& x) {
  return at::cat({learned.to(x.scalar_type()).unsqueeze(0).expand({x.size(0), -1, -1, -1}), x}, 2);
}

// What the product is of, by head: [B, heads or groups, T or prefix + T, n].
struct Heads {
  at::Tensor q, k, v;
  Span tables;  // of relative positions
};

Heads prepare(const block::Node& node, Span inputs, Span parameters) {
  const std::int64_t heads = node.whole(0), groups = node.whole(1) == 0 ? heads : node.whole(1);
  at::Tensor q = by_head(inputs[0], heads), k = by_head(inputs[1], groups);
  at::Tensor v = by_head(inputs[2], groups);
  if (node.flag(5)) {
    q = at::rms_norm(q, parameters[0].sizes(), parameters[0], 1e-6);
    k = at::rms_norm(k, parameters[1].sizes(), parameters[1], 1e-6);
    parameters = parameters.subspan(2);
  }
  const auto rotated = static_cast<std::int64_t>(node.attributes[2] * static_cast<double>(q.size(-1)));
  if (rotated > 0) {
    q = rotate(q, rotated);
    k = rotate(k, rotated);
  }
  if (node.whole(7) > 0) {
    k = with_prefix(parameters[0], k);
    v = with_prefix(parameters[1], v);
  }
  return {q, k, v, node.whole(6) > 0 ? parameters : Span()};
}

}  // namespace

Tensors rotary(const block::Node& node, Span inputs, Span, const KernelContext&) {
  const at::Tensor x = by_head(inputs[0], node.whole(0));
  const auto rotated = static_cast<std::int64_t>(node.attributes[1] * static_cast<double>(x.size(-1)));
  return {rotated == 0 ? inputs[0] : side_by_side(rotate(x, rotated))};
}

Tensors attention(const block::Node& node, Span inputs, Span parameters, const KernelContext& context) {
  const auto [q, k, v, tables] = prepare(node, inputs, parameters);
  const auto bias = mask(node, q, context.place.causal);
  if (!bias && tables.empty() && are_small_heads(q, k, v))
    return {side_by_side(small_heads(q, k, v, context.place.causal))};
  const at::Tensor seen = tables.empty()
                              ? at::scaled_dot_product_attention(q, k, v, bias, 0.0, context.place.causal && !bias,
                                                                 std::nullopt, k.size(1) != q.size(1))
                              : relative_attention(q, k, v, tables, bias, context);
  return {side_by_side(seen)};
}

at::Tensor attention_weights(const block::Node& node, Span inputs, Span parameters, const KernelContext& context) {
  const auto [q, k, v, tables] = prepare(node, inputs, parameters);
  auto bias = mask(node, q, context.place.causal);
  if (!bias && context.place.causal)  // the product's own mask
    bias = at::full({q.size(2), q.size(2)}, -std::numeric_limits<double>::infinity(), q.options()).triu(1);
  return weights_of(q, k.repeat_interleave(q.size(1) / k.size(1), 1), tables, bias, context);
}

}  // namespace weft::net::kernels
