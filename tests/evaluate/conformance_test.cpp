// What every evaluator of the registry keeps to, in the engine that it runs in.
#include <gtest/gtest.h>

#include "bench/table_writer.hpp"
#include "tests/evaluate/fixture.hpp"
#include "tests/support/errors.hpp"
#include "train/supernet_run.hpp"

namespace weft::evaluate {
namespace {

constexpr const char* kProgram = R"(read line
echo "some words"
echo '{"step": 1, "loss": 2.5}'
echo "{\"loss\": ${#line}, \"test_loss\": 9, \"wait_s\": 0.5}"
)";

class Conformance : public ::testing::TestWithParam<std::string> {
 protected:
  evaluate::Setup setup() const {
    if (GetParam() == "train")
      return setup_of("gpt_nano", "{context: 16}",
                      "{train: {steps: 3, batch: 16, validation: 2, curve: 1, precision: fp32}}");
    if (GetParam() == "proxy") return setup_of("gpt_nano", "{context: 16}", "{proxy: {batch: 4}}");
    if (GetParam() == "count") return setup_of("gpt_nano", "{}", "count");
    if (GetParam() == "latency") return setup_of("gpt_nano", "{context: 16}", "{latency: {repeats: 3}}");
    if (GetParam() == "cascade")
      return setup_of(
          "gpt_nano", "{context: 16}",
          "{cascade: [{count: {}, keep: {params: 3M}}, {train: {steps: 2, batch: 4, validation: 2, curve: 1, "
          "precision: fp32}, keep: {val_loss: {at_most: 9, at_least: 0}}}]}");
    if (GetParam() == "supernet") return trained_supernet();
    if (GetParam() == "table") return small_table();
    if (GetParam() == "surrogate") return small_surrogate();
    EXPECT_EQ(GetParam(), "command") << "say here how to make the new evaluator";
    return setup_of("gpt_nano", "{}", "{command: {run: [sh, " + folder_.write("program.sh", kProgram) + "]}}");
  }
  // A table of the genomes that the tests ask for.
  evaluate::Setup small_table() const {
    const evaluate::Setup made = setup_of("gpt_nano", "{}", "{table: {path: " + folder_.path().string() + "}}");
    const space::Space space = space::Space::from_snapshot(made.space);
    bench::Manifest manifest;
    manifest.name = "small";
    manifest.space = "gpt_nano";
    manifest.sample = true;
    manifest.fidelity_unit = "steps";
    manifest.metrics = {{.name = "val_loss", .unit = "nat", .description = {}},
                        {.name = "test_loss", .unit = "nat", .description = {}, .test = true},
                        {.name = "train_s", .unit = "s", .description = {}, .cost = true}};
    manifest.about = {{"licence", "CC0"}, {"source", "a test"}};
    bench::TableWriter writer(manifest, space);
    for (int i = 0; i < 4; ++i) {
      const auto genome = space::from_text(space, evaluation_of(made, i).genome).value();
      EXPECT_EQ(writer.add(genome, {.task = "text", .fidelity = 10, .seed = 0, .values = {2.0 + i, 3.0 + i, 1}}), "");
    }
    writer.write(folder_.path());
    return made;
  }
  // Of a network that was never trained.
  evaluate::Setup small_surrogate() const {
    folder_.write("layers.json", R"({"layers": [{"weight": [[1, 2, 3, 4, 5, 6, 7, 8]], "bias": [0.5]}]})");
    folder_.write("surrogate.yaml",
                  "{space: gpt_nano, metric: val_loss, kind: mlp, weights: layers.json, features: [{gene: embed_dim, "
                  "values: [64, 96, 128]}, {gene: depth, values: [2, 3, 4, 5, 6]}]}");
    return setup_of("gpt_nano", "{}", "{surrogate: {path: " + folder_.path().string() + "}}");
  }
  // One step of a supernet, in a file.
  evaluate::Setup trained_supernet() const {
    evaluate::Setup made =
        setup_of("gpt_nano", "{context: 16}",
                 "{supernet: {train: {steps: 1, batch: 4, validation: 2, curve: 1, precision: fp32}}}");
    const space::Space space = space::Space::from_snapshot(made.space);
    const base::fs::path file = folder_ / "supernet.safetensors";
    train::train_supernet(
        {.space = &space, .task = made.task, .supernet = made.evaluate.at("supernet"), .seed = 1, .file = file},
        [](const train::SupernetStatus&) {}, {});
    made.evaluate["supernet"]["checkpoint"] = file.string();
    return made;
  }
  test::Folder folder_;
};

TEST_P(Conformance, GivesTheSameOutcomesWithAnyNumberOfWorkersAndAfterItsSetupWasWritten) {
  const evaluate::Setup setup = this->setup();
  std::vector<base::Json> first;
  const auto engine = engine_of(setup);
  for (int i = 0; i < 4; ++i) {
    const journal::Outcome outcome = run(*engine, evaluation_of(setup, i));
    ASSERT_TRUE(outcome.ok()) << outcome.failure << ": " << outcome.detail;
    EXPECT_FALSE(outcome.metrics.empty() && outcome.measured.empty());
    for (const auto& [name, value] : outcome.metrics) EXPECT_TRUE(std::isfinite(value)) << name;
    first.push_back({outcome.metrics, outcome.curve});
  }
  if (GetParam() != "latency") {  // which gives nothing but measures
    EXPECT_NE(first[0], first[1]);
  }
  const journal::Outcome again = run(*engine, evaluation_of(setup, 0));
  EXPECT_EQ(base::Json({again.metrics, again.curve}), first[0]);

  const evaluate::Setup written = evaluate::Setup::from_json(base::Json::parse(setup.to_json().dump()));
  EXPECT_EQ(written.to_json(), setup.to_json());
  const auto two = engine_of(written, 2);
  Outcomes outcomes;
  for (int i = 0; i < 4; ++i) two->submit(evaluation_of(setup, i), outcomes.slot(i));
  for (int i = 0; i < 4; ++i) {
    const journal::Outcome outcome = outcomes.await(i);
    EXPECT_EQ(base::Json({outcome.metrics, outcome.curve}), first[static_cast<std::size_t>(i)]);
  }
}

TEST_P(Conformance, TakesTestScoresOnlyWhenAskedFor) {
  const evaluate::Setup setup = this->setup();
  const auto engine = engine_of(setup);
  const journal::Outcome search = run(*engine, evaluation_of(setup, 0)),
                         last = run(*engine, evaluation_of(setup, 0, true));
  EXPECT_TRUE(search.test.empty());
  EXPECT_EQ(last.test.empty(), !traits_of(setup.evaluate).tests);
  for (const auto& [name, value] : last.metrics) EXPECT_FALSE(name.starts_with("test")) << name;
}

TEST_P(Conformance, RefusesAGenomeThatIsNoneWithoutThrowing) {
  const evaluate::Setup setup = this->setup();
  const auto engine = engine_of(setup);
  for (const char* genome : {"", "no genome", R"({"depth":99})", "[]"}) {
    const journal::Outcome outcome = run(*engine, {.key = "k", .genome = genome, .fidelity = {}, .seed = 1});
    if (GetParam() == "command") continue;  // what a program makes of it is its own affair
    EXPECT_EQ(outcome.failure, "refused") << genome;
    EXPECT_FALSE(outcome.detail.empty());
    EXPECT_FALSE(outcome.transient);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryEvaluator, Conformance, ::testing::ValuesIn(evaluator_names()),
                         [](const auto& row) { return row.param; });

TEST(Evaluators, AreNamedWhereOneIsNotKnown) {
  EXPECT_EQ(test::error_of([] { traits_of({{"tarin", nullptr}}); }), "no evaluator 'tarin'; did you mean 'train'?");
}

TEST(Evaluators, OfTheRegistryCanBeStagesOfACascade) {
  const base::Json schema = base::load_schema("experiment");
  std::vector<std::string> known;
  for (const auto& [name, options] : schema.at("$defs").at("stage").at("properties").items()) known.push_back(name);
  std::vector<std::string> expected = evaluator_names();
  expected.back() = "keep";  // in the place of the cascade
  EXPECT_EQ(known, expected);
}

TEST(Evaluators, OfTheRegistryAreThoseOfTheSchema) {
  const base::Json schema = base::load_schema("experiment");
  std::vector<std::string> known;
  for (const auto& [name, options] : schema.at("properties").at("evaluate").at("properties").items())
    known.push_back(name);
  EXPECT_EQ(evaluator_names(), known);
}

TEST(Evaluation, SurvivesItsJson) {
  const Evaluation evaluation{
      .key = "k", .genome = "{}", .fidelity = {.budget = 0.25, .test = true}, .seed = 0xFFFFFFFFFFFFFFFFULL};
  const Evaluation again = Evaluation::from_json(base::Json::parse(evaluation.to_json().dump()));
  EXPECT_EQ(again.seed, evaluation.seed);
  EXPECT_EQ(again.fidelity.budget, 0.25);
  EXPECT_TRUE(again.fidelity.test);
  EXPECT_EQ(again.to_json(), evaluation.to_json());
}

TEST(Count, IsTheArchitecturesOwnCount) {
  const evaluate::Setup setup = setup_of("gpt_nano", "{context: 64}", "count");
  const space::Space space = space::Space::from_snapshot(setup.space);
  const auto engine = engine_of(setup);
  for (int i = 0; i < 10; ++i) {
    const Evaluation evaluation = evaluation_of(setup, i);
    const auto genome = space::from_text(space, evaluation.genome);
    const auto architecture = space::decode(space, *genome, {.context = 64});
    const journal::Outcome outcome = run(*engine, evaluation);
    EXPECT_EQ(outcome.metrics.at("params"), static_cast<double>(architecture->counts.params));
    EXPECT_EQ(outcome.metrics.at("flops"), static_cast<double>(architecture->flops()));
    EXPECT_EQ(outcome.metrics.at("activations_bytes"), static_cast<double>(architecture->counts.activations));
    EXPECT_GT(outcome.metrics.at("score"), 0);
  }
}

TEST(InProcess, CallsNothingBackAfterItIsStopped) {
  const evaluate::Setup setup = setup_of("gpt_nano", "{}", "count");
  for (const int workers : {1, 3}) {
    const auto engine = engine_of(setup, workers);
    EXPECT_EQ(engine->workers(), workers);
    Outcomes outcomes;
    for (int i = 0; i < 50; ++i) engine->submit(evaluation_of(setup, i), outcomes.slot(i));
    engine->stop();
    const std::size_t then = outcomes.size();
    engine->submit(evaluation_of(setup, 99), outcomes.slot(99));
    engine->stop();
    EXPECT_EQ(outcomes.size(), then);
  }
}

TEST(Plan, SharesTheMachineOut) {
  const Plan chosen = make_plan({.workers = 0, .threads = 0, .model_threads = 0}, {}, false);
  EXPECT_GE(chosen.workers, 1);
  EXPECT_GE(chosen.threads, 1);
  EXPECT_EQ(chosen.model_threads, 0);
  EXPECT_GT(chosen.memory_limit, 1e6);
  EXPECT_EQ(make_plan({.workers = 0, .threads = 0}, {.instant = true}, false).workers, 1);
  EXPECT_GE(make_plan({.workers = 0, .threads = 0}, {.trains = true}, true).model_threads, 1);
  const Plan wanted = make_plan({.workers = 3, .threads = 2, .model_threads = 5, .memory_limit = 7}, {}, true);
  EXPECT_EQ(wanted.workers, 3);
  EXPECT_EQ(wanted.threads, 2);
  EXPECT_EQ(wanted.model_threads, 5);
  EXPECT_EQ(wanted.memory_limit, 7);
}

}  // namespace
}  // namespace weft::evaluate
