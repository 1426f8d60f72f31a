#include <fmt/format.h>

#include "block/ops/rows.hpp"

namespace weft::block::rows {
namespace {

base::Result<std::vector<Type>> infer_pair(const Call& call) {
  const Type left = call.inputs[0], right = call.inputs[1];
  if (left.channels != right.channels) {
    return base::failure(fmt::format("the two sides must have equal channels: {} and {}", left.text(), right.text()));
  }
  return std::vector{Type{left.channels, left.pooled && right.pooled}};
}

Op unary(std::string_view name, std::string_view doc, std::string_view source) {
  return {.name = name, .doc = doc, .source = source, .infer = same_type};
}

Op pair(std::string_view name, std::string_view symbol, bool commutative, std::string_view doc) {
  return {.name = name,
          .symbol = symbol,
          .min_inputs = 2,
          .max_inputs = 2,
          .commutative = commutative,
          .doc = doc,
          .source = "arithmetic",
          .infer = infer_pair};
}

Op with_number(std::string_view name, std::string_view symbol, std::string_view doc) {
  return {.name = name,
          .symbol = symbol,
          .attributes = {{.name = "by",
                          .kind = Attribute::Kind::real,
                          .minimum = -1e6,
                          .maximum = 1e6,
                          .positional = true,
                          .doc = "the number"}},
          .doc = doc,
          .source = "arithmetic",
          .infer = same_type};
}

}  // namespace

const Op& add() {
  static const Op op = pair("add", "+", true, "Sum, value by value; a mean is repeated over positions.");
  return op;
}
const Op& subtract() {
  static const Op op = pair("subtract", "-", false, "Difference, value by value; a mean is repeated over positions.");
  return op;
}
const Op& multiply() {
  static const Op op = pair("multiply", "*", true,
                            "Product, value by value (the gate of a gated unit); a mean is repeated over positions.");
  return op;
}
const Op& times() {
  static const Op op = with_number("times", "*", "Product with a number: 0.5 * x.");
  return op;
}
const Op& plus() {
  static const Op op = with_number("plus", "+", "Sum with a number: x + 1.");
  return op;
}
const Op& relu() {
  static const Op op = unary("relu", "max(x, 0).", "Nair, Hinton 2010");
  return op;
}
const Op& gelu() {
  static const Op op = unary("gelu", "x Φ(x), exact.", "Hendrycks, Gimpel 2016");
  return op;
}
const Op& silu() {
  static const Op op = unary("silu", "x · sigmoid(x).", "Elfwing, Uchibe, Doya 2017");
  return op;
}
const Op& sigmoid() {
  static const Op op = unary("sigmoid", "1 / (1 + exp(-x)).", "arithmetic");
  return op;
}
const Op& tanh() {
  static const Op op = unary("tanh", "Hyperbolic tangent.", "arithmetic");
  return op;
}
const Op& softplus() {
  static const Op op = unary("softplus", "log(1 + exp(x)).", "Dugas et al. 2001");
  return op;
}

}  // namespace weft::block::rows
