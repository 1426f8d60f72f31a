// A program bound to one layer's genes: typed, checked and costed before a tensor exists.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "block/program.hpp"

namespace weft::block {

struct Graph;

struct Node {
  const Op* op = nullptr;
  std::vector<Value> inputs;
  std::vector<double> attributes;
  std::vector<Type> outputs;
  std::vector<Parameter> parameters;
  int site = -1;                                ///< of the program
  int ordinal = 0;                              ///< which of the program's sites of this op, whatever is picked
  std::shared_ptr<const Graph> body = nullptr;  ///< of scan(): the cell, for one position

  std::int64_t whole(std::size_t index) const { return static_cast<std::int64_t>(attributes[index]); }
  bool flag(std::size_t index) const { return attributes[index] != 0; }
};

struct Graph {
  Type input;
  std::vector<Type> states;  ///< of a cell: what it takes beside its input, and returns
  std::vector<Node> nodes;   ///< of the sites that the result needs, in their order
  Value result;
  bool picked = false;  ///< whether the program chose between sites: which nodes there are follows from genes

  const Type& type(const Value& value) const {
    const auto output = static_cast<std::size_t>(value.output);
    if (value.site >= 0) return nodes[static_cast<std::size_t>(value.site)].outputs[output];
    return output == 0 ? input : states[output - 1];
  }
};

/// What a graph costs, for one sequence of `time` positions (at most 2^20). Sums stay at kMost instead of overflowing.
struct Counts {
  static constexpr std::int64_t kMost = std::int64_t{1} << 61;
  std::int64_t params = 0;
  std::int64_t trainable = 0;    ///< parameters that are not frozen
  std::int64_t macs = 0;         ///< of products and convolutions; flops are twice this
  std::int64_t activations = 0;  ///< bytes of all outputs in float32: what training keeps
  Counts& operator+=(const Counts& other) {
    params = std::min(params + other.params, kMost);
    trainable = std::min(trainable + other.trainable, kMost);
    macs = std::min(macs + other.macs, kMost);
    activations = std::min(activations + other.activations, kMost);
    return *this;
  }
};

/// Binds the attributes, takes what every `pick` picks, infers every shape, and checks domains, causality and that the
/// block maps a sequence to its own type (an image may become another image). No tensor is made.
Checked<Graph> check(const Program& program, const Binding& binding, const Type& input, const Place& place);

/// The types of what a program makes.
struct Typing {
  std::vector<Type> types;
  std::vector<int> first;  ///< of each site: where its outputs stand in `types`; -1 where the result does not need it
  Type result;
};

/// The same checks, for the types alone.
Checked<Typing> infer_types(const Program& program, const Binding& binding, const Type& input, const Place& place);

/// The types of one call's outputs; or what is wrong with its inputs, its sizes, or what it lets a position see.
base::Result<std::vector<Type>> output_types(const Op& op, const Call& call);

/// Whether the attribute may be worth this.
bool in_domain(const Attribute& attribute, double value);

Counts count(const Graph& graph, std::int64_t time, const Place& place);

/// The types of a node's inputs.
std::vector<Type> input_types(const Graph& graph, const Node& node);

}  // namespace weft::block
