#include "evolve/op_priority.hpp"

#include <cmath>
#include <set>

namespace weft::evolve {

void OpPriority::learn(const space::Genome& genome, double cost) {
  if (!std::isfinite(cost)) return;
  best_ = std::min(best_, cost);
  worst_ = std::max(worst_, cost);
  std::set<std::pair<const block::Op*, const block::Op*>> here;
  for (const auto& program : genome.programs) {
    const std::vector<const block::Op*> users = block::first_users(program->program);
    for (std::size_t i = 0; i < users.size(); ++i) here.emplace(users[i], program->program.sites[i].op);
  }
  for (const auto& [user, op] : here) {
    Tally& tally = positions_[user][op];
    tally.cost += cost;
    ++tally.count;
  }
}

block::Preference OpPriority::preference() const {
  return [this](const block::Op& op, const block::Op* user) {
    const auto position = positions_.find(user);
    if (position == positions_.end()) return 1.0;
    double all = 0;
    for (const auto& [known, tally] : position->second) all += tally.count;
    const auto found = position->second.find(&op);
    double mean = 0.5, count = 1;
    if (found != position->second.end()) {
      count = found->second.count;
      if (worst_ > best_) mean = (worst_ - found->second.cost / count) / (worst_ - best_);
    }
    return std::exp(mean + std::sqrt(2 * std::log(all) / count));
  };
}

}  // namespace weft::evolve
