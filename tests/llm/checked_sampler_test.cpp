#include "llm/checked_sampler.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

namespace weft::llm {
namespace {

// Words of the letter a in parentheses: "(aa)((a))". A reply may end where all are closed.
class Parentheses : public Checker {
 public:
  bool extend(std::string_view more, const Room& room) override {
    ++asked;
    int depth = depth_;
    for (const char c : more) {
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (depth < 0 || (c != '(' && c != ')' && (c != 'a' || depth == 0))) return false;
    }
    const std::string rest(static_cast<std::size_t>(depth), ')');
    if (!room(rest)) return false;
    depth_ = depth;
    completion_ = rest;
    text += more;
    return true;
  }
  bool takes(std::string_view more) const override {
    return Parentheses(*this).extend(more, [](auto) { return true; });
  }
  const std::string& completion() const override { return completion_; }
  bool complete() const override { return depth_ == 0 && !text.empty(); }

  std::string text;
  int asked = 0;

 private:
  int depth_ = 0;
  std::string completion_ = "()";
};

const std::vector<std::string> kTexts{"(", ")", "a", "(a", "aa)", "b", "ba", "bb", "</s>", "", "))"};
constexpr int kEnd = 8;

std::string write(const std::vector<float>& logits, double temperature, int tokens, std::uint64_t seed) {
  CheckedSampler sampler(kTexts, {kEnd});
  Parentheses checker;
  base::Random random(seed);
  for (int length = 0; length < tokens; ++length) {
    const int token = sampler.next(logits, temperature, tokens - length, checker, random);
    EXPECT_NE(token, CheckedSampler::kNone) << checker.text;
    if (token == kEnd || token == CheckedSampler::kNone) break;
  }
  EXPECT_TRUE(checker.complete()) << checker.text;
  return checker.text;
}

TEST(CheckedSampler, WritesWholeRepliesOfAnyLength) {
  const std::vector<float> even(kTexts.size(), 0.0F);
  std::size_t longest = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) longest = std::max(longest, write(even, 1, 12, seed).size());
  EXPECT_GT(longest, 10);
  EXPECT_EQ(write(even, 1, 12, 3), write(even, 1, 12, 3));
}

TEST(CheckedSampler, TakesTheLikeliestThatIsAcceptedWhereItIsCold) {
  //                                 (  )  a  (a aa) b  ba bb </s>   ))
  const std::vector<float> logits{3, 1, 6, 2, 0, 9, 9, 9, 8, 9, 0};
  EXPECT_EQ(write(logits, 0, 6, 1), "(aaaa)");
}

TEST(CheckedSampler, DrawsFromTheDistributionOverWhatIsAccepted) {
  const std::vector<float> logits{0, 5, 5, std::log(3.0F), 5, 5, 5, 5, 5, 5, 5};
  CheckedSampler sampler(kTexts, {kEnd});
  base::Random random(1);
  std::map<int, int> drawn;
  for (int i = 0; i < 4000; ++i) {
    Parentheses checker;
    ++drawn[sampler.next(logits, 1, 100, checker, random)];
  }
  EXPECT_EQ(drawn.size(), 2);
  EXPECT_NEAR(drawn[3], 3000, 100);  // of 3 in 4, with a deviation of 27
}

TEST(CheckedSampler, AsksOnceAboutTokensThatBeginAlike) {
  CheckedSampler sampler(kTexts, {kEnd});
  Parentheses checker;
  base::Random random(2);
  EXPECT_EQ(sampler.next(std::vector<float>{0, 0, 0, 1, 0, 7, 8, 9, 0, 0, 0}, 0, 9, checker, random), 3);
  EXPECT_EQ(checker.asked, 2);
}

TEST(CheckedSampler, CountsTheLongestTokens) {
  const CheckedSampler sampler(kTexts, {kEnd});
  EXPECT_EQ(sampler.count("(aaaa)"), 3);  // "(a", "a", "aa)"
  EXPECT_EQ(sampler.count(""), 0);
  EXPECT_EQ(sampler.count("(c)"), std::numeric_limits<int>::max());
}

TEST(CheckedSampler, SaysWhereNoTokenWritesTheText) {
  CheckedSampler sampler({"(", "x"}, {});
  Parentheses checker;
  base::Random random(1);
  EXPECT_EQ(sampler.next(std::vector<float>{0, 0}, 1, 3, checker, random), 0);
  EXPECT_EQ(sampler.next(std::vector<float>{0, 0}, 1, 2, checker, random), CheckedSampler::kNone);
}

}  // namespace
}  // namespace weft::llm
