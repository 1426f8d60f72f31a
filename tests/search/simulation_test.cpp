#include "search/simulation.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "bench/table_writer.hpp"
#include "search/reproduction.hpp"
#include "search/run_table.hpp"
#include "search/session.hpp"
#include "space/genome_text.hpp"
#include "space/listing.hpp"
#include "space/vary.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/spaces.hpp"

namespace weft::search {
namespace {

using test::Folder;

const std::string kGenes =
    "genes:\n  width: {range: [16, 96], step: 16}\n  ratio: {range: [1, 9]}\n  heads: {choice: [1, 2, 4, 8]}\n"
    "layers: {count: 2, block: gpt2.block, bind: {D: width, H: heads, R: ratio}}\n";

// Scores with an optimum inside the space, on every genome or on each third.
bench::Manifest write_table(const Folder& folder, const std::string& name, bool sample) {
  const space::Space space = space::Space::load(folder.write("t.yaml", test::space_yaml(kGenes)));
  bench::Manifest manifest;
  manifest.name = name;
  manifest.space = folder / "t.yaml";
  manifest.sample = sample;
  manifest.fidelity_unit = "epochs";
  manifest.metrics = {{.name = "val_loss", .unit = "nat", .description = {}},
                      {.name = "test_loss", .unit = "nat", .description = {}, .test = true},
                      {.name = "params", .unit = "count", .description = {}},
                      {.name = "train_s", .unit = "s", .description = {}, .cost = true}};
  manifest.about = {{"licence", "CC0"}, {"source", "a test"}};
  bench::TableWriter writer(manifest, space);
  int number = 0;
  space::enumerate(space, [&](const space::Genome& genome) {
    if (sample && number++ % 3 != 0) return true;
    const double a = genome.codes[0] - 3, b = genome.codes[1] - 6, c = genome.codes[2] - 2;
    for (const double epochs : {1.0, 3.0, 9.0}) {
      const double loss = 1 + a * a + b * b + c * c + 1 / epochs;
      EXPECT_EQ(writer.add(genome, {.task = "text",
                                    .fidelity = epochs,
                                    .seed = 0,
                                    .values = {loss, loss + 0.5, 100.0 * (genome.codes[0] + 1), 10 * epochs}}),
                "");
    }
    return true;
  });
  return writer.write(folder / name);
}

Experiment experiment_of(const Folder& folder, const std::string& method, int trials) {
  return Experiment::load(
      folder.write("e.yaml", "space: t.yaml\nevaluate: {table: {path: " + (folder / "table").string() +
                                 "}}\nobjective: {minimize: val_loss}\nseed: 7\nsearch: {method: {" + method +
                                 "}, trials: " + std::to_string(trials) + ", window: 1}\n"),
      {});
}

std::vector<journal::Trial> trials_of(const Folder& folder, const std::string& method, int trials) {
  Experiment experiment = experiment_of(folder, method, trials);
  const auto journal = start_run(experiment, folder / ("run-" + method.substr(0, method.find(':'))));
  Progress progress(evolve::Objective::from_json(experiment.checked.at("objective")));
  run_session(experiment, *journal, progress, {}, evaluate::make_local_engine);
  return journal->trials();
}

Repetition simulated(const Folder& folder, const std::string& method, std::vector<journal::TrialId> budgets) {
  const Experiment experiment = experiment_of(folder, method, 1);
  const auto evaluator = evaluate::make_evaluator(experiment.setup());
  const evolve::Method made{.name = experiment.method(),
                            .options = experiment.checked.at("search").at("method").begin().value(),
                            .space = &experiment.space,
                            .input = experiment.space.input,
                            .objective = evolve::Objective::from_json(experiment.checked.at("objective")),
                            .prompts = {}};
  return simulate(
      Simulation{.method = &made, .evaluator = evaluator.get(), .keep_costs = true, .budgets = std::move(budgets)}, 7);
}

TEST(Simulation, HasTheTrialsOfARunWithAWindowOfOne) {
  const Folder folder;
  write_table(folder, "table", false);
  for (const std::string method : {"random: {}", "regularized_evolution: {population: 6, sample: 2}",
                                   "local_search: {}", "tpe: {startup: 5}", "reinforce: {}", "nsga2: {population: 8}",
                                   "hyperband: {}", "bohb: {}", "asha: {}", "successive_halving: {initial: 9}"}) {
    const auto trials = trials_of(folder, method, 40);
    ASSERT_EQ(trials.size(), 40U) << method;
    const Repetition run = simulated(folder, method, {15, 40});
    ASSERT_EQ(run.costs.size(), 40U) << method;
    double seconds = 0;
    for (std::size_t i = 0; i < trials.size(); ++i) {
      ASSERT_EQ(trials[i].outcome->metrics.at("val_loss"), run.costs[i].at(0)) << method << " trial " << i;
      seconds += trials[i].outcome->metrics.at("simulated_s");
    }
    EXPECT_EQ(run.simulated_s, seconds);
    const auto* best = evolve::Objective{{{"val_loss", true}}}.best_trial(trials);
    EXPECT_EQ(run.best[1].trial, best->id) << method;
  }
}

TEST(RunTable, OfARunOnATableIsRefused) {
  const Folder folder;
  write_table(folder, "table", false);
  static_cast<void>(trials_of(folder, "random: {}", 5));
  EXPECT_TRUE(test::error_of([&] {
                table_of_run(folder / "run-random", folder / "made");
              }).find("its scores are those of ") != std::string::npos);
}

TEST(Simulation, OfSuccessiveHalvingSpendsSharesOfTheBudget) {
  const Folder folder;
  write_table(folder, "table", false);
  const auto trials = trials_of(folder, "successive_halving: {initial: 9}", 13);
  std::map<double, int> budgets;
  for (const journal::Trial& trial : trials) ++budgets[std::round(9 * trial.proposal.fidelity.budget)];
  EXPECT_EQ(budgets, (std::map<double, int>{{1, 9}, {3, 3}, {9, 1}}));
  // The last one is the best of the first nine, at the full budget.
  const auto best = std::min_element(trials.begin(), trials.begin() + 9, [](const auto& a, const auto& b) {
    return a.outcome->metrics.at("val_loss") < b.outcome->metrics.at("val_loss");
  });
  EXPECT_EQ(trials[12].proposal.id, best->proposal.id);
  EXPECT_EQ(trials[12].proposal.lineage.op, "promote");
}

TEST(Simulation, OnASampleStaysAmongItsRows) {
  const Folder folder;
  write_table(folder, "table", true);
  for (const std::string method :
       {"random: {}", "regularized_evolution: {population: 6, sample: 2}", "local_search: {}", "tpe: {startup: 5}",
        "reinforce: {}", "nsga2: {population: 8}"}) {
    for (const journal::Trial& trial : trials_of(folder, method, 40))
      EXPECT_TRUE(trial.outcome->ok()) << method << ": " << trial.outcome->detail;
  }
}

std::string recipe_text(const std::string& more) {
  return "name: t\ntable: table\nobjective: {minimize: val_loss}\nreport: test\ntest_metric: test_loss\nunit: nat\n"
         "repetitions: 20\nbudgets: [5, 60]\nmethods: {random: {random: {}}, evolution: {regularized_evolution: "
         "{population: 5}}}\n" +
         more;
}

TEST(Reproduction, SaysWhatAgreesWhatDiffersAndWhatCannotBeCompared) {
  const Folder folder;
  write_table(folder, "table", false);
  const Recipe first = Recipe::load(folder.write("first.yaml", recipe_text("")));
  const Reproduction plain = reproduce(first, folder / "table", 0, 1, [](std::size_t, std::size_t) {});
  ASSERT_EQ(plain.rows.size(), 4U);
  EXPECT_EQ(plain.trials, 2 * 20 * 60);
  const double mean = plain.rows[1].mean;
  EXPECT_GT(plain.rows[0].mean, mean) << "more evaluations find better ones";
  const std::string references =
      "references:\n  - {method: random, budget: 60, fidelity: 9, mean: " + base::number_text(mean) +
      ", deviation: 0.1, runs: 50, kind: measured}\n  - {method: random, budget: 60, fidelity: 9, mean: 100, "
      "deviation: 1, "
      "runs: 50, kind: published}\n  - {method: random, budget: 60, fidelity: 200, mean: 1, kind: quoted}\n"
      "  - {method: other, budget: 60, fidelity: 9, mean: 1, kind: published}\n";
  const Recipe second = Recipe::load(folder.write("second.yaml", recipe_text(references)));
  const Reproduction again = reproduce(second, folder / "table", 0, 1, [](std::size_t, std::size_t) {});
  EXPECT_EQ(again.rows[1].mean, mean);
  ASSERT_EQ(again.rows[1].comparisons.size(), 3U);
  EXPECT_EQ(again.rows[1].comparisons[0].verdict, Verdict::agrees);
  EXPECT_EQ(again.rows[1].comparisons[1].verdict, Verdict::differs);
  EXPECT_EQ(again.rows[1].comparisons[2].verdict, Verdict::not_comparable);
  EXPECT_EQ(again.rows[1].comparisons[2].why, "scores of 200 epochs");
  ASSERT_EQ(again.others.size(), 1U);
  EXPECT_EQ(again.others[0].why, "not run here");
}

TEST(Reproduction, OfAnotherTableIsRefused) {
  const Folder folder;
  write_table(folder, "other", false);
  const Recipe recipe = Recipe::load(folder.write("r.yaml", recipe_text("")));
  EXPECT_EQ(test::error_of([&] { reproduce(recipe, folder / "other", 0, 1, [](std::size_t, std::size_t) {}); }),
            (folder / "other").string() + ": is the table 'other'; t runs on table, which weft table import makes");
}

TEST(Reproduction, OfAFrontComesNearerToTheTablesOwn) {
  const Folder folder;
  write_table(folder, "table", false);
  const Recipe recipe = Recipe::load(folder.write(
      "r.yaml",
      "name: t\ntable: table\nobjective: {pareto: [val_loss, params]}\nreport: hypervolume\nunit: percent\n"
      "repetitions: 5\nbudgets: [10, 2000]\nmethods: {random: {random: {}}, NSGA-II: {nsga2: {population: 10}}}\n"));
  const Reproduction done = reproduce(recipe, folder / "table", 0, 1, [](std::size_t, std::size_t) {});
  for (const ReproducedRow& row : done.rows) {
    EXPECT_GT(row.mean, 30);
    EXPECT_LE(row.mean, 100 + 1e-9);
  }
  EXPECT_GT(done.rows[1].mean, done.rows[0].mean);
  EXPECT_NEAR(done.rows[1].mean, 100, 0.5) << "all of a space of 216 genomes";
}

}  // namespace
}  // namespace weft::search
