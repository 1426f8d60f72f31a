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
#include "block/expression.hpp"
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
  bool weighs = false;  ///< where it is 0 the op has none of the weights that it brings
  bool tuning = false;  ///< for fine-tuning spaces: signatures leave it out, and no operator changes it
};

struct Graph;

/// An op applied: what its row's functions are asked about.
struct Call {
  std::span<const Type> inputs;
  std::span<const double> attributes;  ///< one for each of the row's attributes
  Place place = {};
  const Graph* body = nullptr;  ///< of scan(), once its attributes and inputs are known

  std::int64_t whole(std::size_t index) const { return static_cast<std::int64_t>(attributes[index]); }
  bool flag(std::size_t index) const { return attributes[index] != 0; }
};

/// Which tensors an op takes.
struct Takes {
  bool sequence = true, pooled = true, matrix = false, image = false;
  bool accepts(const Type& type) const;
  /// "[batch, time, channels] or [batch, channels, height, width]".
  std::string text() const;
};

/// How a parameter is initialised: GPT-2's rules (Radford et al. 2019), Primer's for its convolution, and He et al.
/// 2015 for convolutions over images; uniform between -value and value in recurrent cells.
enum class Init { normal, constant, causal_shift, fan_out, uniform };

struct Parameter {
  std::string name;
  std::vector<std::int64_t> shape;
  Init init = Init::normal;
  double value = 0;     ///< of a constant; the bound of a uniform
  bool trained = true;  ///< false: a running statistic, which counts as no parameter
  bool frozen = false;  ///< a base model's: used and counted, not trained
  std::int64_t count() const {
    if (!trained) return 0;
    std::int64_t product = 1;
    for (const std::int64_t size : shape) product *= size;
    return product;
  }
};

struct Op {
  std::string_view name;
  std::string_view symbol = {};  ///< for ops that are written infix
  int min_inputs = 1, max_inputs = 1;
  std::vector<std::string_view> inputs = {};  ///< names for the signature; x, y, ... where there are none
  Takes takes = {};
  std::vector<Attribute> attributes = {};
  bool commutative = false;
  bool random = false;
  std::string_view doc;
  std::string_view source;
  /// Types of the outputs, or what is wrong with the inputs and what would be accepted.
  std::function<base::Result<std::vector<Type>>(const Call&)> infer;
  std::function<std::vector<Parameter>(const Call&)> parameters = {};
  /// Multiply-accumulates of products and convolutions, for one example of `time` positions.
  std::function<std::int64_t(const Call&, std::int64_t time)> macs = {};
  std::function<Mixing(const Call&)> mixes = {};

  /// Two equal calls are the same value: no parameters, whatever the attributes' genes are, and no randomness.
  bool pure(std::span<const Expression> given) const;
};

/// Every op, in the order of the reference page.
std::span<const Op* const> ops();
/// Null where there is none of that name.
const Op* find_op(std::string_view name);
std::vector<std::string> op_names();
/// The ops that a program may call by name there: for images or for sequences, and in a causal space none that always
/// sees later positions.
std::vector<const Op*> callable_ops(const Place& place, bool images = false);

/// "linear(x, width, bias=true)".
std::string signature(const Op& op);

}  // namespace weft::block
