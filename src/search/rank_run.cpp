#include "search/rank_run.hpp"

#include <condition_variable>
#include <fstream>
#include <map>
#include <mutex>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "search/supernet.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"

namespace weft::search {
namespace {

using base::Json;
using journal::Outcome;

constexpr int kDraws = 100'000;

// Outcomes by their keys, kept in a file of JSON lines.
class Kept {
 public:
  explicit Kept(const base::fs::path& file) : file_(file) {
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
      const auto row = base::parse_json(line);
      if (!row || !row->is_object() || !row->contains("key")) continue;  // what was being written at the end
      known_[row->at("key").get<std::string>()] = Outcome::from_json(row->at("outcome"));
    }
    out_.open(file, std::ios::app);
    if (!out_) throw base::Error("cannot be written", file.string());
  }

  const Outcome* find(const std::string& key) const {
    const auto found = known_.find(key);
    return found == known_.end() ? nullptr : &found->second;
  }

  void add(const std::string& key, const std::string& genome, const Outcome& outcome) {
    out_ << Json{{"key", key}, {"genome", genome}, {"outcome", outcome.to_json()}}.dump(-1, ' ', false,
                                                                                        Json::error_handler_t::replace)
         << std::endl;
    if (!out_) throw base::Error("cannot be written; is the disk full?", file_.string());
    known_[key] = outcome;
  }

 private:
  base::fs::path file_;
  std::map<std::string, Outcome> known_;
  std::ofstream out_;
};

struct Candidate {
  std::string id, text;
  block::Counts counts;
};

std::vector<Candidate> draw(const Experiment& experiment, const space::Input& input, int count) {
  std::vector<Candidate> list;
  space::Counter counter(experiment.space, input);
  base::Random random(experiment.seed(), "ranking");
  for (int attempt = 0; attempt < kDraws && static_cast<int>(list.size()) < count; ++attempt) {
    const space::Genome genome = space::sample(experiment.space, random);
    const auto counts = counter.count(genome);
    const std::string id = space::id(experiment.space, genome);
    const bool known = std::any_of(list.begin(), list.end(), [&](const Candidate& one) { return one.id == id; });
    if (counts && !known) list.push_back({id, space::to_text(experiment.space, genome), *counts});
  }
  return list;
}

// All evaluations of one kind: what is not known yet is run.
class Kind {
 public:
  Kind(const Experiment& experiment, const base::fs::path& folder, Json evaluate, int seeds)
      : experiment_(experiment), setup_(setup_of(experiment, folder)), seeds_(seeds) {
    setup_.evaluate = std::move(evaluate);
  }

  std::string key(const Candidate& candidate, int seed) const {
    Json identity = setup_.evaluate;
    if (identity.contains("supernet")) identity["supernet"].erase("checkpoint");
    return setup_.name() + "-" +
           base::short_hash(base::canonical_text(
               {{"evaluate", identity}, {"task", setup_.task}, {"genome", candidate.id}, {"seed", seed}}));
  }

  // False where it was stopped.
  bool run(const std::vector<Candidate>& candidates, Kept& kept, const std::function<void()>& tell,
           const std::stop_token& stop) {
    std::vector<evaluate::Evaluation> missing;
    for (const Candidate& candidate : candidates) {
      for (int seed = 0; seed < seeds_; ++seed) {
        const std::string own = key(candidate, seed);
        if (kept.find(own) == nullptr)
          missing.push_back({.key = own,
                             .genome = candidate.text,
                             .fidelity = {},
                             .seed = base::mix64(experiment_.seed(), static_cast<std::uint64_t>(seed)),
                             .keep = {}});
      }
    }
    if (missing.empty()) return true;
    const auto engine = evaluate::make_local_engine(
        setup_, evaluate::make_plan(experiment_.plan(), evaluate::traits_of(setup_.evaluate), false));
    std::mutex mutex;
    std::condition_variable_any wake;
    std::size_t done = 0;
    for (const evaluate::Evaluation& evaluation : missing) {
      engine->submit(evaluation, [&, own = evaluation.key, genome = evaluation.genome](const Outcome& outcome) {
        const std::lock_guard lock(mutex);
        if (!outcome.transient) kept.add(own, genome, outcome);
        ++done;
        tell();
        wake.notify_all();
      });
    }
    std::unique_lock lock(mutex);
    const bool all = wake.wait(lock, stop, [&] { return done == missing.size(); });
    lock.unlock();
    engine->stop();
    return all;
  }

  // A metric of a candidate's evaluation; nothing where it failed or has none.
  std::optional<double> value(const Candidate& candidate, int seed, const Kept& kept, const std::string& metric) const {
    const Outcome* outcome = kept.find(key(candidate, seed));
    return outcome == nullptr ? std::nullopt : evolve::Objective::value(*outcome, metric);
  }

  std::string name() const { return setup_.name(); }
  int seeds() const { return seeds_; }

 private:
  const Experiment& experiment_;
  evaluate::Setup setup_;
  int seeds_;
};

// The columns of a study: what each is called, where it comes from, and which way is up.
struct Column {
  std::string name, metric;
  const Kind* kind = nullptr;
  bool minimize = true;
};

// Columns that every genome which was trained has a score for: a proxy may mean nothing for some of them.
std::vector<Column> complete(const std::vector<Column>& columns, const std::vector<Candidate>& candidates,
                             const Kept& kept, const Kind& truth, const std::string& metric) {
  std::vector<Column> list;
  for (const Column& column : columns) {
    const bool all = std::all_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
      return !truth.value(candidate, 0, kept, metric) || column.kind->value(candidate, 0, kept, column.metric);
    });
    if (all) list.push_back(column);
  }
  return list;
}

// Genomes of which everything was measured.
RankStudy put_together(const Experiment& experiment, const std::vector<Candidate>& candidates, const Kind& truth,
                       const std::vector<Column>& columns, const Kept& kept) {
  const auto goal = evolve::Objective::from_json(experiment.checked.at("objective")).first();
  RankStudy study{.name = experiment.name, .metric = goal.metric, .minimize = goal.minimize};
  for (const Column& column : columns)
    study.predictors.push_back({.name = column.name, .minimize = column.minimize, .scores = {}});
  for (const Candidate& candidate : candidates) {
    std::vector<double> trained, scores;
    for (int seed = 0; seed < truth.seeds(); ++seed) {
      if (const auto value = truth.value(candidate, seed, kept, goal.metric)) trained.push_back(*value);
    }
    for (const Column& column : columns) {
      if (const auto value = column.kind->value(candidate, 0, kept, column.metric)) scores.push_back(*value);
    }
    if (trained.empty() || scores.size() != columns.size()) continue;
    study.genomes.push_back({.id = candidate.id,
                             .text = candidate.text,
                             .params = candidate.counts.params,
                             .flops = 2 * candidate.counts.macs});
    study.truth.push_back(std::move(trained));
    for (std::size_t i = 0; i < scores.size(); ++i) study.predictors[i].scores.push_back(scores[i]);
  }
  return study;
}

}  // namespace

std::optional<RankStudy> measure_ranks(const Experiment& experiment, const base::fs::path& folder,
                                       const RankOptions& options, const RankProgress& tell,
                                       const std::stop_token& stop) {
  const auto stage = own_supernet(experiment);
  if (!stage) throw base::Error("the run's evaluator has no supernet of its own", folder.string());
  if (!base::fs::exists(supernet_file(folder)))
    throw base::Error("its supernet is not trained yet; run weft supernet train first", folder.string());
  if (!stage->options().contains("winner_retrain"))
    throw base::Error(
        "the experiment does not say how a genome is trained alone; give evaluate.supernet.winner_retrain",
        experiment.file);
  Json supernet = stage->options();
  supernet["checkpoint"] = supernet_file(folder).string();
  Kind inherited(experiment, folder, {{"supernet", supernet}}, 1);
  Kind proxies(experiment, folder, {{"proxy", {{"scores", options.proxies}, {"batch", 16}, {"batches", 2}}}}, 1);
  Kind truth(experiment, folder, {{"train", stage->options().at("winner_retrain")}}, options.seeds);
  std::vector<Kind*> kinds{&inherited, &truth};
  if (!options.proxies.empty()) kinds.insert(kinds.begin() + 1, &proxies);

  base::fs::create_directories(folder / "rank");
  Kept kept(folder / "rank" / "outcomes.jsonl");
  const auto candidates = draw(experiment, evaluate::task_input(setup_of(experiment, folder)), options.genomes);
  std::int64_t done = 0, all = 0;
  for (const Kind* kind : kinds) {
    for (const Candidate& candidate : candidates) {
      for (int seed = 0; seed < kind->seeds(); ++seed, ++all) done += kept.find(kind->key(candidate, seed)) ? 1 : 0;
    }
  }
  for (Kind* kind : kinds) {
    tell(done, all, kind->name());
    if (!kind->run(
            candidates, kept, [&] { tell(++done, all, kind->name()); }, stop))
      return std::nullopt;
  }
  const auto goal = evolve::Objective::from_json(experiment.checked.at("objective")).first();
  std::vector<Column> columns{{"inherited", goal.metric, &inherited, goal.minimize}};
  for (const std::string& name : options.proxies) columns.push_back({name, name, &proxies, false});
  columns = complete(columns, candidates, kept, truth, goal.metric);
  RankStudy study = put_together(experiment, candidates, truth, columns, kept);
  if (study.genomes.size() < 2)
    throw base::Error("fewer than two genomes could be measured; the file's last lines say why",
                      (folder / "rank" / "outcomes.jsonl").string());
  return study;
}

}  // namespace weft::search
