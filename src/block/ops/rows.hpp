// The rows of the op table, one function a source file; ops.cpp lists them.
#pragma once

#include <vector>

#include "block/graph.hpp"

namespace weft::block::rows {

const Op& linear();
const Op& layernorm();
const Op& rotary();
const Op& repeat();
const Op& widen();
const Op& rmsnorm();
const Op& attention();
const Op& dwconv();
const Op& dropout();
const Op& concat();
const Op& split();
const Op& take();
const Op& scale();
const Op& mean();
const Op& add();
const Op& subtract();
const Op& multiply();
const Op& times();
const Op& plus();
const Op& relu();
const Op& gelu();
const Op& silu();
const Op& sigmoid();
const Op& tanh();
const Op& softplus();
const Op& logsigmoid();
const Op& softsign();
const Op& cosine();
const Op& leaky_relu();
const Op& maximum();
const Op& minimum();
const Op& pick();
const Op& zero();
const Op& shift();
const Op& conv();
const Op& lightconv();
const Op& fourier();
const Op& linear_attention();
const Op& recurrence();
const Op& scan();
/// What a cell returns: its new states, side by side. Not called by name.
const Op& states();
const Op& experts();
const Op& heads();
const Op& merge();
const Op& matmul();
const Op& transpose();
const Op& softmax();
const Op& conv2d();
const Op& batchnorm();
const Op& maxpool();
const Op& avgpool();

/// The shape rule of ops that leave their one input's type as it is.
inline base::Result<std::vector<Type>> same_type(const Call& call) {
  return std::vector{call.inputs[0]};
}

/// A weight, and a vector that is added where there is a bias.
inline std::vector<Parameter> with_bias(Parameter weight, bool bias, std::int64_t width) {
  std::vector<Parameter> list;
  list.reserve(2);
  list.push_back(std::move(weight));
  if (bias) list.push_back({"bias", {width}, Init::constant, 0});
  return list;
}

/// Parameters of a base model, where the flag of freezing() is set.
inline std::vector<Parameter> frozen_where(bool frozen, std::vector<Parameter> list) {
  for (Parameter& parameter : list) parameter.frozen = frozen;
  return list;
}

/// A product that stays at Counts::kMost instead of overflowing.
inline std::int64_t product(std::initializer_list<std::int64_t> factors) {
  std::int64_t all = 1;
  for (const std::int64_t factor : factors) {
    if (__builtin_mul_overflow(all, factor, &all) || all > Counts::kMost) return Counts::kMost;
  }
  return all;
}

/// Of an op that looks back in a causal space, and both ways elsewhere.
inline Mixing past_or_all(const Call& call) {
  return call.place.causal ? Mixing::past : Mixing::all;
}

/// Whether a window over positions has a middle where it needs one: where it looks both ways.
inline bool has_middle(const Call& call, std::int64_t width) {
  return call.place.causal || width % 2 == 1;
}

/// What an op takes: sequences with all positions, any sequences, or tensors of every kind.
constexpr Takes kPositions{.pooled = false};
constexpr Takes kImages{.sequence = false, .pooled = false, .image = true};
constexpr Takes kMatrices{.sequence = false, .pooled = false, .matrix = true};
constexpr Takes kAll{.matrix = true, .image = true};

/// Rows of attributes. A whole number or a real one without a fallback must be given.
constexpr double kMust = std::numeric_limits<double>::quiet_NaN();
inline Attribute whole(std::string_view name, double minimum, double maximum, double fallback, std::string_view doc) {
  return {.name = name, .minimum = minimum, .maximum = maximum, .fallback = fallback, .doc = doc};
}
/// An attribute that brings weights where it is not 0.
inline Attribute weighing(Attribute attribute) {
  attribute.weighs = true;
  return attribute;
}
inline Attribute flag(std::string_view name, bool fallback, std::string_view doc) {
  return {.name = name,
          .kind = Attribute::Kind::flag,
          .minimum = 0,
          .maximum = 1,
          .fallback = fallback ? 1.0 : 0.0,
          .doc = doc};
}

inline Attribute real(std::string_view name, double minimum, double maximum, double fallback, std::string_view doc) {
  return {.name = name,
          .kind = Attribute::Kind::real,
          .minimum = minimum,
          .maximum = maximum,
          .fallback = fallback,
          .doc = doc};
}
/// An attribute that fine-tuning spaces alone want.
inline Attribute tuning(Attribute attribute) {
  attribute.tuning = true;
  return attribute;
}
inline Attribute freezing() {
  return tuning(flag("frozen", false, "whether the weights are a base model's and stay as they are"));
}

}  // namespace weft::block::rows
