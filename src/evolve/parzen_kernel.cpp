#include "evolve/parzen_kernel.hpp"

#include <cstring>

#include "base/wide.hpp"

namespace weft::evolve {
namespace {

constexpr std::size_t kWidth = kKernelLanes / 2;
using Floats [[gnu::vector_size(64)]] = float;
static_assert(sizeof(Floats) == kWidth * sizeof(float));

[[gnu::always_inline]] inline Floats load(const float* from) {
  Floats loaded;
  std::memcpy(&loaded, from, sizeof(loaded));
  return loaded;
}

}  // namespace

// Without branches: each would be a coin's.
WEFT_WIDE void kernel_draws(std::span<const KernelSlot> slots, std::span<const KernelCodes> around,
                            std::span<const KernelLanes> chances, std::span<KernelCodes> candidates) {
  for (std::size_t slot = 0; slot < slots.size(); ++slot) {
    const std::int32_t values = slots[slot].values;
    const auto all = static_cast<float>(values);
    const float bandwidth = slots[slot].bandwidth, scale = bandwidth > 0 ? all / bandwidth : 0;
    const std::int32_t first = slots[slot].row + 1;
    const std::int32_t* rows = around[slot].of;
    const float* chance = chances[slot].of;
    std::int32_t* codes = candidates[slot].of;
    for (std::size_t lane = 0; lane < kKernelLanes; ++lane) {
      const std::int32_t own = rows[lane] - first;
      const bool known = own != -1;
      const std::int32_t value = static_cast<std::int32_t>(chance[lane] * (known ? scale : all));
      const std::int32_t drawn = value < values ? value : values - 1;
      codes[lane] = chance[lane] < (known ? bandwidth : 1) ? drawn : own;
    }
  }
}

WEFT_WIDE KernelLanes kernel_sums(std::span<const std::int32_t> observed, std::span<const KernelSlot> slots,
                                  std::span<const KernelCodes> candidates, std::span<KernelLanes> scratch) {
  // What an observation's value is worth to each candidate.
  for (std::size_t slot = 0; slot < slots.size(); ++slot) {
    const std::int32_t* wanted = candidates[slot].of;
    const float ratio = slots[slot].ratio;
    KernelLanes other;
    for (std::size_t lane = 0; lane < kKernelLanes; ++lane) other.of[lane] = wanted[lane] == -1 ? 1 : ratio;
    for (std::int32_t value = -1; value < slots[slot].values; ++value) {
      float* factors = scratch[static_cast<std::size_t>(slots[slot].row) + static_cast<std::size_t>(1 + value)].of;
      for (std::size_t lane = 0; lane < kKernelLanes; ++lane)
        factors[lane] = wanted[lane] == value ? 1 : other.of[lane];
    }
  }
  Floats low = {}, high = {};
  const KernelLanes* all = scratch.data();
  const std::int32_t* rows = observed.data();
  for (const std::int32_t *end = rows + observed.size(), *next_rows = rows; rows != end; rows = next_rows) {
    next_rows += slots.size();
    Floats here = Floats{} + 1.0F, next = here;
    for (const std::int32_t* row = rows; row != next_rows; ++row) {
      const float* factors = all[*row].of;
      here *= load(factors);
      next *= load(factors + kWidth);
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
