// The evaluator of zero-cost proxies, in workers: spaces of every kind, and what has no score.
#include <gtest/gtest.h>

#include <set>

#include "tests/evaluate/fixture.hpp"
#include "train/proxies.hpp"

namespace weft::evaluate {
namespace {

using Names = std::set<std::string>;

// The proxies among an outcome's metrics.
Names scored(const journal::Outcome& outcome) {
  Names names;
  for (const std::string& name : train::proxy_names()) {
    if (outcome.metrics.contains(name)) names.insert(name);
  }
  return names;
}

Names all_but(const Names& left_out) {
  Names names;
  for (const std::string& name : train::proxy_names()) {
    if (!left_out.contains(name)) names.insert(name);
  }
  return names;
}

journal::Outcome outcome_of(const Setup& setup, const std::string& genome) {
  const auto engine = engine_of(setup);
  return run(*engine, {.key = "k", .genome = genome, .fidelity = {}, .seed = 7});
}

constexpr const char* kMixer = R"({"embed_dim":48,"depth":2,"block":"conv_mixer","num_heads":[2,2],"mlp_ratio":[1,1]})";

TEST(ProxyEvaluator, ScoresTransformersForTextAndImages) {
  EXPECT_EQ(scored(outcome_of(setup_of("gpt_nano", "{context: 16}", "{proxy: {batch: 4}}"),
                              R"({"embed_dim":64,"depth":2,"block":"llama","num_heads":[2,2],"mlp_ratio":[1,1]})")),
            all_but({}));
  EXPECT_EQ(scored(outcome_of(setup_of("vit_nano", "{data: fashion_mnist}", "{proxy: {batch: 4}}"),
                              R"({"embed_dim":48,"depth":2,"block":"gpt2","num_heads":[2,2],"mlp_ratio":[1,1]})")),
            all_but({}));
}

TEST(ProxyEvaluator, ScoresCellsAndRecurrentNetworksWithoutWhatNeedsAttention) {
  const evaluate::Setup cells = setup_of("nasbench201", "{data: fashion_mnist}", "{proxy: {batch: 4}}");
  EXPECT_EQ(scored(outcome_of(cells, R"({"op_10":"nor_conv_3x3","op_20":"skip_connect","op_21":"none",)"
                                     R"("op_30":"skip_connect","op_31":"nor_conv_1x1","op_32":"avg_pool_3x3"})")),
            all_but({"dss", "head_confidence"}));
  const base::Json cell = {{"cell", base::read_file(base::home() / "search_spaces/blocks/nasbench_nlp_gru.block")}};
  EXPECT_EQ(scored(outcome_of(setup_of("nasbench_nlp", "{context: 4}", "{proxy: {batch: 2}}"), cell.dump())),
            all_but({"dss", "head_confidence"}));
}

TEST(ProxyEvaluator, FailsWithTheReasonWhereNoneOfTheScoresMeansAnything) {
  const evaluate::Setup setup =
      setup_of("nasbench201", "{data: fashion_mnist}", "{proxy: {scores: [head_confidence], batch: 4}}");
  const journal::Outcome outcome =
      outcome_of(setup, R"({"op_10":"nor_conv_3x3","op_20":"skip_connect","op_21":"none",)"
                        R"("op_30":"skip_connect","op_31":"nor_conv_1x1","op_32":"avg_pool_3x3"})");
  EXPECT_EQ(outcome.failure, "no_score");
  EXPECT_EQ(outcome.detail, "head_confidence: it has no attention by softmax");
  EXPECT_FALSE(outcome.transient);
}

TEST(ProxyEvaluator, NamesTheScoresThatItIsAskedForAmongItsMetrics) {
  const evaluate::Setup setup = setup_of("gpt_nano", "{}", "{proxy: {scores: [naswot, zico]}}");
  EXPECT_EQ(metric_names(setup.evaluate, space::Task::language_model),
            (std::vector<std::string>{"naswot", "zico", "params", "trainable_params", "flops"}));
}

}  // namespace
}  // namespace weft::evaluate
