// One row of the op table: everything that is known of an op without a tensor. Its kernel is in net.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "block/types.hpp"

namespace weft::block {

/// The widest tensor and the largest whole attribute that a program may ask for.
constexpr double kMaxWidth = 1 << 20;

struct Attribute {
  enum class Kind { whole, real, flag };
  std::string_view name;
  Kind kind = Kind::whole;
  double minimum = 1, maximum = kMaxWidth;
  double fallback = std::numeric_limits<double>::quiet_NaN();  ///< NaN: must be given
  bool positional = false;                                     ///< printed without its name
  std::string_view doc;
};

/// An op applied: what its row's functions are asked about.
struct Call {
  std::span<const Type> inputs;
  std::span<const double> attributes;  ///< one for each of the row's attributes
  bool causal = false;                 ///< whether the space is
};

/// How a parameter is initialised: GPT-2's rules (Radford et al. 2019), and Primer's for its convolution.
enum class Init { normal, constant, causal_shift };

struct Parameter {
  std::string_view name;
  std::vector<std::int64_t> shape;
  Init init = Init::normal;
  double value = 0;  ///< of a constant
  std::int64_t count() const {
    std::int64_t product = 1;
    for (const std::int64_t size : shape) product *= size;
    return product;
  }
};

struct Op {
  std::string_view name;
  std::string_view symbol = {};  ///< for ops that are written infix
  int min_inputs = 1, max_inputs = 1;
  std::vector<Attribute> attributes = {};
  bool commutative = false;
  bool random = false;
  std::string_view doc;
  std::string_view source;
  /// Types of the outputs, or what is wrong with the inputs and what would be accepted.
  std::function<base::Result<std::vector<Type>>(const Call&)> infer;
  std::function<std::vector<Parameter>(const Call&)> parameters = {};
  /// Multiply-accumulates of products and convolutions, for one sequence of `time` positions.
  std::function<std::int64_t(const Call&, std::int64_t time)> macs = {};
  std::function<Mixing(const Call&)> mixes = {};

  /// Two equal calls are the same value: no parameters, no randomness.
  bool pure() const { return !parameters && !random; }
};

/// Every op, in the order of the reference page.
std::span<const Op* const> ops();
/// Null where there is none of that name.
const Op* find_op(std::string_view name);
std::vector<std::string> op_names();
/// The ops that a program may call by name; in a causal space none that always sees later positions.
std::vector<const Op*> callable_ops(bool causal);

/// "linear(x, width, bias=true)".
std::string signature(const Op& op);

}  // namespace weft::block
