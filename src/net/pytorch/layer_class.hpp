// Layers of one structure as one class, whose constructor takes the numbers in which they differ.
#pragma once

#include <string>
#include <vector>

#include "net/pytorch/layer.hpp"

namespace weft::net::pytorch {

struct LayerClass {
  std::string text;          ///< "class Block(nn.Module): ..."
  std::vector<Piece> calls;  ///< of each layer: "Block(96, heads=4)"
};

/// Equal for layers that one class can hold.
std::string structure(const Layer& layer);

/// `layers` are of one structure; `about` is the docstring.
LayerClass write_class(const std::string& name, const std::string& about, const std::vector<const Layer*>& layers);

/// A number as Python writes it.
std::string python_number(double value);

}  // namespace weft::net::pytorch
