// Parts of tensors whose axes are segments (block/axes.hpp): what a smaller network has of a larger one's weight.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "block/axes.hpp"

namespace weft::net {

using Axes = std::vector<block::Axis>;

/// Sizes of a tensor with these axes.
std::vector<std::int64_t> shape_of(const Axes& axes);

/// The forms of all axes: "3,1". Tensors of one form can be parts of one larger tensor.
std::string forms_of(const Axes& axes);

/// Views of what `part` has of a tensor with the axes `whole`: one for each combination of segments, with a dimension
/// for each of their indices. windows(a, whole, part) and windows(b, part, part) are of equal sizes, one by one.
std::vector<at::Tensor> windows(const at::Tensor& tensor, const Axes& whole, const Axes& part);

/// The part as one view of the tensor, or an undefined tensor where it is none.
at::Tensor view_of(const at::Tensor& tensor, const Axes& whole, const Axes& part);

/// Where the part's values lie in the memory of a contiguous tensor, in order.
std::vector<block::Run> memory_runs(const Axes& whole, const Axes& part);

/// Copies tensors of equal sizes, one by one; adds them.
void copy_each(const std::vector<at::Tensor>& to, const std::vector<at::Tensor>& from);
void add_each(const std::vector<at::Tensor>& to, const std::vector<at::Tensor>& from);

}  // namespace weft::net
