#include <charconv>
#include <unordered_set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "evolve/proposers/all.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"

namespace weft::evolve::proposers {
namespace {

constexpr int kTries = 100'000;  // in a row that give no new genome: the space is used up

// "2/5" → 1 and 5.
std::pair<int, int> read_shard(const std::string& text) {
  int number = 0, of = 0;
  const char* end = text.data() + text.size();
  const auto slash = std::from_chars(text.data(), end, number);
  const bool good = slash.ec == std::errc() && slash.ptr != end && *slash.ptr == '/' &&
                    std::from_chars(slash.ptr + 1, end, of).ptr == end && 1 <= number && number <= of;
  if (!good) throw base::Error("a part such as 2/5 was expected, not " + base::quote(text), "search.method.grid.shard");
  return {number - 1, of};
}

// Genome after genome, each with all its budgets and seeds: what is stopped half-way has whole genomes. Which genomes
// they are follows from the seed alone, so that shards and later runs have the same.
class Grid : public Proposer {
 public:
  explicit Grid(const Method& method)
      : space_(*method.space),
        counter_(*method.space, method.input),
        seeds_(method.options.at("seeds")),
        budgets_(method.options.at("budgets").get<std::vector<double>>()),
        first_(method.options.at("first")) {
    std::tie(shard_, shards_) = read_shard(method.options.at("shard"));
    if (method.options.contains("sample")) {
      most_ = method.options.at("sample");
    } else {
      space::enumerate(space_, [&](const space::Genome& genome) {
        if (counter_.count(genome)) all_.push_back(genome);
        return true;
      });
      most_ = static_cast<std::int64_t>(all_.size());
    }
    for (std::int64_t skipped = 0; skipped < first_; ++skipped) place_ += next_genome() ? 1 : 0;
    next_of_shard();
  }

  Draft ask(TrialId /*id*/, base::Random& /*random*/) override {
    if (!genome_) return Draft::none();
    Draft draft = Draft::of(*genome_, "grid");
    draft.fidelity = {.budget = budgets_[budget_], .test = true, .replicate = seed_};
    if (++seed_ < seeds_) return draft;
    seed_ = 0;
    if (++budget_ < budgets_.size()) return draft;
    budget_ = 0;
    next_of_shard();
    return draft;
  }

  void tell(const Trial&) override {}

 private:
  void next_of_shard() {
    while ((genome_ = next_genome())) {
      if (place_++ % shards_ == shard_) return;
    }
  }

  // The next genome of all shards.
  std::optional<space::Genome> next_genome() {
    if (drawn_ == most_) return std::nullopt;
    if (!all_.empty()) return all_[static_cast<std::size_t>(drawn_++)];
    for (int attempt = 0; attempt < kTries; ++attempt) {
      base::Random random(kStream, "grid", draws_++);
      space::Genome genome = space::sample(space_, random);
      if (!counter_.count(genome) || !seen_.insert(space::id(space_, genome)).second) continue;
      ++drawn_;
      return genome;
    }
    return std::nullopt;
  }

  static constexpr std::uint64_t kStream = 1;  // the same genomes whatever the seed of the trainings

  const space::Space& space_;
  space::Counter counter_;
  int seeds_;
  std::vector<double> budgets_;
  std::int64_t first_, most_ = 0;
  int shard_ = 0, shards_ = 1;
  std::vector<space::Genome> all_;        // of a table of the whole space
  std::unordered_set<std::string> seen_;  // ids of those that were drawn
  std::int64_t drawn_ = 0, place_ = 0;    // genomes so far, in all shards
  std::uint64_t draws_ = 0;
  std::optional<space::Genome> genome_;  // whose cells are asked for
  std::size_t budget_ = 0;
  int seed_ = 0;
};

}  // namespace

std::unique_ptr<Proposer> grid(const Method& method) {
  return std::make_unique<Grid>(method);
}

}  // namespace weft::evolve::proposers
