#include "evolve/parzen_kernel.hpp"

#include <cstring>

#include "base/wide.hpp"

namespace weft::evolve {
namespace {

constexpr std::size_t kWidth = kKernelLanes / 2;
using Floats [[gnu::vector_size(64)]] = float;
using Codes [[gnu::vector_size(64)]] = std::int32_t;
static_assert(sizeof(Floats) == kWidth * sizeof(float));

template <class Vector>
[[gnu::always_inline]] inline Vector load(const void* from) {
  Vector loaded;
  std::memcpy(&loaded, from, sizeof(loaded));
  return loaded;
}

}  // namespace

WEFT_WIDE KernelLanes kernel_sums(std::span<const std::int32_t> observed, std::span<const KernelSlot> slots,
                                  std::span<const KernelCodes> candidates, std::span<KernelLanes> scratch) {
  // What an observation's value is worth to each candidate.
  for (std::size_t slot = 0; slot < slots.size(); ++slot) {
    const KernelSlot& one = slots[slot];
    for (std::size_t half = 0; half < kKernelLanes; half += kWidth) {
      const Codes wanted = load<Codes>(candidates[slot].of + half);
      const Floats ones = Floats{} + 1.0F, other = wanted == -1 ? ones : Floats{} + one.ratio;
      for (std::int32_t value = -1; value < one.values; ++value) {
        const Floats factors = wanted == value ? ones : other;
        std::memcpy(scratch[static_cast<std::size_t>(one.row + 1 + value)].of + half, &factors, sizeof(factors));
      }
    }
  }
  Floats low = {}, high = {};
  const std::int32_t* codes = observed.data();
  for (const std::int32_t* end = codes + observed.size(); codes != end; codes += slots.size()) {
    Floats here = Floats{} + 1.0F, next = here;
    for (std::size_t slot = 0; slot < slots.size(); ++slot) {
      const float* factors = scratch[static_cast<std::size_t>(slots[slot].row + 1 + codes[slot])].of;
      here *= load<Floats>(factors);
      next *= load<Floats>(factors + kWidth);
    }
    low += here;
    high += next;
  }
  KernelLanes sums;
  std::memcpy(sums.of, &low, sizeof(low));
  std::memcpy(sums.of + kWidth, &high, sizeof(high));
  return sums;
}

}  // namespace weft::evolve
