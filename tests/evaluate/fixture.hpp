// What tests of evaluators and engines share: setups, and outcomes waited for.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/schema.hpp"
#include "base/text.hpp"
#include "evaluate/engine.hpp"
#include "evaluate/engines/local.hpp"
#include "space/decode.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/trials.hpp"

namespace weft::evaluate {

/// A setup as an experiment makes it.
inline Setup setup_of(const std::string& space, const std::string& task, const std::string& evaluate) {
  const base::Json checked = base::check(
      base::load_schema("experiment"), base::parse_yaml("{space: s, task: " + task + ", evaluate: " + evaluate +
                                                            ", objective: {minimize: loss}, search: {method: random}}",
                                                        "test.yaml"));
  return {
      .space = space::Space::load(space).snapshot(), .task = checked.at("task"), .evaluate = checked.at("evaluate")};
}

/// Evaluations of genomes that fit, the same for the same number.
inline Evaluation evaluation_of(const Setup& setup, int number, bool test = false) {
  const space::Space space = space::Space::from_snapshot(setup.space);
  base::Random random(5, "genome", static_cast<std::uint64_t>(number));
  space::Genome genome = space::sample(space, random);
  while (!space::decode(space, genome, space.input)) genome = space::sample(space, random);
  return {.key = "k" + std::to_string(number) + (test ? "t" : ""),
          .genome = space::to_text(space, genome),
          .fidelity = {.budget = 1, .test = test},
          .seed = 7};
}

inline std::unique_ptr<Engine> engine_of(const Setup& setup, int workers = 1, double memory = 0) {
  return make_local_engine(setup, {.workers = workers, .threads = 1, .memory_limit = memory});
}

/// Outcomes by number, waited for.
class Outcomes {
 public:
  Engine::Done slot(int number) {
    return [this, number](journal::Outcome outcome) {
      const std::lock_guard lock(mutex_);
      outcomes_[number] = std::move(outcome);
      changed_.notify_all();
    };
  }
  journal::Outcome await(int number) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(60), [&] { return outcomes_.contains(number); }));
    return outcomes_[number];
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return outcomes_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, journal::Outcome> outcomes_;
};

inline journal::Outcome run(Engine& engine, const Evaluation& evaluation) {
  Outcomes outcomes;
  engine.submit(evaluation, outcomes.slot(0));
  return outcomes.await(0);
}

/// Workers whose evaluator is a shell script.
class Workers : public ::testing::Test {
 protected:
  // A setup whose program is this shell script; $1 is the test's folder.
  evaluate::Setup program(const std::string& script, double time_limit = 20) const {
    return setup_of("gpt_nano", "{}",
                    "{command: {run: [sh, " + folder_.write("program.sh", script) + ", " + folder_.path().string() +
                        "], time_limit: " + base::number_text(time_limit) + "}}");
  }
  journal::Outcome outcome(const std::string& script, double time_limit = 20, double memory = 0) {
    const evaluate::Setup setup = program(script, time_limit);
    journal::Outcome made;
    {
      const auto engine = engine_of(setup, 1, memory);
      made = run(*engine, evaluation_of(setup, 0));
      engine->stop();
    }
    started_.expect_none_left();
    return made;
  }
  std::string file(const std::string& name) const {
    const auto path = folder_.path() / name;
    return base::fs::exists(path) ? base::read_file(path) : "";
  }
  void await_file(const std::string& name) const {
    for (int i = 0; i < 2000 && file(name).empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ASSERT_FALSE(file(name).empty());
  }

  test::Folder folder_;
  test::Started started_;
};

}  // namespace weft::evaluate
