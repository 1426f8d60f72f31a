#include "space/distribution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <queue>
#include <set>

#include "base/error.hpp"
#include "space/vary.hpp"

namespace weft::space {
namespace {

using base::Json;

constexpr int kMostRefused = 20000;

std::size_t draw(const std::vector<double>& probabilities, base::Random& random) {
  double left = random.uniform() * std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
  for (std::size_t code = 0; code + 1 < probabilities.size(); ++code) {
    if (left < probabilities[code]) return code;
    left -= probabilities[code];
  }
  return probabilities.size() - 1;
}

// A choice of ranks in the orders of all slots, and the logarithm of how much less probable it is than the first.
struct Candidate {
  double score = 0;
  std::vector<std::size_t> ranks;
  bool operator<(const Candidate& other) const {
    return score != other.score ? score < other.score : ranks > other.ranks;
  }
};

}  // namespace

Distribution::Distribution(const Space& space) : space_(space), slots_(space.slots()) {
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    const Gene& row = space.genes[static_cast<std::size_t>(gene)];
    if (row.open) throw base::Error(fmt::format("the gene '{}' is open: its programs have no probabilities", row.name));
    const auto count = row.values.size();
    for (int layer = 0; layer < space.most_copies(gene); ++layer)
      set(gene, layer, std::vector<double>(count, 1 / static_cast<double>(count)));
  }
}

Distribution::Distribution(const Space& space, const Json& value) : Distribution(space) {
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    const Gene& row = space.genes[static_cast<std::size_t>(gene)];
    if (row.values.size() < 2) continue;
    const auto wrong = [&] {
      return base::Error(
          fmt::format("no probabilities of the gene '{}' and its {} values", row.name, row.values.size()));
    };
    if (!value.is_object() || !value.contains(row.name)) throw wrong();
    const Json& given = value.at(row.name);
    const int layers = space.most_copies(gene);
    if (!given.is_array() || (row.per_layer && given.size() != static_cast<std::size_t>(layers))) throw wrong();
    for (int layer = 0; layer < layers; ++layer) {
      const Json& list = row.per_layer ? given.at(static_cast<std::size_t>(layer)) : given;
      const bool numbers =
          list.is_array() && list.size() == row.values.size() &&
          std::all_of(list.begin(), list.end(), [](const Json& p) { return p.is_number() && p.get<double>() >= 0; });
      if (!numbers) throw wrong();
      set(gene, layer, list.get<std::vector<double>>());
      const std::vector<double>& all = of(gene, layer);
      if (!(std::abs(std::accumulate(all.begin(), all.end(), 0.0) - 1) <= 1e-3)) throw wrong();
    }
  }
}

Json Distribution::to_json() const {
  Json value = Json::object();
  for (int gene = 0; gene < static_cast<int>(space_.genes.size()); ++gene) {
    const Gene& row = space_.genes[static_cast<std::size_t>(gene)];
    if (row.values.size() < 2) continue;
    if (!row.per_layer) value[row.name] = of(gene, 0);
    for (int layer = 0; row.per_layer && layer < space_.max_depth; ++layer) value[row.name].push_back(of(gene, layer));
  }
  return value;
}

void Distribution::set(int gene, int layer, std::vector<double> probabilities) {
  slots_[space_.slot(gene, layer)] = std::move(probabilities);
}

// The codes of each slot from the most probable on.
std::vector<std::vector<std::size_t>> Distribution::orders() const {
  std::vector<std::vector<std::size_t>> list;
  for (const std::vector<double>& probabilities : slots_) {
    std::vector<std::size_t>& order = list.emplace_back(probabilities.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return probabilities[a] > probabilities[b]; });
  }
  return list;
}

Genome Distribution::with_codes(const std::vector<std::size_t>& codes) const {
  Genome genome{.codes = std::vector<std::int32_t>(codes.begin(), codes.end()), .programs = {}};
  deactivate(space_, genome);
  return genome;
}

Genome Distribution::sample(base::Random& random) const {
  std::vector<std::size_t> codes;
  for (const std::vector<double>& probabilities : slots_) codes.push_back(draw(probabilities, random));
  return with_codes(codes);
}

// Best first: what follows a candidate has the next value in one gene that it has.
Genome Distribution::most_probable(Counter& counter) const {
  const std::vector<std::vector<std::size_t>> order = orders();
  std::priority_queue<Candidate> queue;
  std::set<std::vector<std::size_t>> seen;
  queue.push({0, std::vector<std::size_t>(slots_.size(), 0)});
  for (int refused = 0; !queue.empty() && refused < kMostRefused; ++refused) {
    const Candidate best = queue.top();
    queue.pop();
    std::vector<std::size_t> codes;
    for (std::size_t slot = 0; slot < slots_.size(); ++slot) codes.push_back(order[slot][best.ranks[slot]]);
    Genome genome = with_codes(codes);
    if (allowed(space_, genome) && counter.count(genome)) return genome;
    for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
      if (genome.codes[slot] == Genome::kInactive || best.ranks[slot] + 1 == order[slot].size()) continue;
      Candidate next = best;
      const double now = slots_[slot][order[slot][next.ranks[slot]]],
                   then = slots_[slot][order[slot][++next.ranks[slot]]];
      next.score += then > 0 ? std::log(then / now) : -1e9;
      if (seen.insert(next.ranks).second) queue.push(std::move(next));
    }
  }
  throw base::Error(fmt::format("space '{}': its limits and constraints refused the {} most probable genomes",
                                space_.name, kMostRefused));
}

void deactivate(const Space& space, Genome& genome) {
  const int depth = space.depth(genome);
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    const Gene& row = space.genes[static_cast<std::size_t>(gene)];
    for (int layer = 0; layer < space.most_copies(gene); ++layer) {
      const bool has = (!row.per_layer || layer < depth) && space.active(gene, genome, layer);
      if (!has) genome.codes[space.slot(gene, layer)] = Genome::kInactive;  // conditions are on earlier genes
    }
  }
}

}  // namespace weft::space
