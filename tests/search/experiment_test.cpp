#include "search/experiment.hpp"

#include <gtest/gtest.h>

#include <set>

#include "search/session.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"

namespace weft::search {
namespace {

using test::error_of;

class ExperimentFile : public ::testing::Test {
 protected:
  std::string file() const { return (folder_.path() / "mine.yaml").string(); }
  Experiment load(const std::string& text, const std::vector<std::string>& settings = {}) const {
    return Experiment::load(folder_.write("mine.yaml", text), settings);
  }
  std::string refusal(const std::string& text, const std::vector<std::string>& settings = {}) const {
    return error_of([&] { load(text, settings); });
  }
  test::Folder folder_;
};

constexpr const char* kCount =
    "space: gpt_nano\n"
    "evaluate: {count: {}}\n"
    "objective: {minimize: params}\n"
    "search: {method: random, trials: 5}\n";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST_F(ExperimentFile, IsReadWithItsDefaults) {
  const Experiment experiment = load(kCount);
  EXPECT_EQ(experiment.name, "mine");
  EXPECT_EQ(experiment.method(), "random");
  EXPECT_EQ(experiment.evaluator(), "count");
  EXPECT_EQ(experiment.seed(), 1U);
  EXPECT_EQ(experiment.space.name, "gpt_nano");
  EXPECT_EQ(experiment.budget().trials, 5);
  EXPECT_FALSE(experiment.budget().usd.has_value());
  EXPECT_FALSE(experiment.uses_model());
  EXPECT_FALSE(experiment.provider().has_value());
}

TEST_F(ExperimentFile, CountsSimulatedTimeWhereThereIsSome) {
  EXPECT_TRUE(refusal(std::string(kCount) + "budget: {simulated_hours: 1}\n")
                  .ends_with("nothing says what an evaluation would have taken: that needs a table with a metric of "
                             "cost: true"));
}

TEST_F(ExperimentFile, TrainsForExactlyOneBudget) {
  const std::string expected = file() + ":2:12: 'train' needs exactly one of steps, tokens and seconds as its budget";
  EXPECT_EQ(refusal(replaced(kCount, "{count: {}}", "{train: {}}")), expected);
  EXPECT_EQ(refusal(replaced(kCount, "{count: {}}", "{train: {steps: 1, tokens: 5}}")), expected);
  EXPECT_NO_THROW(load(replaced(kCount, "{count: {}}", "{train: {tokens: 200k}}")));
}

constexpr const char* kMixture =
    "space: gpt_nano_heads\n"
    "task: {data: wordnet_glosses}\n"
    "evaluate: {supernet: {train: {steps: 5}, subnets: {mixture: drnas}}}\n"
    "objective: {minimize: val_loss}\n"
    "search: {method: mixture, trials: 5}\n";

TEST_F(ExperimentFile, TakesAMixtureThatItsSupernetLearns) {
  const Experiment experiment = load(kMixture);
  const base::Json& subnets = experiment.checked.at("evaluate").at("supernet").at("subnets");
  EXPECT_EQ(subnets.at("mixture").at("drnas").at("warmup"), 0.1);
  EXPECT_NO_THROW(load(replaced(kMixture, "method: mixture", "method: random")));
  EXPECT_NO_THROW(load(replaced(kMixture, "subnets: {mixture: drnas}", "checkpoint: s.safetensors")));
}

TEST_F(ExperimentFile, NeedsASupernetThatLearnsAMixtureForTheMethodOfThatName) {
  const std::string expected =
      "the method mixture takes what a supernet learned; write evaluate: {supernet: {train: {steps: 1000}, subnets: "
      "{mixture: drnas}}}";
  EXPECT_EQ(refusal(replaced(kCount, "method: random", "method: mixture")), file() + ":4:10: " + expected);
  EXPECT_NE(refusal(replaced(kMixture, "mixture: drnas", "sampler: uniform")).find(expected), std::string::npos);
}

TEST_F(ExperimentFile, SaysNothingOfDrawnSubNetworksWhereAMixtureTrainsAllOfThem) {
  for (const char* option : {"distill: 0.5", "sort: true", "own: true", "depth: spread", "random: 3"}) {
    const std::string error = refusal(replaced(kMixture, "mixture: drnas", std::string("mixture: drnas, ") + option));
    EXPECT_NE(error.find("' is of drawn sub-networks; with 'mixture' none are"), std::string::npos) << error;
  }
  EXPECT_NE(refusal(replaced(kMixture, "mixture: drnas", "mixture: {darts: {}, drnas: {}}")), "");
}

TEST_F(ExperimentFile, NamesAModelForAMethodThatAsksOne) {
  EXPECT_EQ(refusal(replaced(kCount, "method: random", "method: genius")),
            file() + ":4:10: the method genius asks a language model; add llm: {provider: llama, model: smollm2-135m}");
}

TEST_F(ExperimentFile, SaysWhatEndsTheRun) {
  EXPECT_EQ(refusal(replaced(kCount, ", trials: 5", "")),
            file() + ":4:1: nothing ends this run; set search.trials, search.evaluations or budget.minutes");
  for (const char* end : {"minutes: 1", "usd: 0", "tokens: 5k", "calls: 3"})
    EXPECT_NO_THROW(load(replaced(kCount, ", trials: 5", "") + "budget: {" + end + "}\n")) << end;
  EXPECT_NO_THROW(load(replaced(kCount, "trials: 5", "evaluations: 5")));
}

TEST_F(ExperimentFile, NeedsNoEndWhereTheMethodHasOne) {
  EXPECT_NO_THROW(load(replaced(kCount, "method: random, trials: 5", "method: genius") +
                       "llm: {provider: llama, model: smollm2-135m}\n"));
}

TEST_F(ExperimentFile, HasStagesOfOneEvaluatorEach) {
  const auto with = [](const std::string& stages) {
    return replaced(kCount, "{count: {}}", "{cascade: [" + stages + "]}");
  };
  EXPECT_NO_THROW(load(with("{count: {}, keep: {params: 1M}}, {latency: {}, keep: {latency_s: 0.02}}")));
  const std::string expected = "a stage of a cascade names exactly one evaluator";
  for (const char* stage : {"{keep: {params: 1M}}", "{count: {}, latency: {}}"}) {
    const std::string error = refusal(with(stage));
    EXPECT_TRUE(error.starts_with(file() + ":2:22: " + expected)) << error;
  }
  EXPECT_NE(refusal(with("{cascade: [{count: {}}]}")).find("unknown key 'cascade'"), std::string::npos);
  EXPECT_EQ(refusal(with("{count: {}}, {train: {}}")),
            file() + ":2:36: 'train' needs exactly one of steps, tokens and seconds as its budget");
}

TEST_F(ExperimentFile, HasThresholdsOnWhatItsStagesGive) {
  const auto with = [](const std::string& stages) {
    return replaced(kCount, "{count: {}}", "{cascade: [" + stages + "]}");
  };
  const std::string error = refusal(with("{count: {}, keep: {latency_s: 1}}, {latency: {}}"));
  EXPECT_NE(error.find("no stage so far gives a metric 'latency_s'; they give params"), std::string::npos) << error;
  EXPECT_NO_THROW(load(with("{count: {}}, {latency: {}, keep: {params: 1M, latency_s: 1}}")));
}

TEST_F(ExperimentFile, IsOfTheStagesOfItsCascade) {
  const std::string text =
      replaced(replaced(kCount, "{count: {}}", "{cascade: [{count: {}}, {train: {steps: 1}}]}"), "params", "val_loss");
  const Experiment experiment = load(text);
  EXPECT_EQ(experiment.evaluator(), "cascade");
  EXPECT_TRUE(experiment.traits().trains);
  EXPECT_FALSE(experiment.traits().instant);
  EXPECT_TRUE(load(replaced(kCount, "{count: {}}", "{cascade: [{count: {}}]}")).traits().instant);
  EXPECT_NE(refusal(text, {"task.data=fashion_mnist"}).find("is not"), std::string::npos);
  EXPECT_NE(refusal(text, {"objective={minimize: latency_s}"}).find("the evaluator 'cascade' gives no metric"),
            std::string::npos);
}

TEST_F(ExperimentFile, HasGenerationsThatAreNotEmpty) {
  EXPECT_NO_THROW(load(replaced(kCount, "method: random, trials: 5", "method: evolution"))) << "it ends by itself";
  const std::string error =
      refusal(replaced(kCount, "method: random", "method: {evolution: {mutations: 0, crossovers: 0, refill: false}}"));
  EXPECT_NE(error.find("a generation has no trial"), std::string::npos) << error;
}

TEST_F(ExperimentFile, HasDataForItsSpace) {
  const std::string train = replaced(kCount, "{count: {}}", "{train: {steps: 1}}");
  EXPECT_EQ(refusal(train + "task: {data: fashion_mnist}\n"),
            file() +
                ":5:8: the space 'gpt_nano' is for language models, the data fashion_mnist is not; there are "
                "wordnet_glosses, text_file, token_shards");
  EXPECT_EQ(refusal(replaced(train, "gpt_nano", "vit_nano") + "task: {data: wordnet_glosses}\n"),
            file() +
                ":5:8: the space 'vit_nano' is for images, the data wordnet_glosses is not; there are "
                "fashion_mnist, image_folder");
  EXPECT_NO_THROW(load(replaced(train, "gpt_nano", "vit_nano") + "task: {data: fashion_mnist}\n"));
  EXPECT_NO_THROW(load(replaced(kCount, "gpt_nano", "vit_nano"))) << "nothing is read to count";
}

TEST_F(ExperimentFile, GivesItsDataOnlyKeysThatTheyRead) {
  const std::string train = replaced(kCount, "{count: {}}", "{train: {steps: 1}}");
  EXPECT_EQ(refusal(train + "task: {data: token_shards, path: x}\n"),
            file() + ":5:1: the data token_shards needs task.vocabulary, as 50257 for GPT-2's tokens");
  EXPECT_NO_THROW(load(train + "task: {data: token_shards, path: x, vocabulary: 50257}\n"));
  for (const char* key : {"vocabulary: 300", "image_size: 64", "augment: {flip: 0}"}) {
    const std::string name = std::string(key).substr(0, std::string(key).find(':'));
    EXPECT_EQ(refusal(train + "task: {data: text_file, " + key + "}\n"),
              file() + ":5:25: the data text_file has no use for task." + name);
  }
  EXPECT_NO_THROW(load(replaced(train, "gpt_nano", "vit_nano") +
                       "task: {data: image_folder, path: x, image_size: 64, augment: {mixup: 0.8}}\n"));
}

TEST_F(ExperimentFile, HasANameForAFolder) {
  for (const char* name : {"a/b", "\"..\"", "\"\"", ".hidden", "'a\\b'"})
    EXPECT_EQ(refusal(std::string(kCount) + "name: " + name + "\n"),
              file() + ":5:1: a name that can be a folder's was expected");
  EXPECT_EQ(load(std::string(kCount) + "name: other\n").name, "other");
}

TEST_F(ExperimentFile, NamesASpaceThatIsThere) {
  const std::string error = refusal(replaced(kCount, "gpt_nano", "gpt_nao"));
  EXPECT_TRUE(error.starts_with(file() + ":1:1: ")) << error;
  EXPECT_NE(error.find("gpt_nano"), std::string::npos) << error;
}

TEST_F(ExperimentFile, RefusesAPromptThatItsMethodHasNot) {
  EXPECT_NE(refusal(replaced(kCount, "method: random", "method: random, prompts: {genius: x}"))
                .find("has no prompt 'genius'"),
            std::string::npos);
}

TEST_F(ExperimentFile, MultipliesOnlyWhatMakesSenseWithTheSize) {
  const std::string product = replaced(kCount, "method: random", "method: {evoprompting: {fitness: product}}") +
                              "llm: {provider: llama, model: smollm2-135m}\n";
  EXPECT_NO_THROW(load(product));
  EXPECT_NO_THROW(load(product, {"space=vit_nano", "task.data=fashion_mnist", "evaluate={train: {steps: 1}}",
                                 "objective={maximize: val_accuracy}"}));
  for (const char* objective : {"maximize: score", "pareto: [score, params]"}) {
    const std::string error = refusal(replaced(product, "minimize: params", objective));
    EXPECT_TRUE(error.starts_with(file() + ":4:10: fitness: product")) << error;
  }
}

TEST_F(ExperimentFile, KnowsEveryKeyOrSaysWhichWasMeant) {
  EXPECT_NE(refusal(replaced(kCount, "trials", "trails")).find("did you mean 'trials'?"), std::string::npos);
  EXPECT_NE(refusal(replaced(kCount, "random", "randon")).find("did you mean 'random'?"), std::string::npos);
}

TEST_F(ExperimentFile, IsChangedBySettings) {
  const Experiment experiment =
      load(kCount, {"search.trials=9", "seed=4", "engine.local.workers=3", "objective={maximize: params}"});
  EXPECT_EQ(experiment.budget().trials, 9);
  EXPECT_EQ(experiment.seed(), 4U);
  EXPECT_EQ(experiment.plan().workers, 3);
  EXPECT_EQ(experiment.checked.at("objective").at("maximize"), "params");
}

TEST_F(ExperimentFile, PointsAtASettingThatIsWrong) {
  EXPECT_NE(refusal(kCount, {"search.trails=9"}).find("--set search.trails=9"), std::string::npos);
  EXPECT_NE(refusal(kCount, {"search.trials=many"}).find("--set search.trials=many"), std::string::npos);
  EXPECT_NE(refusal(kCount, {"search.trials"}).find("--set"), std::string::npos);
  const std::string error = refusal(kCount, {"search.method=genius"});
  EXPECT_TRUE(error.starts_with("--set search.method=genius: the method genius asks")) << error;
}

TEST_F(ExperimentFile, IsMadeAgainFromItsHeader) {
  Experiment experiment = load(kCount);
  experiment.resolve();
  const Experiment again = Experiment::from_header(base::Json::parse(experiment.header().dump()));
  EXPECT_EQ(again.header(), experiment.header());
  EXPECT_EQ(again.setup().to_json(), experiment.setup().to_json());
  EXPECT_EQ(evaluation_key(again, "g1-x", {}), evaluation_key(experiment, "g1-x", {}));
}

TEST_F(ExperimentFile, IsResolvedOnce) {
  Experiment experiment = load(kCount);
  experiment.resolve();
  EXPECT_EQ(experiment.checked.at("search").at("window"), 1);
  EXPECT_EQ(experiment.plan().workers, 1);
  Experiment program =
      load(replaced(kCount, "{count: {}}", "{command: {run: [x]}}") + "engine: {local: {workers: 3}}\n");
  program.resolve();
  EXPECT_EQ(program.checked.at("search").at("window"), 18);
  const base::Json before = program.checked;
  program.resolve();
  EXPECT_EQ(program.checked, before);
}

TEST_F(ExperimentFile, IdentifiesEvaluationsByAllThatTheyDependOn) {
  const Experiment experiment = load(kCount);
  std::set<std::string> keys{evaluation_key(experiment, "g1-a", {}),
                             evaluation_key(experiment, "g1-b", {}),
                             evaluation_key(experiment, "g1-a", {.budget = 0.5}),
                             evaluation_key(experiment, "g1-a", {.test = true}),
                             evaluation_key(load(kCount, {"seed=2"}), "g1-a", {}),
                             evaluation_key(load(kCount, {"task.context=64"}), "g1-a", {}),
                             evaluation_key(load(kCount, {"evaluate={train: {steps: 3}}"}), "g1-a", {})};
  EXPECT_EQ(keys.size(), 7U);
  EXPECT_TRUE(keys.contains(evaluation_key(load(kCount, {"search.trials=99"}), "g1-a", {}))) << "limits change none";
}

TEST_F(ExperimentFile, LetsAResumeChangeItsLimitsAndWorkersAlone) {
  Experiment experiment = load(kCount);
  const auto run = folder_.path() / "run";
  start_run(experiment, run);
  for (const char* setting :
       {"seed=2", "space=vit_nano", "search.window=3", "search.method=genius", "evaluate=count"}) {
    const std::string error = error_of([&] { reopen_run(run, {setting}, experiment); });
    EXPECT_TRUE(error.starts_with("--set " + std::string(setting) + ": a resume may change ")) << error;
  }
  reopen_run(run, {"search.trials=7", "budget.minutes=1", "engine.local.workers=2"}, experiment);
  EXPECT_EQ(experiment.budget().trials, 7);
  EXPECT_EQ(experiment.budget().minutes, 1);
  reopen_run(run, {}, experiment);
  EXPECT_EQ(experiment.budget().trials, 7) << "a change stays";
}

TEST(Experiments, ThatAreShippedLoad) {
  for (const std::string& name : base::list_data("experiments", ".yaml"))
    EXPECT_NO_THROW(Experiment::load(name, {})) << name;
}

}  // namespace
}  // namespace weft::search
