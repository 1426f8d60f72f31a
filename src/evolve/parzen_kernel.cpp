#include "evolve/parzen_kernel.hpp"

#include <cstring>

#include "base/wide.hpp"

namespace weft::evolve {
namespace {

using Floats [[gnu::vector_size(64)]] = float;
using Codes [[gnu::vector_size(64)]] = std::int32_t;
static_assert(sizeof(Floats) == kKernelLanes * sizeof(float));

}  // namespace

WEFT_WIDE float kernel_sum(const std::vector<std::vector<std::int32_t>>& columns, std::span<const std::int32_t> wanted,
                           std::span<const float> ratios, std::size_t first, std::size_t last) {
  Floats sums = {};
  float rest = 0;
  for (std::size_t i = first; i < last; i += kKernelLanes) {
    Floats products = Floats{} + 1.0F;
    for (std::size_t slot = 0; slot < wanted.size(); ++slot) {
      if (wanted[slot] < 0) continue;
      Codes codes;
      std::memcpy(&codes, columns[slot].data() + i, sizeof(codes));
      products = codes == wanted[slot] ? products : products * ratios[slot];
    }
    if (i + kKernelLanes <= last) {
      sums += products;
    } else {
      for (std::size_t lane = 0; i + lane < last; ++lane) rest += products[lane];
    }
  }
  for (std::size_t lane = 0; lane < kKernelLanes; ++lane) rest += sums[lane];
  return rest;
}

}  // namespace weft::evolve
