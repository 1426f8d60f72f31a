// Which of a network's weights the proxies count: those of products and convolutions, as published code takes the
// weights of its Linear and Conv modules.
#pragma once

#include <cstddef>
#include <vector>

#include "net/network.hpp"

namespace weft::train::proxies {

struct Product {
  enum class Part {
    stem,       ///< the embedding of patches
    attention,  ///< a linear that makes queries, keys or values, or reads what attention gives
    other       ///< feed-forward networks, convolutions, recurrent cells, the head
  };
  std::size_t weight = 0;  ///< its place among the network's weights
  Part part = Part::other;
};

/// Those that learn, in the order of the weights. Embeddings, positions, norms and biases are none; the table of a tied
/// head is one, for it is the head's product.
std::vector<Product> products_of(const net::Network& network);

}  // namespace weft::train::proxies
