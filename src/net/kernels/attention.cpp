#include <ATen/TensorOperators.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/scaled_dot_product_attention.h>
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

namespace weft::net::kernels {
namespace {

// [B, T, heads·size] → [B, heads, T, size].
at::Tensor by_head(const at::Tensor& x, std::int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

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
  std::int64_t time, heads, window;
  bool alibi, causal;
  at::ScalarType type;
  std::string device;
  auto operator<=>(const MaskKey&) const = default;
};

// What is added to the scores: [1 or heads, T, T], -inf where a position may not look.
at::Tensor make_mask(const MaskKey& key) {
  const auto options = at::TensorOptions().dtype(at::kDouble).device(at::Device(key.device));
  const at::Tensor row = at::arange(key.time, options);
  const at::Tensor back = row.unsqueeze(1) - row.unsqueeze(0);  // how far back position j lies from i
  at::Tensor bias = at::zeros({1, key.time, key.time}, options);
  if (key.alibi) bias = -back.abs() * at::tensor(slopes(key.heads), options).view({-1, 1, 1});
  const at::Tensor never = at::full({}, -std::numeric_limits<double>::infinity(), options);
  if (key.causal) bias = at::where(back < 0, never, bias);
  if (key.window > 0) bias = at::where(back.abs() >= static_cast<double>(key.window), never, bias);
  return bias.to(key.type);
}

std::optional<at::Tensor> mask(const block::Node& node, const at::Tensor& q, bool causal) {
  static std::map<MaskKey, at::Tensor> cache;
  const bool alibi = node.flag(3);
  const std::int64_t window = node.whole(4);
  if (!alibi && (window == 0 || window >= q.size(2))) return std::nullopt;
  const MaskKey key{q.size(2), node.whole(0), window, alibi, causal, q.scalar_type(), q.device().str()};
  return cached(cache, key, [&] { return make_mask(key); });
}

}  // namespace

std::vector<at::Tensor> attention(const block::Node& node, std::span<const at::Tensor> inputs,
                                  std::span<const at::Tensor>, const KernelContext& context) {
  const std::int64_t heads = node.whole(0), groups = node.whole(1) == 0 ? heads : node.whole(1);
  at::Tensor q = by_head(inputs[0], heads), k = by_head(inputs[1], groups);
  const at::Tensor v = by_head(inputs[2], groups);
  const auto rotated = static_cast<std::int64_t>(node.attributes[2] * static_cast<double>(q.size(-1)));
  if (rotated > 0) {
    q = rotate(q, rotated);
    k = rotate(k, rotated);
  }
  const auto bias = mask(node, q, context.causal);
  const at::Tensor seen =
      at::scaled_dot_product_attention(q, k, v, bias, 0.0, context.causal && !bias, std::nullopt, groups != heads);
  return {seen.transpose(1, 2).reshape({inputs[0].size(0), inputs[0].size(1), -1})};
}

}  // namespace weft::net::kernels
