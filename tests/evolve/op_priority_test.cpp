// OP-NAS's operation priority (Gao et al. 2022).
#include "evolve/op_priority.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/evolve/fixture.hpp"
#include "tests/support/programs.hpp"

namespace weft::evolve {
namespace {

space::Genome genome_of(const std::string& statements) {
  return {{}, {space::make_text(test::program_of(statements))}};
}

const block::Op& op(const char* name) {
  return *block::find_op(name);
}

TEST(OpPriority, WantsEveryOpAlikeBeforeItKnowsAnything) {
  const OpPriority priority;
  EXPECT_EQ(priority.preference()(op("relu"), nullptr), 1);
}

TEST(OpPriority, IsTheUpperConfidenceBoundOfRatings) {
  OpPriority priority;
  priority.learn(genome_of("return relu(x)"), 2);
  priority.learn(genome_of("return relu(x)"), 4);
  priority.learn(genome_of("return tanh(x)"), 1);
  priority.learn(genome_of("return gelu(x)"), 5);
  const auto wanted = priority.preference();
  const double all = 2 * std::log(4.0);
  EXPECT_DOUBLE_EQ(wanted(op("relu"), nullptr), std::exp(0.5 + std::sqrt(all / 2)));
  EXPECT_DOUBLE_EQ(wanted(op("tanh"), nullptr), std::exp(1 + std::sqrt(all)));
  EXPECT_DOUBLE_EQ(wanted(op("gelu"), nullptr), std::exp(0 + std::sqrt(all)));
  EXPECT_DOUBLE_EQ(wanted(op("silu"), nullptr), std::exp(0.5 + std::sqrt(all))) << "never seen";
  EXPECT_EQ(wanted(op("tanh"), &op("relu")), 1) << "another position";
}

TEST(OpPriority, KnowsAPositionByWhatUsesTheValue) {
  OpPriority priority;
  priority.learn(genome_of("return linear(relu(x), D)"), 1);
  priority.learn(genome_of("return linear(tanh(x), D)"), 2);
  const auto wanted = priority.preference();
  EXPECT_GT(wanted(op("relu"), &op("linear")), wanted(op("tanh"), &op("linear")));
  EXPECT_EQ(wanted(op("relu"), &op("tanh")), 1);
}

// On a landscape that likes one op a search with priorities has it more often.
TEST(OpPriority, LeadsASearchToWhatDoesWell) {
  const auto share = [](const std::string& mutation) {
    const Made made("gpt_nano_open");
    const auto proposer =
        made.proposer("regularized_evolution", "{population: 20, sample: 1, mutation: " + mutation + "}");
    int good = 0;
    Loop loop(made, *proposer, 1, 1, [&](TrialId id, const Draft& draft) {
      int tanh = 0;
      for (const block::Site& site : draft.genome.programs[0]->program.sites) tanh += site.op->name == "tanh" ? 1 : 0;
      good += tanh;
      return test::trial_of(made.space, id, draft.genome, test::outcome_of({{"loss", tanh > 0 ? 0 : 1}}));
    });
    loop.run(1500);
    return good;
  };
  EXPECT_GT(share("op_nas"), share("edits"));
}

}  // namespace
}  // namespace weft::evolve
