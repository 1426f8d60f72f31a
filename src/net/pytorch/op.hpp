// How ops stand in a PyTorch file: one row an op in an explicit table, as kernels have. Text alone; no tensor is made.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "block/graph.hpp"

namespace weft::net::pytorch {

/// A number in the text. Layers that differ in it get it from the constructor of their class.
struct Number {
  double value = 0;
  std::string_view name;  ///< of the constructor's argument: "heads", "hidden"
  bool channels = false;  ///< may be written as a multiple of the width or of another argument
};

/// Python with holes: @0 is the first input's expression, $0 the first number, # the module ("self.query").
struct Piece {
  std::string text;
  std::vector<Number> numbers = {};
};

/// How tightly an expression binds.
enum class Binding { sum, product, unary, atom };

/// A class or function that stands once before those who use it: a file of templates/pytorch and what fills it.
struct Definition {
  std::string file;
  base::Json data = base::Json::object();
};

struct Layer;

/// An op applied, as Python.
struct Applied {
  Piece call;
  Binding binding = Binding::atom;
  Piece module = {};                      ///< what the constructor makes; empty: nothing
  std::string_view name = {};             ///< of that attribute, where its role gives no better one
  std::vector<std::string> weights = {};  ///< where each of the node's parameters lies below it: ".weight"
  std::vector<Definition> definitions = {};
  std::shared_ptr<const Layer> cell = {};  ///< of scan(): what its module is made of, once its class is written
};

/// What the text depends on beyond the node.
struct Site {
  const block::Node& node;
  std::vector<block::Type> inputs;
  block::Place place;
  std::int64_t columns = 0;  ///< patches in a row of the image
  bool class_token = false;
};

/// Throws base::Error for an op without a row: a broken build.
Applied apply(const Site& site);
/// Whether the table has a row for this op.
bool knows(std::string_view op);

namespace ops {

/// A module with weights called on its input: "#(@0)".
Applied layer(Piece module, std::string_view name, std::vector<std::string> weights);
Applied expression(std::string text, Binding binding = Binding::atom);

Applied linear(const Site& site);
Applied layernorm(const Site& site);
Applied rmsnorm(const Site& site);
Applied scale(const Site& site);
Applied dropout(const Site& site);
Applied attention(const Site& site);
Applied linear_attention(const Site& site);
Applied recurrence(const Site& site);
Applied scan(const Site& site);
Applied states(const Site& site);
Applied experts(const Site& site);
Applied dwconv(const Site& site);
Applied conv(const Site& site);
Applied lightconv(const Site& site);
Applied shift(const Site& site);
Applied fourier(const Site& site);
Applied rotary(const Site& site);
Applied repeat(const Site& site);
Applied widen(const Site& site);
Applied conv2d(const Site& site);
Applied batchnorm(const Site& site);
Applied maxpool(const Site& site);
Applied avgpool(const Site& site);
Applied heads(const Site& site);
Applied merge(const Site& site);
Applied matmul(const Site& site);
Applied transpose(const Site& site);
Applied softmax(const Site& site);
Applied concat(const Site& site);
Applied split(const Site& site);
Applied take(const Site& site);
Applied mean(const Site& site);
Applied zero(const Site& site);
Applied pair(const Site& site);         ///< + - * max min
Applied with_number(const Site& site);  ///< times and plus
Applied unary(const Site& site);

}  // namespace ops
}  // namespace weft::net::pytorch
