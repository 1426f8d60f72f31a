#include <fmt/format.h>

#include "block/ops/rows.hpp"

namespace weft::block::rows {
namespace {

// Whether f(0) = 0, so that a matrix that is zero after the past stays so.
enum class AtZero { zero, other };

base::Result<std::vector<Type>> infer_pair(const Call& call) {
  const Type left = call.inputs[0], right = call.inputs[1];
  Type a = left, b = right;
  a.pooled = b.pooled = a.past = b.past = false;
  if (a != b)
    return base::failure(fmt::format("the two sides must have equal shapes: {} and {}", left.text(), right.text()));
  a.pooled = left.pooled && right.pooled;
  a.past = left.past && right.past;
  return std::vector{a};
}

// A product is zero where either side is.
base::Result<std::vector<Type>> infer_product(const Call& call) {
  auto types = infer_pair(call);
  if (types) types->front().past = call.inputs[0].past || call.inputs[1].past;
  return types;
}

base::Result<std::vector<Type>> infer_moved(const Call& call) {
  Type type = call.inputs[0];
  type.past = false;
  return std::vector{type};
}

Op unary(std::string_view name, AtZero at_zero, std::string_view doc, std::string_view source) {
  return {.name = name,
          .takes = kAll,
          .doc = doc,
          .source = source,
          .infer = at_zero == AtZero::zero ? same_type : infer_moved};
}

Op pair(std::string_view name, std::string_view symbol, bool commutative, std::string_view doc) {
  return {.name = name,
          .symbol = symbol,
          .min_inputs = 2,
          .max_inputs = 2,
          .takes = kAll,
          .commutative = commutative,
          .doc = doc,
          .source = "arithmetic",
          .infer = symbol == "*" ? infer_product : infer_pair};
}

Op with_number(std::string_view name, std::string_view symbol, std::string_view doc) {
  return {.name = name,
          .symbol = symbol,
          .takes = kAll,
          .attributes = {{.name = "by",
                          .kind = Attribute::Kind::real,
                          .minimum = -1e6,
                          .maximum = 1e6,
                          .positional = true,
                          .doc = "the number"}},
          .doc = doc,
          .source = "arithmetic",
          .infer = symbol == "*" ? same_type : infer_moved};
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
  static const Op op = unary("relu", AtZero::zero, "max(x, 0).", "Nair, Hinton 2010");
  return op;
}
const Op& gelu() {
  static const Op op = [] {
    Op row =
        unary("gelu", AtZero::zero, "x Φ(x), where Φ is the normal distribution function.", "Hendrycks, Gimpel 2016");
    row.attributes = {flag("tanh", false, "whether Φ is approximated with a tanh, as in GPT-2")};
    return row;
  }();
  return op;
}
const Op& silu() {
  static const Op op = unary("silu", AtZero::zero, "x · sigmoid(x).", "Elfwing, Uchibe, Doya 2017");
  return op;
}
const Op& sigmoid() {
  static const Op op = unary("sigmoid", AtZero::other, "1 / (1 + exp(-x)).", "arithmetic");
  return op;
}
const Op& tanh() {
  static const Op op = unary("tanh", AtZero::zero, "Hyperbolic tangent.", "arithmetic");
  return op;
}
const Op& softplus() {
  static const Op op = unary("softplus", AtZero::other, "log(1 + exp(x)).", "Dugas et al. 2001");
  return op;
}

const Op& logsigmoid() {
  static const Op op = unary("logsigmoid", AtZero::other, "log(sigmoid(x)).", "Gao et al. 2022 (AutoBERT-Zero)");
  return op;
}
const Op& softsign() {
  static const Op op = unary("softsign", AtZero::zero, "x / (1 + |x|).", "Bergstra et al. 2009");
  return op;
}
const Op& cosine() {
  static const Op op = unary("cosine", AtZero::other, "cos(x).", "Gao et al. 2022 (AutoBERT-Zero)");
  return op;
}
const Op& leaky_relu() {
  static const Op op =
      unary("leaky_relu", AtZero::zero, "x where it is positive, else 0.01 x.", "Maas, Hannun, Ng 2013");
  return op;
}
const Op& maximum() {
  static const Op op = pair("max", "", true, "The larger of two, value by value.");
  return op;
}
const Op& minimum() {
  static const Op op = pair("min", "", true, "The smaller of two, value by value.");
  return op;
}

}  // namespace weft::block::rows
