// Cascades: stages in order, thresholds, and what the whole follows from.
#include <gtest/gtest.h>

#include "tests/evaluate/fixture.hpp"
#include "tests/support/errors.hpp"

namespace weft::evaluate {
namespace {

using journal::Outcome;

class Cascade : public Workers {
 protected:
  // A cascade of shell scripts: of each stage what it prints and its thresholds.
  evaluate::Setup cascade(const std::vector<std::pair<std::string, std::string>>& stages) const {
    std::string text;
    for (const auto& [script, keep] : stages) {
      const std::string name = "stage" + std::to_string(text.size()) + ".sh";
      text += (text.empty() ? "" : ", ") + std::string("{command: {run: [sh, ") + folder_.write(name, script) + ", " +
              folder_.path().string() + "], time_limit: 5}, keep: " + keep + "}";
    }
    return setup_of("gpt_nano", "{}", "{cascade: [" + text + "]}");
  }
  static Outcome outcome(const evaluate::Setup& setup, bool test = false) {
    return make_evaluator(setup)->evaluate(evaluation_of(setup, 0, test));
  }
};

TEST_F(Cascade, GivesTheMetricsOfAllStagesAndOfEqualNamesTheLast) {
  const Outcome made =
      outcome(cascade({{"echo '{\"a\": 1, \"b\": 2, \"wait_s\": 3, \"step\": 1}'; echo '{\"a\": 1, \"b\": 2}'", "{}"},
                       {"echo '{\"b\": 5, \"c\": 6, \"wait_s\": 7}'", "{}"}}));
  ASSERT_TRUE(made.ok()) << made.detail;
  EXPECT_EQ(made.metrics, (std::map<std::string, double>{{"a", 1}, {"b", 5}, {"c", 6}}));
  EXPECT_EQ(made.measured.at("wait_s"), 7);
  EXPECT_EQ(made.curve.size(), 1U);
}

TEST_F(Cascade, StopsAtTheFirstStageWhoseThresholdIsNotKept) {
  const Outcome made = outcome(cascade({{"echo '{\"a\": 3}'", "{a: 4}"},
                                        {"echo '{\"loss\": 2.5}'", "{loss: 2}"},
                                        {"touch $1/reached; echo '{\"c\": 1}'", "{}"}}));
  EXPECT_EQ(made.failure, "threshold");
  EXPECT_EQ(made.detail, "command: loss is 2.5, more than 2");
  EXPECT_EQ(made.metrics, (std::map<std::string, double>{{"a", 3}, {"loss", 2.5}}));
  EXPECT_FALSE(made.transient);
  EXPECT_FALSE(base::fs::exists(folder_.path() / "reached"));
}

TEST_F(Cascade, TakesANumberAsTheMostAndOfAnAccuracyAsTheLeast) {
  const auto kept = [&](const std::string& printed, const std::string& keep) {
    return outcome(cascade({{"echo '" + printed + "'", keep}})).ok();
  };
  EXPECT_TRUE(kept(R"({"loss": 2})", "{loss: 2}"));
  EXPECT_FALSE(kept(R"({"loss": 2.01})", "{loss: 2}"));
  EXPECT_TRUE(kept(R"({"val_accuracy": 0.9})", "{val_accuracy: 0.9}"));
  EXPECT_FALSE(kept(R"({"val_accuracy": 0.89})", "{val_accuracy: 0.9}"));
  EXPECT_TRUE(kept(R"({"params": 1500000})", "{params: 1.5M}"));
  EXPECT_FALSE(kept(R"({"params": 1500001})", "{params: 1.5M}"));
  EXPECT_TRUE(kept(R"({"x": 5})", "{x: {at_least: 5, at_most: 6}}"));
  EXPECT_FALSE(kept(R"({"x": 4})", "{x: {at_least: 5}}"));
  EXPECT_FALSE(kept(R"({"x": 7})", "{x: {at_most: 6}}"));
}

TEST_F(Cascade, KeepsNoThresholdWithoutItsMetric) {
  const Outcome made = outcome(cascade({{"echo '{\"a\": 1}'", "{b: 1}"}}));
  EXPECT_EQ(made.failure, "threshold");
  EXPECT_EQ(made.detail, "command: there is no b to compare with its threshold");
}

TEST_F(Cascade, FailsAsItsStageDoesAndKeepsWhatWasKnown) {
  const Outcome made = outcome(cascade({{"echo '{\"a\": 1}'", "{}"}, {"exit 3", "{}"}}));
  EXPECT_EQ(made.failure, "crashed");
  EXPECT_EQ(made.metrics, (std::map<std::string, double>{{"a", 1}}));
}

TEST_F(Cascade, TakesNoThresholdsWhereTheWinnerIsTested) {
  const evaluate::Setup setup = cascade({{"echo '{\"a\": 2}'", "{a: 1}"}, {"echo '{\"b\": 1, \"test_a\": 5}'", "{}"}});
  EXPECT_FALSE(outcome(setup).ok());
  const Outcome tested = outcome(setup, true);
  ASSERT_TRUE(tested.ok());
  EXPECT_EQ(tested.test.at("test_a"), 5);
}

TEST_F(Cascade, RunsInWorkersThatAreNotLostAtAThreshold) {
  const evaluate::Setup setup = cascade({{"echo $PPID >> $1/workers; echo '{\"a\": 2}'", "{a: 1}"}});
  const auto engine = engine_of(setup);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(run(*engine, evaluation_of(setup, i)).failure, "threshold");
  const std::vector<std::string> lines = base::split_lines(file("workers"));
  ASSERT_GE(lines.size(), 2U);
  EXPECT_EQ(lines[0], lines[1]);
}

TEST(CascadeTraits, FollowFromItsStages) {
  const auto traits = [](const std::string& stages) {
    return traits_of(setup_of("gpt_nano", "{}", "{cascade: [" + stages + "]}").evaluate);
  };
  EXPECT_TRUE(traits("{count: {}}").instant);
  EXPECT_FALSE(traits("{count: {}}, {latency: {}}").instant);
  EXPECT_TRUE(traits("{count: {}}, {latency: {table: t.json}}").instant);
  EXPECT_TRUE(traits("{count: {}}, {latency: {}}").computes);
  EXPECT_FALSE(traits("{count: {}}, {latency: {}}").trains);
  EXPECT_FALSE(traits("{count: {}}, {latency: {}}").tests);
  EXPECT_TRUE(traits("{latency: {}}, {train: {steps: 1}}").trains);
  EXPECT_TRUE(traits("{latency: {}}, {train: {steps: 1}}").tests);
  EXPECT_TRUE(traits("{count: {}}, {command: {run: [x]}}").tests);
}

TEST(CascadeMetrics, AreThoseOfItsStagesAndUnknownWithAProgramOfTheUsers) {
  const auto names = [](const std::string& stages) {
    return metric_names(setup_of("gpt_nano", "{}", "{cascade: [" + stages + "]}").evaluate,
                        space::Task::language_model);
  };
  EXPECT_EQ(names("{count: {}}, {latency: {}}"),
            (std::vector<std::string>{"params", "trainable_params", "flops", "activations_bytes", "score", "latency_s",
                                      "latency_iqr_s"}));
  EXPECT_TRUE(names("{count: {}}, {command: {run: [x]}}").empty());
}

TEST(CascadeTimeLimit, IsTheSumOfItsStages) {
  const auto limit = [](const std::string& evaluate) {
    return time_limit(setup_of("gpt_nano", "{}", evaluate).evaluate);
  };
  EXPECT_EQ(limit("{train: {steps: 1}}"), 600);
  EXPECT_EQ(limit("count"), 0);
  EXPECT_EQ(limit("{cascade: [{count: {}}, {latency: {time_limit: 7}}, {train: {steps: 1, time_limit: 20}}]}"), 27);
}

TEST(CascadeAutos, AreResolvedInEachStage) {
  evaluate::Setup setup =
      setup_of("gpt_nano", "{context: 16}", "{cascade: [{count: {}}, {train: {steps: 1, batch: 2}}]}");
  EXPECT_EQ(setup.evaluate.at("cascade").at(1).at("train").at("precision"), "auto");
  const base::Json resolved = resolve_autos(setup);
  EXPECT_NE(resolved.at("cascade").at(1).at("train").at("precision"), "auto");
  EXPECT_EQ(resolved.at("cascade").at(0), setup.evaluate.at("cascade").at(0));
}

TEST(CascadeStages, SeeTheDataThatOneOfThemTrainsOn) {
  evaluate::Setup setup = setup_of("vit", "{data: fashion_mnist}", "{cascade: [{count: {}}, {train: {steps: 1}}]}");
  EXPECT_EQ(task_input(setup).classes, 10);
  evaluate::Setup stage = setup;
  stage.evaluate = {{"count", base::Json::object()}};
  EXPECT_EQ(task_input(stage).classes, 1000);
  stage.whole = setup.evaluate;
  EXPECT_EQ(task_input(stage).classes, 10);
}

TEST(CascadeStages, AreNoCascades) {
  evaluate::Setup setup = setup_of("gpt_nano", "{}", "{cascade: [{count: {}}]}");
  setup.evaluate["cascade"][0] = {{"cascade", base::Json::array()}};
  EXPECT_EQ(test::error_of([&] { make_evaluator(setup); }), "a cascade has no cascades as its stages");
}

}  // namespace
}  // namespace weft::evaluate
