#include "search/rank_summary.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace weft::search {
namespace {

using base::Json;

constexpr std::uint64_t kSeed = 1;
constexpr std::size_t kResamples = 2000, kSplits = 200;
constexpr std::array<std::size_t, 3> kRegretAt{1, 5, 10};

using List = std::vector<double>;

// Lower is better in all that follows.
List costs_of(const List& scores, bool minimize) {
  List costs = scores;
  if (!minimize) {
    for (double& cost : costs) cost = -cost;
  }
  return costs;
}

List taken(const List& values, const std::vector<std::size_t>& rows) {
  List list;
  list.reserve(rows.size());
  for (const std::size_t row : rows) list.push_back(values[row]);
  return list;
}

// The draws of one number. Those in which it does not exist are left out.
class Draws {
 public:
  void add(std::optional<double> value) {
    if (value) values_.push_back(*value);
  }
  Estimate around(double value) const {
    const bool enough = values_.size() * 2 > kResamples;
    return {value, enough ? std::optional(base::percentile_interval(values_)) : std::nullopt};
  }
  std::optional<Estimate> around(std::optional<double> value) const {
    return value ? std::optional(around(*value)) : std::nullopt;
  }

 private:
  List values_;
};

std::optional<double> difference(std::optional<double> a, std::optional<double> b) {
  return a && b ? std::optional(*a - *b) : std::nullopt;
}

std::optional<double> relative(double regret, const List& truth) {
  const double best = std::abs(*std::min_element(truth.begin(), truth.end()));
  return best > 0 ? std::optional(regret / best) : std::nullopt;
}

// One predictor with its numbers on the study itself and on every draw.
class Candidate {
 public:
  Candidate(std::string name, bool minimize, bool baseline, const List& scores)
      : costs_(costs_of(scores, minimize)), name_(std::move(name)), minimize_(minimize), baseline_(baseline) {}

  std::optional<double> tau(const std::vector<std::size_t>& rows, const List& truth) const {
    return base::kendall_tau(taken(costs_, rows), truth);
  }

  // `ranks` are those of the drawn means, which all candidates share.
  void draw(const base::Resample& drawn, const List& ranks, std::optional<double> baseline) {
    const List costs = taken(costs_, drawn.rows);
    const auto tau = base::kendall_tau(costs, drawn.means);
    tau_.add(tau);
    rho_.add(base::pearson(base::average_ranks(costs), ranks));
    over_.add(difference(tau, baseline));
    for (std::size_t i = 0; i < kRegretAt.size() && kRegretAt[i] < costs.size(); ++i) {
      const double regret = base::top_k_regret(costs, drawn.means, kRegretAt[i]);
      regret_[i].add(regret);
      relative_[i].add(relative(regret, drawn.means));
    }
  }

  Ranking ranking(const List& truth, std::optional<double> baseline) const {
    const auto tau = base::kendall_tau(costs_, truth);
    Ranking ranking{.name = name_,
                    .minimize = minimize_,
                    .baseline = baseline_,
                    .tau = tau_.around(tau),
                    .rho = rho_.around(base::spearman_rho(costs_, truth)),
                    .regrets = regrets(truth)};
    if (name_ != "params") ranking.over_params = over_.around(difference(tau, baseline));
    return ranking;
  }

  std::vector<Regret> regrets(const List& truth) const {
    std::vector<Regret> list;
    for (std::size_t i = 0; i < kRegretAt.size() && kRegretAt[i] < costs_.size(); ++i) {
      const double regret = base::top_k_regret(costs_, truth, kRegretAt[i]);
      list.push_back({kRegretAt[i], regret_[i].around(regret), relative_[i].around(relative(regret, truth))});
    }
    return list;
  }

 private:
  List costs_;
  std::string name_;
  bool minimize_, baseline_;
  Draws tau_, rho_, over_;
  std::array<Draws, kRegretAt.size()> regret_, relative_;
};

// The predictors, and what everybody has without measuring: more parameters, and more FLOPs, promise more.
std::vector<Candidate> candidates_of(const RankStudy& study) {
  List params, flops;
  for (const RankStudy::Genome& genome : study.genomes) {
    params.push_back(static_cast<double>(genome.params));
    if (genome.flops) flops.push_back(static_cast<double>(*genome.flops));
  }
  std::vector<Candidate> list{{"params", false, true, params}};
  if (flops.size() == params.size()) list.emplace_back("flops", false, true, flops);
  for (const RankStudy::Predictor& predictor : study.predictors)
    list.emplace_back(predictor.name, predictor.minimize, false, predictor.scores);
  return list;
}

// Tau between the means of two random halves of the seeds of these rows.
std::optional<double> split_tau(const std::vector<List>& truth, const std::vector<std::size_t>& rows,
                                base::Random& random) {
  List left, right;
  for (const std::size_t row : rows) {
    List seeds = truth[row];
    random.shuffle(seeds);
    const std::size_t half = seeds.size() / 2;
    left.push_back(base::mean({seeds.data(), half}));
    right.push_back(base::mean({seeds.data() + half, seeds.size() - half}));
  }
  return base::kendall_tau(left, right);
}

// With intervals over genomes alone: a seed that is drawn twice would stand in both halves.
std::optional<Estimate> agreement(const std::vector<List>& truth, const std::vector<std::size_t>& all) {
  List splits;
  for (std::size_t i = 0; i < kSplits; ++i) {
    base::Random random(kSeed, "rank split", i);
    if (const auto tau = split_tau(truth, all, random)) splits.push_back(*tau);
  }
  if (splits.empty()) return std::nullopt;
  Draws draws;
  for (std::size_t i = 0; i < kResamples && truth.size() >= kFewestForIntervals; ++i) {
    base::Random random(kSeed, "rank halves", i);
    std::vector<std::size_t> rows;
    for (std::size_t j = 0; j < truth.size(); ++j) rows.push_back(random.below(truth.size()));
    draws.add(split_tau(truth, rows, random));
  }
  return draws.around(base::mean(splits));
}

// Tau to correlation and back as for normal scores, tau = 2/π · asin(r) (Kruskal 1958); from halves to all seeds by
// 2r / (1 + r) (Spearman 1910, Brown 1910); from one noisy measurement to the noiseless by the root.
double ceiling_of(double halves) {
  const double r = std::sin(std::max(halves, 0.0) * std::numbers::pi / 2);
  return std::asin(std::sqrt(2 * r / (1 + r))) * 2 / std::numbers::pi;
}

Json to_json(const Estimate& estimate) {
  Json json = {{"value", estimate.value}, {"interval", nullptr}};
  if (estimate.interval) json["interval"] = {estimate.interval->low, estimate.interval->high};
  return json;
}

Json to_json(const std::optional<Estimate>& estimate) {
  return estimate ? to_json(*estimate) : Json(nullptr);
}

Json to_json(const std::vector<Regret>& regrets) {
  Json list = Json::array();
  for (const Regret& regret : regrets)
    list.push_back({{"k", regret.k}, {"absolute", to_json(regret.absolute)}, {"relative", to_json(regret.relative)}});
  return list;
}

}  // namespace

const char* to_text(Verdict verdict) {
  return verdict == Verdict::yes ? "yes" : verdict == Verdict::no ? "no" : "unclear";
}

Verdict Ranking::beats_params() const {
  if (!over_params || !over_params->interval) return Verdict::unclear;
  if (over_params->interval->low > 0) return Verdict::yes;
  return over_params->interval->high < 0 ? Verdict::no : Verdict::unclear;
}

RankSummary summarize(const RankStudy& study) {
  study.check(study.name);
  RankSummary summary{.genomes = study.genomes.size(), .fewest_seeds = study.truth[0].size(), .most_seeds = 0};
  std::vector<List> truth;
  std::vector<std::size_t> all;
  List means;
  for (const List& seeds : study.truth) {
    all.push_back(truth.size());
    truth.push_back(costs_of(seeds, study.minimize));
    means.push_back(base::mean(truth.back()));
    summary.fewest_seeds = std::min(summary.fewest_seeds, seeds.size());
    summary.most_seeds = std::max(summary.most_seeds, seeds.size());
  }
  std::vector<Candidate> candidates = candidates_of(study);
  if (truth.size() >= kFewestForIntervals) summary.resamples = kResamples;
  for (std::size_t i = 0; i < summary.resamples; ++i) {
    base::Random random(kSeed, "rank", i);
    const base::Resample drawn = base::resample(truth, random);
    const List ranks = base::average_ranks(drawn.means);
    const auto baseline = candidates[0].tau(drawn.rows, drawn.means);
    for (Candidate& candidate : candidates) candidate.draw(drawn, ranks, baseline);
  }
  const auto baseline = candidates[0].tau(all, means);
  for (const Candidate& candidate : candidates) summary.rankings.push_back(candidate.ranking(means, baseline));
  std::stable_sort(summary.rankings.begin(), summary.rankings.end(), [](const Ranking& a, const Ranking& b) {
    return (a.tau ? a.tau->value : -2) > (b.tau ? b.tau->value : -2);
  });
  summary.random = Candidate("random", true, true, List(means.size(), 0.0)).regrets(means);
  if (summary.fewest_seeds >= 2) summary.halves = agreement(truth, all);
  if (summary.halves) summary.ceiling = ceiling_of(summary.halves->value);
  return summary;
}

Json RankSummary::to_json() const {
  Json list = Json::array();
  for (const Ranking& one : rankings) {
    list.push_back({{"name", one.name},
                    {"direction", one.minimize ? "minimize" : "maximize"},
                    {"baseline", one.baseline},
                    {"tau", search::to_json(one.tau)},
                    {"rho", search::to_json(one.rho)},
                    {"regret", search::to_json(one.regrets)},
                    {"over_params", search::to_json(one.over_params)}});
    if (one.name != "params") list.back()["beats_params"] = to_text(one.beats_params());
  }
  return {{"genomes", genomes},
          {"seeds", {fewest_seeds, most_seeds}},
          {"resamples", resamples},
          {"rankings", list},
          {"random", {{"regret", search::to_json(random)}}},
          {"halves", search::to_json(halves)},
          {"ceiling", ceiling ? Json(*ceiling) : Json(nullptr)}};
}

}  // namespace weft::search
