// The window and the loop, with a method and an engine that write down what happens.
#include "search/window.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "evolve/complete.hpp"
#include "search/search.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/trials.hpp"

namespace weft::search {
namespace {

using evolve::Draft;
using journal::Outcome;
using journal::Trial;
using journal::TrialId;

// Keeps evaluations until the test, or its thread, finishes them.
class HeldEngine : public evaluate::Engine {
 public:
  void submit(const evaluate::Evaluation& evaluation, Done done) override {
    const std::lock_guard lock(mutex_);
    ++submitted_[evaluation.key];
    held_.push_back({evaluation.key, std::move(done)});
    changed_.notify_all();
  }
  int workers() const override { return 1; }
  void stop() override {}

  // Finishes the evaluation that was submitted `index`-th of those held.
  void finish(std::size_t index, const Outcome& outcome = test::outcome_of({{"loss", 1}})) {
    Held held;
    {
      const std::lock_guard lock(mutex_);
      held = std::move(held_.at(index));
      held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(index));
    }
    held.done(outcome);
  }
  // Finishes the youngest whenever there is any, until it is told to stop.
  void finish_youngest(const std::stop_token& stop) {
    while (true) {
      {
        std::unique_lock lock(mutex_);
        if (!changed_.wait(lock, stop, [this] { return !held_.empty(); })) return;
      }
      std::this_thread::yield();
      std::size_t last = 0;
      {
        const std::lock_guard lock(mutex_);
        last = held_.size() - 1;
      }
      finish(last);
    }
  }
  std::size_t held() const {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  int times(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = submitted_.find(key);
    return found == submitted_.end() ? 0 : found->second;
  }

 private:
  struct Held {
    std::string key;
    Done done;
  };
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Held> held_;
  std::map<std::string, int> submitted_;
};

class WindowTest : public ::testing::Test {
 protected:
  explicit WindowTest(int size = 3) {
    experiment_ =
        Experiment::load(folder_.write("t.yaml",
                                       "space: gpt_nano\nevaluate: {command: {run: [x]}}\nobjective: {minimize: loss}\n"
                                       "search: {method: random, trials: 100, window: " +
                                           std::to_string(size) + "}\n"),
                         {});
    evolve::Completer::Options options;
    options.space = &experiment_.space;
    options.journal = journal_.get();
    options.check = [this](const space::Genome& genome) {
      return space::id(experiment_.space, genome) == invalid_ ? "as the test has it" : "";
    };
    completer_.emplace(std::move(options));
    window_.emplace(Window::Parts{&experiment_, &*completer_, &engine_, journal_.get()});
  }
  Draft genome(std::uint64_t number) const {
    base::Random random(number);
    return Draft::of(space::sample(experiment_.space, random), "sample");
  }
  std::string id(std::uint64_t number) const { return space::id(experiment_.space, genome(number).genome); }
  std::string key(std::uint64_t number) const { return evaluation_key(experiment_, id(number), {}); }
  Window::Finished oldest() { return *window_->await_oldest({}); }

  test::Folder folder_;
  Experiment experiment_;
  std::string invalid_;
  std::unique_ptr<journal::Journal> journal_ = journal::Journal::in_memory({});
  HeldEngine engine_;
  std::optional<evolve::Completer> completer_;
  std::optional<Window> window_;
};

TEST_F(WindowTest, HasRoomForSoManyTrials) {
  EXPECT_TRUE(window_->empty());
  for (TrialId id = 0; id < 3; ++id) {
    EXPECT_TRUE(window_->has_room());
    window_->start(id, genome(static_cast<std::uint64_t>(id)));
  }
  EXPECT_FALSE(window_->has_room());
  EXPECT_EQ(window_->under_way(), 3U);
  engine_.finish(0);
  EXPECT_FALSE(window_->has_room()) << "finished is not learned";
  oldest();
  EXPECT_TRUE(window_->has_room());
}

TEST_F(WindowTest, GivesTrialsInTheOrderOfAsking) {
  for (TrialId id = 0; id < 3; ++id) window_->start(id, genome(static_cast<std::uint64_t>(id)));
  engine_.finish(2, test::outcome_of({{"loss", 2}}));
  engine_.finish(1, test::outcome_of({{"loss", 1}}));
  engine_.finish(0, test::outcome_of({{"loss", 0}}));
  for (TrialId id = 0; id < 3; ++id) {
    const auto finished = oldest();
    EXPECT_EQ(finished.trial.id, id);
    EXPECT_EQ(finished.trial.outcome->metrics.at("loss"), static_cast<double>(id));
    EXPECT_EQ(finished.key, key(static_cast<std::uint64_t>(id)));
  }
}

TEST_F(WindowTest, HasOneEvaluationAKeyInFlight) {
  for (TrialId id = 0; id < 3; ++id) window_->start(id, genome(5));
  EXPECT_EQ(engine_.times(key(5)), 1);
  engine_.finish(0, test::outcome_of({{"loss", 7}}));
  for (TrialId id = 0; id < 3; ++id) EXPECT_EQ(oldest().trial.outcome->metrics.at("loss"), 7);
  EXPECT_EQ(engine_.times(key(5)), 1);
}

TEST_F(WindowTest, DoesNotEvaluateWhatTheJournalHas) {
  journal_->add_outcome(key(5), 9, test::outcome_of({{"loss", 4}}));
  window_->start(0, genome(5));
  EXPECT_EQ(engine_.held(), 0U);
  EXPECT_EQ(oldest().trial.outcome->metrics.at("loss"), 4);
}

TEST_F(WindowTest, JournalsAnOutcomeBeforeItIsLearned) {
  window_->start(0, genome(1));
  window_->start(1, genome(2));
  engine_.finish(1);
  EXPECT_TRUE(journal_->outcome(key(2), 1).has_value());
  EXPECT_FALSE(journal_->outcome(key(1), 0).has_value());
}

TEST_F(WindowTest, SharesNoBadLuck) {
  window_->start(0, genome(5));
  window_->start(1, genome(5));
  engine_.finish(0, Outcome::failed("time_limit", "slow", true));
  EXPECT_EQ(engine_.times(key(5)), 2) << "the second trial tries it again";
  engine_.finish(0);
  EXPECT_EQ(oldest().trial.outcome->failure, "time_limit");
  EXPECT_TRUE(oldest().trial.outcome->ok());
}

TEST_F(WindowTest, SharesALastingFailure) {
  window_->start(0, genome(5));
  window_->start(1, genome(5));
  engine_.finish(0, Outcome::failed("diverged", ""));
  EXPECT_EQ(oldest().trial.outcome->failure, "diverged");
  EXPECT_EQ(oldest().trial.outcome->failure, "diverged");
  EXPECT_EQ(engine_.times(key(5)), 1);
}

TEST_F(WindowTest, EvaluatesNoInvalidProposal) {
  invalid_ = id(5);
  window_->start(0, genome(5));
  const auto finished = oldest();
  EXPECT_EQ(finished.trial.proposal.invalid, "as the test has it");
  EXPECT_FALSE(finished.trial.outcome.has_value());
  EXPECT_EQ(finished.key, "");
  EXPECT_EQ(engine_.held(), 0U);
}

TEST_F(WindowTest, MeasuresTheTimeItWaitsForTheOldest) {
  window_->start(0, genome(1));
  window_->start(1, genome(2));
  engine_.finish(1);
  {
    const std::jthread later([this] {
      std::this_thread::sleep_for(std::chrono::milliseconds(60));
      engine_.finish(0);
    });
    oldest();
  }
  EXPECT_GE(window_->head_wait_seconds(), 0.04);
  const double before = window_->head_wait_seconds();
  oldest();
  EXPECT_LT(window_->head_wait_seconds() - before, 0.02) << "it was ready";
}

TEST_F(WindowTest, WaitsForNothingWhenItIsAbandoned) {
  window_->start(0, genome(1));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(window_->await_oldest(stop.get_token()).has_value());
}

// A method that asks for genomes of a list, and notes every ask and tell.
class Noting : public evolve::Proposer {
 public:
  explicit Noting(std::function<Draft(TrialId)> make) : make_(std::move(make)) {}
  Draft ask(TrialId id, base::Random&) override {
    notes.push_back("ask " + std::to_string(id));
    return make_(id);
  }
  void tell(const Trial& trial) override {
    notes.push_back("tell " + std::to_string(trial.id));
    told.push_back(trial);
  }
  std::vector<std::string> notes;
  std::vector<Trial> told;

 private:
  std::function<Draft(TrialId)> make_;
};

class LoopTest : public WindowTest, public ::testing::WithParamInterface<int> {
 protected:
  LoopTest() : WindowTest(GetParam()) {}
  std::string run(Noting& proposer, Budget budget, const StopSigns& stop = {}) {
    Limits limits(
        budget, [](const llm::Usage&) { return std::optional(0.0); }, *journal_);
    Progress progress(evolve::Objective{{{"loss", true}}});
    const std::jthread finishing([this](const std::stop_token& token) { engine_.finish_youngest(token); });
    return run_search(proposer, *window_, *journal_, limits, progress, 1, stop);
  }
};

TEST_P(LoopTest, AsksForATrialWhenAllBeforeItsWindowAreLearned) {
  Noting proposer([this](TrialId id) { return genome(static_cast<std::uint64_t>(id)); });
  EXPECT_EQ(run(proposer, {.trials = 20}), "trials");
  EXPECT_EQ(journal_->size(), 20);
  std::vector<std::string> wanted;
  const TrialId window = GetParam();
  for (TrialId id = 0; id < 20 + window; ++id) {
    if (id >= window) wanted.push_back("tell " + std::to_string(id - window));
    if (id < 20) wanted.push_back("ask " + std::to_string(id));
  }
  EXPECT_EQ(proposer.notes, wanted);
}

TEST_P(LoopTest, DecidesDuplicatesInTheOrderOfTrials) {
  Noting proposer([this](TrialId id) { return genome(static_cast<std::uint64_t>(id % 4)); });
  run(proposer, {.trials = 12});
  for (const Trial& trial : proposer.told) EXPECT_EQ(trial.duplicate_of, trial.id < 4 ? -1 : trial.id % 4);
  for (std::uint64_t number = 0; number < 4; ++number) EXPECT_EQ(engine_.times(key(number)), 1);
}

TEST_P(LoopTest, EndsWhenTheMethodHasNoMore) {
  Noting proposer([this](TrialId id) { return id < 5 ? genome(static_cast<std::uint64_t>(id)) : Draft::none(); });
  EXPECT_EQ(run(proposer, {}), "method");
  EXPECT_EQ(journal_->size(), 5);
  EXPECT_EQ(std::count(proposer.notes.begin(), proposer.notes.end(), "ask 5"), 1) << "exhausted is not asked again";
}

TEST_P(LoopTest, TellsAWaitingMethodWhatIsUnderWay) {
  TrialId told = 0;
  Noting proposer([&](TrialId id) {
    told = static_cast<TrialId>(proposer.told.size());
    return id % 2 == 1 && told < id ? Draft::waiting() : genome(static_cast<std::uint64_t>(id));
  });
  EXPECT_EQ(run(proposer, {.trials = 9}), "trials");
  EXPECT_EQ(journal_->size(), 9);
}

TEST_P(LoopTest, CallsAWaitWithNothingUnderWayABug) {
  Noting proposer([](TrialId) { return Draft::waiting(); });
  EXPECT_NE(test::error_of([&] { run(proposer, {.trials = 9}); }).find("internal error: the method waits"),
            std::string::npos);
}

TEST_P(LoopTest, EvaluatesExactlyAsManyAsAreAllowed) {
  Noting proposer([this](TrialId id) { return genome(static_cast<std::uint64_t>(id % 3 == 2 ? 0 : id)); });
  EXPECT_EQ(run(proposer, {.evaluations = 6}), "evaluations");
  EXPECT_EQ(std::count_if(proposer.told.begin(), proposer.told.end(), [](const Trial& t) { return t.fresh(); }), 6);
}

TEST_P(LoopTest, AsksNothingMoreWhenItIsGentlyStopped) {
  std::stop_source stop;
  Noting proposer([&](TrialId id) {
    if (id == 6) stop.request_stop();
    return genome(static_cast<std::uint64_t>(id));
  });
  EXPECT_EQ(run(proposer, {.trials = 50}, {.gently = stop.get_token(), .at_once = {}}), "stopped");
  EXPECT_EQ(journal_->size(), 7) << "what was asked for is finished";
}

TEST_P(LoopTest, TellsARunAgainFromItsJournal) {
  Noting first([this](TrialId id) { return genome(static_cast<std::uint64_t>(id)); });
  run(first, {.trials = 10});
  const std::string dump = journal_->dump(true);
  Noting again([this](TrialId id) { return genome(static_cast<std::uint64_t>(id)); });
  EXPECT_EQ(run(again, {.trials = 10}), "trials");
  EXPECT_EQ(again.notes, first.notes);
  EXPECT_EQ(journal_->dump(true), dump);
  for (std::uint64_t number = 0; number < 10; ++number) EXPECT_EQ(engine_.times(key(number)), 1);
}

TEST_P(LoopTest, RefusesAJournalThatTheMethodDoesNotRepeat) {
  Noting first([this](TrialId id) { return genome(static_cast<std::uint64_t>(id)); });
  run(first, {.trials = 10});
  Noting other([this](TrialId id) { return genome(static_cast<std::uint64_t>(id + 1)); });
  EXPECT_NE(test::error_of([&] { run(other, {.trials = 10}); }).find("trial 0 comes out differently"),
            std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(EveryWindow, LoopTest, ::testing::Values(1, 3, 8));

}  // namespace
}  // namespace weft::search
