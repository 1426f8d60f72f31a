#include "llm/models.hpp"

#include <gtest/gtest.h>

#include "llm/prices.hpp"

namespace weft::llm {
namespace {

class Models : public testing::Test {
 protected:
  Model model(const std::string& name) const { return find_model(models_, name); }
  const base::Json models_ = load_models();
};

TEST_F(Models, AreFoundByTheLongestBeginningOfTheirName) {
  EXPECT_EQ(model("gpt-5-mini").prices->output, 2.00);
  EXPECT_EQ(model("gpt-5").prices->output, 10.00);
  EXPECT_FALSE(model("gpt-5-mini").temperature);
  EXPECT_TRUE(model("gpt-4o-mini").temperature);
  EXPECT_EQ(model("o3").max_tokens_key, "max_completion_tokens");
}

TEST_F(Models, KeepTheirPriceInDatedVersionsAndInNoOtherModel) {
  EXPECT_EQ(model("gpt-5-2025-08-07").prices->input, 1.25);
  EXPECT_EQ(model("claude-opus-4-1-20250805").prices->input, 15.00);
  EXPECT_EQ(model("claude-3-7-sonnet-latest").prices->input, 3.00);
  EXPECT_FALSE(model("gpt-5-pro").prices);
  EXPECT_FALSE(model("gpt-5-pro").temperature);
  EXPECT_FALSE(model("claude-opus-4-9").prices);
}

TEST_F(Models, AcceptEverythingAtAnUnknownPriceWhereTheyAreUnknown) {
  const Model unknown = model("Qwen/Qwen3-8B");
  EXPECT_TRUE(unknown.temperature && unknown.stop && unknown.json_schema);
  EXPECT_EQ(unknown.max_tokens_key, "max_tokens");
  EXPECT_FALSE(unknown.prices);
}

class Cost : public testing::Test {
 protected:
  const Prices prices_ = Prices::from_json(base::parse_json(R"({"models": {"m": {
      "temperature": true, "stop": true, "json_schema": true, "max_tokens_key": "max_tokens",
      "prices": {"input": 4, "cached_input": 0.4, "cache_write": 5, "output": 20}}}})")
                                               .value());
  const Usage usage_{.prompt_tokens = 1'000'000,
                     .cached_tokens = 500'000,
                     .cache_write_tokens = 100'000,
                     .completion_tokens = 200'000,
                     .reasoning_tokens = 150'000};
};

TEST_F(Cost, CountsEachKindOfTokenAtItsOwnPrice) {
  EXPECT_DOUBLE_EQ(prices_.cost("m", usage_).value(), 0.4 * 4 + 0.5 * 0.4 + 0.1 * 5 + 0.2 * 20);
}

TEST_F(Cost, IsUnknownWhereThePriceIs) {
  EXPECT_EQ(prices_.cost("other", usage_), std::nullopt);
}

TEST_F(Cost, IsNeverNegativeWhateverAServerCounts) {
  const Usage odd{.prompt_tokens = 5, .cached_tokens = 50};
  EXPECT_GE(prices_.cost("m", odd).value(), 0);
}

TEST_F(Cost, IsTheSameFromWhatARunHasKept) {
  const Prices now = Prices::load(), kept = Prices::from_json(base::parse_json(now.to_json().dump()).value());
  EXPECT_EQ(kept.cost("gpt-5-mini", usage_), now.cost("gpt-5-mini", usage_));
  EXPECT_TRUE(kept.cost("gpt-5-mini", usage_));
}

}  // namespace
}  // namespace weft::llm
