#include "evolve/pareto.hpp"

#include <algorithm>
#include <limits>

#include <pagmo/utils/hypervolume.hpp>
#include <pagmo/utils/multi_objective.hpp>

namespace weft::evolve {

std::vector<int> fronts(const Points& points) {
  std::vector<int> front(points.size(), 0);
  if (points.size() < 2) return front;
  const auto sorted = std::get<0>(pagmo::fast_non_dominated_sorting(points));
  for (std::size_t level = 0; level < sorted.size(); ++level) {
    for (const auto point : sorted[level]) front[point] = static_cast<int>(level);
  }
  return front;
}

std::vector<double> crowding(const Points& points, const std::vector<int>& front) {
  std::vector<double> distance(points.size(), std::numeric_limits<double>::infinity());
  const int most = front.empty() ? -1 : *std::max_element(front.begin(), front.end());
  for (int level = 0; level <= most; ++level) {
    Points own;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (front[i] != level) continue;
      own.push_back(points[i]);
      places.push_back(i);
    }
    if (own.size() < 3) continue;
    const std::vector<double> crowd = pagmo::crowding_distance(own);
    for (std::size_t i = 0; i < own.size(); ++i) distance[places[i]] = crowd[i];
  }
  return distance;
}

double hypervolume(const Points& points, const std::vector<double>& reference) {
  Points below;
  for (const std::vector<double>& point : points) {
    bool inside = true;
    for (std::size_t i = 0; i < reference.size(); ++i) inside = inside && point[i] < reference[i];
    if (inside) below.push_back(point);
  }
  return below.empty() ? 0 : pagmo::hypervolume(below).compute(reference);
}

}  // namespace weft::evolve
