// Pareto fronts of points whose coordinates are to be minimised: sorting, crowding, hypervolume. By pagmo.
#pragma once

#include <cstddef>
#include <vector>

namespace weft::evolve {

using Points = std::vector<std::vector<double>>;  ///< of equal length, finite

/// For each point how many fronts must be taken off before it is undominated (Deb et al. 2002).
std::vector<int> fronts(const Points& points);

/// NSGA-II's crowding distance of each point in its front; infinite at the ends of a front.
std::vector<double> crowding(const Points& points, const std::vector<int>& front);

/// The volume that the points dominate below the reference point; points that are not below it in all coordinates count
/// nothing.
double hypervolume(const Points& points, const std::vector<double>& reference);

}  // namespace weft::evolve
