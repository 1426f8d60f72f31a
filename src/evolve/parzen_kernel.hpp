// The inner loop of densities over genomes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace weft::evolve {

inline constexpr std::size_t kKernelLanes = 32;  ///< candidates that are weighed side by side

/// A code for each candidate: of a slot's value, or -1 where it is inactive.
struct alignas(64) KernelCodes {
  std::int32_t of[kKernelLanes] = {};
};
/// A number for each candidate.
struct alignas(64) KernelLanes {
  float of[kKernelLanes] = {};
};

struct KernelSlot {
  std::int32_t values = 0;  ///< that it can have
  std::int32_t row = 0;     ///< that stands for an inactive one; its values' rows follow
  float bandwidth = 0;      ///< the probability that a kernel draws a value instead of keeping its observation's
  float ratio = 1;          ///< by what a kernel around an observation with another value is smaller
};

/// Draws candidates around observations, of which `around` holds the rows, by numbers in [0, 1): below the bandwidth a
/// value is drawn, and how far below says which; of an inactive slot always.
void kernel_draws(std::span<const KernelSlot> slots, std::span<const KernelCodes> around,
                  std::span<const KernelLanes> chances, std::span<KernelCodes> candidates);

/// For each candidate the sum, over the observations, of the product of the ratios of slots where both have not the
/// same value; a slot that is inactive in the candidate is left out. `observed` holds a row a slot of each observation,
/// one after the other; `scratch` as many rows as there are. The same on every machine.
KernelLanes kernel_sums(std::span<const std::int32_t> observed, std::span<const KernelSlot> slots,
                        std::span<const KernelCodes> candidates, std::span<KernelLanes> scratch);

}  // namespace weft::evolve
