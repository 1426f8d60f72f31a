#include "evolve/parzen_kernel.hpp"

#include <cstring>

#include "base/wide.hpp"

namespace weft::evolve {
namespace {

constexpr std::size_t kWidth = kKernelLanes / 2;  // two vectors at a time share what is read of a slot
using Floats [[gnu::vector_size(64)]] = float;
using Codes [[gnu::vector_size(64)]] = std::int32_t;
static_assert(sizeof(Floats) == kWidth * sizeof(float));

[[gnu::always_inline]] inline Codes load(const std::int32_t* from) {
  Codes codes;
  std::memcpy(&codes, from, sizeof(codes));
  return codes;
}

}  // namespace

WEFT_WIDE float kernel_sum(const KernelSlot* slots, std::size_t count, std::size_t first, std::size_t last) {
  Codes lanes;
  for (std::size_t lane = 0; lane < kWidth; ++lane) lanes[lane] = static_cast<std::int32_t>(lane);
  Floats sums = {};
  for (std::size_t i = first; i < last; i += kKernelLanes) {
    Floats here = Floats{} + 1.0F, next = here;
    for (std::size_t slot = 0; slot < count; ++slot) {
      const auto [codes, wanted, ratio] = slots[slot];
      here = load(codes + i) == wanted ? here : here * ratio;
      next = load(codes + i + kWidth) == wanted ? next : next * ratio;
    }
    const auto left = static_cast<std::int32_t>(last - i < kKernelLanes ? last - i : kKernelLanes);
    sums += lanes < left ? here : Floats{};
    sums += lanes < left - static_cast<std::int32_t>(kWidth) ? next : Floats{};
  }
  float sum[kWidth];
  std::memcpy(sum, &sums, sizeof(sum));
  for (std::size_t width = kWidth / 2; width > 0; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) sum[lane] += sum[lane + width];
  }
  return sum[0];
}

}  // namespace weft::evolve
