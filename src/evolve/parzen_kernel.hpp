// The inner loop of densities over genomes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weft::evolve {

inline constexpr std::size_t kKernelLanes = 32;  ///< values behind a column's end that the loop may read

/// A slot of a genome: the code of each observation there, the genome's own, and by what a kernel around an observation
/// with another code is smaller.
struct KernelSlot {
  const std::int32_t* codes = nullptr;
  std::int32_t wanted = 0;
  float ratio = 1;
};

/// The sum, over the observations [first, last), of the product of the ratios of slots where an observation has another
/// code. The same on every machine.
float kernel_sum(const KernelSlot* slots, std::size_t count, std::size_t first, std::size_t last);

}  // namespace weft::evolve
