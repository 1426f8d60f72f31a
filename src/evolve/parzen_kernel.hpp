// The inner loop of densities over genomes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace weft::evolve {

inline constexpr std::size_t kKernelLanes = 16;  ///< values behind a column's end that the loop may read

/// The sum, over the observations [first, last), of the product over the slots of 1 where an observation has the wanted
/// code and of the slot's ratio where it has another. Slots whose wanted code is negative are left out. The columns
/// hold a slot's code of each observation, with kKernelLanes values more. The same on every machine.
float kernel_sum(const std::vector<std::vector<std::int32_t>>& columns, std::span<const std::int32_t> wanted,
                 std::span<const float> ratios, std::size_t first, std::size_t last);

}  // namespace weft::evolve
