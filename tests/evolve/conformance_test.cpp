// What every method of the registry keeps to.
#include <gtest/gtest.h>

#include "space/distribution.hpp"
#include "tests/evolve/fixture.hpp"
#include "tests/support/errors.hpp"

namespace weft::evolve {
namespace {

struct Case {
  std::string method, options, space, name;
};

// Small sizes, and every way of a method to vary genomes.
std::vector<std::string> small(const std::string& method) {
  if (method == "regularized_evolution") {
    return {"{population: 5, sample: 2}", "{population: 5, sample: 2, mutation: primer, crossover: 0.5}",
            "{population: 5, sample: 2, mutation: op_nas}"};
  }
  if (method == "evolution") {
    return {
        "{population: 12, generations: 6, parents: 3, mutations: 5, crossovers: 4}",
        "{population: 9, generations: 9, parents: 4, mutations: 3, crossovers: 3, same_depth: false, refill: false}"};
  }
  if (method == "evoprompting") return {"{initial: 6, survivors: 3, prompts: 2, samples: 3}"};
  if (method == "tpe") return {"{startup: 5}"};
  if (method == "nsga2") return {"{population: 6}"};
  if (method == "grid") return {"{sample: 50}", "{sample: 15, seeds: 2, budgets: [0.5, 1]}"};
  if (method == "successive_halving") return {"{initial: 9}", "{initial: 5, eta: 2}"};
  if (method == "genius") return {"{conversations: 3, iterations: 9}"};
  return {"{}"};
}

class Conformance : public ::testing::TestWithParam<Case> {
 protected:
  Conformance() {
    if (GetParam().method == "mixture") made_.probabilities = space::Distribution(made_.space).to_json();
  }
  std::unique_ptr<Proposer> proposer() const { return made_.proposer(GetParam().method, GetParam().options); }

  // Every draft of a run, as texts.
  std::vector<std::string> drafts(std::size_t window, std::uint64_t seed, int bad = 0, TrialId trials = 40) const {
    const auto proposer = this->proposer();
    Script script(made_, bad);
    Loop loop(made_, *proposer, window, seed, std::ref(script));
    std::vector<std::string> list;
    for (const Step& step : loop.run(trials)) list.push_back(text_of(made_.space, step.draft));
    return list;
  }

  Made made_{GetParam().space};
};

TEST_P(Conformance, GivesTheSameDraftsForTheSameSeed) {
  for (const std::size_t window : {1U, 7U}) {
    const auto first = drafts(window, 1);
    EXPECT_GE(first.size(), 25U);
    EXPECT_EQ(drafts(window, 1), first);
    const bool same = GetParam().method == "grid";  // whose genomes are the same in every run
    EXPECT_EQ(drafts(window, 2) == first, same);
  }
}

TEST_P(Conformance, GivesOnlyGenomesThatTheSpaceAllows) {
  const auto proposer = this->proposer();
  Script script(made_);
  Loop loop(made_, *proposer, 3, 5, std::ref(script));
  for (const Step& step : loop.run(60)) {
    if (step.draft.kind != Draft::Kind::genome) continue;
    ASSERT_TRUE(space::allowed(made_.space, step.draft.genome));
    const auto again = space::from_text(made_.space, space::to_text(made_.space, step.draft.genome));
    ASSERT_TRUE(again.has_value()) << again.error();
    EXPECT_EQ(space::id(made_.space, *again), space::id(made_.space, step.draft.genome));
  }
}

TEST_P(Conformance, NamesEarlierTrialsAsParents) {
  const auto proposer = this->proposer();
  Script script(made_, 4);
  Loop loop(made_, *proposer, 7, 5, std::ref(script));
  for (const Step& step : loop.run(60)) {
    EXPECT_FALSE(step.draft.lineage.op.empty());
    for (const TrialId parent : step.draft.lineage.parents) {
      EXPECT_GE(parent, 0);
      EXPECT_LT(parent, step.trial.id);
    }
    EXPECT_EQ(step.draft.kind == Draft::Kind::call, step.draft.call != nullptr);
    if (step.draft.call == nullptr) continue;
    EXPECT_EQ(step.draft.lineage.call, step.draft.call->id);
    EXPECT_LE(step.draft.call->id, step.trial.id);
    EXPECT_LT(step.draft.lineage.index, step.draft.call->request.samples);
    EXPECT_FALSE(step.draft.call->request.messages.empty());
  }
}

TEST_P(Conformance, LearnsFromBadTrialsWithoutHarm) {
  for (const int bad : {2, 4}) {
    for (const std::size_t window : {1U, 7U}) {
      const auto first = drafts(window, 3, bad);
      EXPECT_GE(first.size(), 25U);
      EXPECT_EQ(drafts(window, 3, bad), first);
    }
  }
}

TEST_P(Conformance, GoesOnWhereEveryTrialFails) {
  for (const std::size_t window : {1U, 7U}) {
    const auto proposer = this->proposer();
    Loop loop(made_, *proposer, window, 3, [&](TrialId id, const Draft& draft) {
      if (draft.kind == Draft::Kind::call) return test::invalid_trial(id, "no");
      return test::trial_of(made_.space, id, draft.genome, journal::Outcome::failed("diverged", ""));
    });
    EXPECT_GE(loop.run(40).size(), 25U);
  }
}

TEST_P(Conformance, GoesOnWhereEveryTrialRepeatsTheFirst) {
  const auto proposer = this->proposer();
  base::Random random(1);
  const space::Genome only = space::sample(made_.space, random);
  Loop loop(made_, *proposer, 3, 3, [&](TrialId id, const Draft&) {
    Trial trial = test::trial_of(made_.space, id, only, test::outcome_of({{"loss", 1}, {"params", 1}}));
    trial.duplicate_of = id > 0 ? 0 : -1;
    return trial;
  });
  EXPECT_GE(loop.run(40).size(), 25U);
}

TEST_P(Conformance, StaysExhausted) {
  const auto proposer = this->proposer();
  Script script(made_);
  Loop loop(made_, *proposer, 4, 1, std::ref(script));
  loop.run(200);
  if (!loop.exhausted()) return;  // it always has another
  for (TrialId id = loop.next(); id < loop.next() + 5; ++id) {
    base::Random random(1, "trial", static_cast<std::uint64_t>(id));
    EXPECT_EQ(proposer->ask(id, random).kind, Draft::Kind::exhausted);
  }
}

std::vector<Case> cases() {
  std::vector<Case> list;
  for (const std::string& method : method_names()) {
    int variant = 0;
    for (const std::string& options : small(method)) {
      const std::string name = method + (variant++ > 0 ? std::to_string(variant) : "") + "_";
      for (const std::string space : {"gpt_nano", "gpt_nano_open", "vit_nano"}) {
        const bool probabilities = method == "mixture" || method == "reinforce" || method == "tpe" || method == "bohb";
        if (probabilities && space == "gpt_nano_open") continue;  // programs have none
        list.push_back({method, options, space, name + space});
      }
    }
  }
  return list;
}

INSTANTIATE_TEST_SUITE_P(EveryMethod, Conformance, ::testing::ValuesIn(cases()),
                         [](const auto& row) { return row.param.name; });

TEST(Methods, AreNamedWhereOneIsNotKnown) {
  EXPECT_NE(test::error_of([] { traits_of("evopromting"); }).find("did you mean 'evoprompting'?"), std::string::npos);
}

TEST(Methods, OfTheRegistryAreThoseOfTheSchema) {
  std::vector<std::string> known;
  const base::Json schema = base::load_schema("experiment");
  const base::Json& search = schema.at("properties").at("search").at("properties");
  for (const auto& [name, options] : search.at("method").at("properties").items()) known.push_back(name);
  EXPECT_EQ(method_names(), known);
}

}  // namespace
}  // namespace weft::evolve
