// What the axes of weights are made of, so that a smaller network's can be parts of a larger one's (weight
// entanglement; Chen et al. 2021, AutoFormer, section 3.1): the half that is a gate, the heads of a group, the taps of
// a convolution stay themselves when sizes change. Found from the graph alone; no tensor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "block/graph.hpp"

namespace weft::block {

/// A part of an axis: nested indices, the outermost first. Query heads are {groups, members, size}.
struct Segment {
  /// Which of its innermost values stay where there are fewer: the first ones; of a convolution's taps those around the
  /// middle, or in a causal space the last.
  enum class Keeps { first, middle, last };
  std::vector<std::int64_t> sizes;
  Keeps keeps = Keeps::first;
  bool stream = false;  ///< whether these are the channels of the residual stream
  std::int64_t length() const {
    std::int64_t product = 1;
    for (const std::int64_t size : sizes) product *= size;
    return product;
  }
  bool operator==(const Segment&) const = default;
};

/// Parts side by side.
using Axis = std::vector<Segment>;

std::int64_t length(const Axis& axis);

/// An axis without its sizes: "1" of plain channels, "s" of the residual stream's, "3" of query heads, "1|1" of a gate
/// and a value. Axes of one form can be parts of one larger axis.
std::string form(const Axis& axis);

/// The axis of one form that holds both: every size the larger of the two. The forms must be equal.
Axis join(const Axis& a, const Axis& b);

/// Whether every size of `part` is at most that of `whole`. The forms must be equal.
bool fits(const Axis& part, const Axis& whole);

/// Neighbouring values of an axis.
struct Run {
  std::int64_t start = 0, length = 0;
  bool operator==(const Run&) const = default;
};

/// Appends a run, or lengthens the last one where it ends there.
void add_run(std::vector<Run>& list, Run run);

/// The first of the innermost values of `whole` that stay in `part`.
std::int64_t first_kept(const Segment& part, const Segment& whole);

/// Where the values of `part` stand in `whole`, in order; neighbours are one run. The part must fit.
std::vector<Run> runs(const Axis& part, const Axis& whole);

/// The axes of a graph's weights: of each node, each of its parameters, each axis.
struct GraphAxes {
  std::vector<std::vector<std::vector<Axis>>> parameters;
  /// Which channels each axis is of: axes of one number are indexed by the same channels, so that permuting all of them
  /// alike changes no score. -1: of no channels that may be permuted, as those of the residual stream.
  std::vector<std::vector<std::vector<int>>> channels;
  /// Numbers of channels whose outermost index is the same heads: queries, keys, values and result of an attention.
  std::vector<std::vector<int>> heads;
  Axis result;  ///< the channels of what the block returns
};

/// `input` is what the channels that come in are made of; an empty one is taken as plain. In a sequence the residual
/// stream is always plain: the same channels in every layer.
GraphAxes find_axes(const Graph& graph, const Place& place, const Axis& input = {});

}  // namespace weft::block
