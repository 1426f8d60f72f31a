// The same experiment and the same replies give the same journal: run again, resumed at its end, with more workers, and
// whoever finishes first. Every method, with evaluators that train and that do not.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <ostream>
#include <set>
#include <thread>

#include "base/random.hpp"
#include "search/session.hpp"
#include "tests/support/folder.hpp"

namespace weft::search {
namespace {

using test::Folder;

// Holds finished evaluations back and hands them on in a random order.
class ShuffledEngine : public evaluate::Engine {
 public:
  ShuffledEngine(std::unique_ptr<evaluate::Engine> engine, std::uint64_t seed)
      : engine_(std::move(engine)), random_(seed) {}
  ShuffledEngine(const ShuffledEngine&) = delete;
  ShuffledEngine& operator=(const ShuffledEngine&) = delete;
  ~ShuffledEngine() override { ShuffledEngine::stop(); }

  void submit(const evaluate::Evaluation& evaluation, Done done) override {
    engine_->submit(evaluation, [this, done = std::move(done)](const journal::Outcome& outcome) {
      const std::lock_guard lock(mutex_);
      held_.emplace_back([done, outcome] { done(outcome); });
    });
  }
  int workers() const override { return engine_->workers(); }
  void stop() override {
    releasing_.request_stop();
    if (releasing_.joinable()) releasing_.join();
    engine_->stop();
  }

 private:
  void release(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1 + random_.below(10)));
      std::function<void()> next;
      {
        const std::lock_guard lock(mutex_);
        if (held_.empty()) continue;
        const std::size_t at = random_.below(held_.size());
        next = std::move(held_[at]);
        held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(at));
      }
      next();
    }
  }

  std::unique_ptr<evaluate::Engine> engine_;
  base::Random random_;
  std::mutex mutex_;
  std::vector<std::function<void()>> held_;
  std::jthread releasing_{[this](const std::stop_token& stop) { release(stop); }};
};

struct Case {
  std::string method, options, evaluator, evaluator_options;
  int trials;
  bool model = false;
  std::string space = "gpt_nano";
  friend void PrintTo(const Case& c, std::ostream* out) { *out << c.method << " by " << c.evaluator; }
};

class Determinism : public ::testing::TestWithParam<Case> {
 protected:
  // The journal's dump after a whole run.
  std::string run(const std::string& mode, int workers, const MakeEngine& make_engine) {
    const Case& c = GetParam();
    const std::string cassette = (folder_.path() / "replies.jsonl").string();
    const std::string file = folder_.write(
        "experiment.yaml", "space: " + c.space +
                               "\n"
                               "task: {data: wordnet_glosses, context: 32}\n"
                               "evaluate: {" +
                               c.evaluator + ": " + c.evaluator_options +
                               "}\n"
                               "objective: {minimize: " +
                               (c.evaluator == "count" ? "score" : "val_loss") +
                               "}\n"
                               "search: {method: {" +
                               c.method + ": " + c.options + "}, trials: " + std::to_string(c.trials) +
                               ", window: 5}\n"
                               "engine: {local: {workers: " +
                               std::to_string(workers) + ", threads: 1, model_threads: 1}}\n" +
                               (c.model ? "llm: {provider: cassette, cassette: " + cassette + ", mode: " + mode +
                                              ", record: {provider: llama, model: smollm2-135m}, max_tokens: 120}\n"
                                        : ""));
    Experiment experiment = Experiment::load(file, {});
    const auto journal = start_run(experiment, folder_.path() / ("run" + std::to_string(++runs_)));
    Progress progress(evolve::Objective::from_json(experiment.checked.at("objective")));
    EXPECT_NE(run_session(experiment, *journal, progress, {}, make_engine), "stopped");
    EXPECT_EQ(journal->size(), GetParam().trials);
    return journal->dump(false);
  }

 private:
  Folder folder_;
  int runs_ = 0;
};

TEST_P(Determinism, OfTheJournalWhoeverFinishesFirst) {
  const std::string first = run("record", 1, evaluate::make_local_engine);
  ASSERT_NE(first.find("\"outcome\""), std::string::npos);
  EXPECT_EQ(run("replay", 1, evaluate::make_local_engine), first);
  EXPECT_EQ(run("replay", 2, evaluate::make_local_engine), first);
  for (const std::uint64_t seed : GetParam().evaluator == "count" ? std::vector{1U, 2U, 3U} : std::vector{1U}) {
    const MakeEngine shuffled = [&](const evaluate::Setup& setup, const evaluate::Plan& plan) {
      return std::make_unique<ShuffledEngine>(evaluate::make_local_engine(setup, plan), seed);
    };
    EXPECT_EQ(run("replay", 2, shuffled), first);
  }
}

constexpr const char* kTiny = "{steps: 4, batch: 2, validation: 4, curve: 2, precision: fp32}";

constexpr const char* kMixture =
    "{train: {steps: 4, batch: 2, validation: 4, curve: 2, precision: fp32}, subnets: {mixture: drnas}}";
constexpr const char* kEvolution = "{population: 6, generations: 2, parents: 3, mutations: 2, crossovers: 2}";

std::vector<Case> cases() {
  return {{"random", "{}", "count", "{}", 14},
          {"random", "{}", "train", kTiny, 14},
          {"regularized_evolution", "{population: 4, sample: 2}", "count", "{}", 14},
          {"regularized_evolution", "{population: 4, sample: 2}", "train", kTiny, 14},
          {"evolution", kEvolution, "count", "{}", 12},
          {"evolution", kEvolution, "train", kTiny, 12},
          {"local_search", "{}", "count", "{}", 14},
          {"reinforce", "{}", "count", "{}", 14},
          {"tpe", "{startup: 4}", "count", "{}", 14},
          {"nsga2", "{population: 5}", "count", "{}", 14},
          {"successive_halving", "{initial: 9}", "train", kTiny, 20},
          {"hyperband", "{}", "train", kTiny, 20},
          {"bohb", "{}", "train", kTiny, 20},
          {"asha", "{}", "train", kTiny, 20},
          {"grid", "{sample: 5, seeds: 2, budgets: [0.5, 1]}", "train", kTiny, 20},
          {"mixture", "{}", "supernet", kMixture, 8, false, "gpt_nano_heads"},
          {"evoprompting", "{initial: 4, survivors: 3, prompts: 2, samples: 3}", "count", "{}", 14, true},
          {"evoprompting", "{initial: 4, survivors: 3, prompts: 2, samples: 3}", "train", kTiny, 14, true},
          {"genius", "{conversations: 3, iterations: 3}", "count", "{}", 8, true},
          {"genius", "{conversations: 3, iterations: 3, memory: chat}", "train", kTiny, 8, true}};
}

INSTANTIATE_TEST_SUITE_P(EveryMethod, Determinism, ::testing::ValuesIn(cases()),
                         [](const auto& row) { return row.param.method + "_" + row.param.evaluator; });

TEST(Determinism, IsTestedForEveryMethod) {
  std::set<std::string> tested;
  for (const Case& one : cases()) tested.insert(one.method);
  const std::vector<std::string> names = evolve::method_names();
  EXPECT_EQ(tested, std::set<std::string>(names.begin(), names.end()));
}

}  // namespace
}  // namespace weft::search
