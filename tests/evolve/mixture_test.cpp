// The method that proposes what a mixture learned.
#include <gtest/gtest.h>

#include "space/distribution.hpp"
#include "tests/evolve/fixture.hpp"
#include "tests/support/errors.hpp"

namespace weft::evolve {
namespace {

class MixtureMethod : public ::testing::Test {
 protected:
  MixtureMethod() {
    base::Json learned = space::Distribution(made_.space).to_json();
    learned["embed_dim"] = {0.1, 0.8, 0.1};
    learned["depth"] = {0.9, 0.1, 0, 0, 0};
    for (auto& layer : learned["num_heads"]) layer = {0.2, 0.2, 0.6};
    made_.probabilities = learned;
  }
  std::vector<std::string> genomes(TrialId trials, std::uint64_t seed = 1) const {
    const auto proposer = made_.proposer("mixture");
    Script script(made_);
    Loop loop(made_, *proposer, 4, seed, std::ref(script));
    std::vector<std::string> list;
    for (const Step& step : loop.run(trials)) list.push_back(space::to_text(made_.space, step.draft.genome));
    return list;
  }
  Made made_{"gpt_nano_heads"};
};

TEST_F(MixtureMethod, ProposesTheMostProbableGenomeFirst) {
  EXPECT_EQ(genomes(1)[0], R"({"embed_dim":96,"depth":2,"num_heads":[8,8],"mlp_ratio":[1,1]})");
}

TEST_F(MixtureMethod, ProposesEachGenomeOnce) {
  const auto list = genomes(100);
  EXPECT_EQ(std::set<std::string>(list.begin(), list.end()).size(), 100U);
}

TEST_F(MixtureMethod, ProposesWhatIsProbable) {
  int wide = 0;
  for (const std::string& genome : genomes(60)) {
    const base::Json value = base::Json::parse(genome);
    EXPECT_LE(value.at("depth").get<int>(), 3) << "which has no probability";
    wide += value.at("embed_dim") == 96 ? 1 : 0;
  }
  EXPECT_GE(wide, 35);
}

TEST_F(MixtureMethod, EndsWhereNothingNewIsProbable) {
  base::Json& learned = made_.probabilities;
  for (const char* gene : {"num_heads", "mlp_ratio"}) {
    for (auto& layer : learned[gene]) layer = {0, 0, 1};
  }
  EXPECT_EQ(genomes(100).size(), 3U * 2U);
}

TEST_F(MixtureMethod, NeedsProbabilities) {
  made_.probabilities = nullptr;
  EXPECT_EQ(test::error_of([&] { made_.proposer("mixture"); }),
            "the method mixture needs the probabilities of a supernet that learned a mixture");
}

}  // namespace
}  // namespace weft::evolve
