#include <deque>
#include <unordered_map>

#include "evolve/proposers/all.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"

namespace weft::evolve::proposers {
namespace {

constexpr int kRestarts = 1000;  // in a row that find nothing to evaluate: the space is used up

// White et al. 2021 ("Local search is state of the art for NAS benchmarks"): all neighbours of a genome are evaluated;
// the best of them, where it is better, is where the search goes on, else it begins again at a random genome. No genome
// is evaluated twice.
class LocalSearch : public Proposer {
 public:
  explicit LocalSearch(const Method& method) : space_(*method.space), objective_(method.objective) {}

  Draft ask(TrialId id, base::Random& random) override {
    for (int restart = 0; queue_.empty(); ++restart) {
      if (told_ < asked_) return Draft::waiting();
      if (restart == kRestarts) return Draft::none();
      move(random);
    }
    space::Genome next = std::move(queue_.front());
    queue_.pop_front();
    ++asked_;
    if (centre_.trial < 0) {
      centre_.trial = id;
      return Draft::of(std::move(next), "sample");
    }
    return Draft::of(std::move(next), "neighbour", {centre_.trial});
  }

  void tell(const Trial& trial) override {
    ++told_;
    if (!trial.proposal.genome) return;
    const auto costs = trial.outcome ? objective_.costs(*trial.outcome) : std::nullopt;
    const Point point{trial.id, *trial.proposal.genome, costs ? std::optional(costs->front()) : std::nullopt};
    known_[space::id(space_, point.genome)] = point;
    if (trial.id == centre_.trial) {
      centre_ = point;
    } else {
      consider(point);
    }
  }

 private:
  struct Point {
    TrialId trial = -1;  // -1: not asked for yet
    space::Genome genome;
    std::optional<double> cost;
  };

  void consider(const Point& neighbour) {
    if (neighbour.cost && (!best_.cost || *neighbour.cost < *best_.cost)) best_ = neighbour;
  }

  // Once all that was asked for is told: around the random genome where that was new, to the best neighbour where it is
  // better, or to another random genome.
  void move(base::Random& random) {
    const bool looked_around = std::exchange(expanded_, true);
    if (looked_around && best_.cost && (!centre_.cost || *best_.cost < *centre_.cost)) {
      centre_ = best_;
    } else if (looked_around || !centre_.cost) {
      begin_at(space::sample(space_, random));
      if (!queue_.empty()) return;
    }
    best_ = {};
    for (space::Genome& neighbour : space::neighbours(space_, centre_.genome, random)) {
      const auto known = known_.find(space::id(space_, neighbour));
      if (known != known_.end()) {
        consider(known->second);
      } else {
        queue_.push_back(std::move(neighbour));
      }
    }
    random_order(random);
  }

  void begin_at(space::Genome genome) {
    const auto known = known_.find(space::id(space_, genome));
    expanded_ = known != known_.end();
    centre_ = expanded_ ? known->second : Point{};
    if (!expanded_) queue_.push_back(std::move(genome));
  }

  void random_order(base::Random& random) {
    std::vector<space::Genome> list(std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.end()));
    random.shuffle(list);
    queue_.assign(std::make_move_iterator(list.begin()), std::make_move_iterator(list.end()));
  }

  const space::Space& space_;
  Objective objective_;
  TrialId asked_ = 0, told_ = 0;
  Point centre_, best_;   // where the search is, and the best of its neighbours so far
  bool expanded_ = true;  // whether the neighbours of the centre were asked for
  std::deque<space::Genome> queue_;
  std::unordered_map<std::string, Point> known_;  // by id
};

}  // namespace

std::unique_ptr<Proposer> local_search(const Method& method) {
  return std::make_unique<LocalSearch>(method);
}

}  // namespace weft::evolve::proposers
