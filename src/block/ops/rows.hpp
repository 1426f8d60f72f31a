// The rows of the op table, one function a source file; ops.cpp lists them.
#pragma once

#include <vector>

#include "block/op.hpp"

namespace weft::block::rows {

const Op& linear();
const Op& layernorm();
const Op& rmsnorm();
const Op& attention();
const Op& dwconv();
const Op& dropout();
const Op& concat();
const Op& split();
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

inline std::string too_wide(std::int64_t channels) {
  return "makes " + std::to_string(channels) + " channels; at most " +
         std::to_string(static_cast<std::int64_t>(kMaxWidth)) + " are allowed";
}

}  // namespace weft::block::rows
