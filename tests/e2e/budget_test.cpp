#include "tests/e2e/search_fixture.hpp"

namespace weft::e2e {
namespace {

class Budgets : public Searches {
 protected:
  struct Spent {
    double calls = 0, tokens = 0, usd = 0;
  };

  // What the journal says that the calls of the run came to.
  Spent spent() const {
    Spent sum;
    for (const Json& trial : trials_of(run_folder())) {
      for (const Json& call : trial.value("calls", Json::array())) {
        sum.calls += 1;
        sum.tokens +=
            call.at("usage").at("prompt_tokens").get<double>() + call.at("usage").at("completion_tokens").get<double>();
        sum.usd += call.at("usd").is_null() ? 0 : call.at("usd").get<double>();
      }
    }
    return sum;
  }

  Ended spend(const test::ModelServer& server, const std::string& budget, const std::string& model = "m") const {
    return run(experiment("{genius: {conversations: 4, iterations: 100}}",
                          llm("openai", server.url(), ", max_tokens: 100") + "budget: {" + budget + "}\n", 300),
               {"--set", "llm.model=" + model, "--set", "search.window=4", "--set", "search.repairs=0"});
  }
};

TEST_F(Budgets, InCallsAreSpentToTheLastCall) {
  const test::ModelServer server(with_replies());
  const Ended ended = spend(server, "calls: 7");
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_NE(ended.out.find("limit reached: calls"), std::string::npos) << ended;
  EXPECT_EQ(server.requests().size(), 7U);
  EXPECT_EQ(spent().calls, 7);
}

TEST_F(Budgets, InTokensAreNotExceeded) {
  const test::ModelServer server(with_replies());
  const Ended ended = spend(server, "tokens: 5000");
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_NE(ended.out.find("limit reached: tokens"), std::string::npos) << ended;
  EXPECT_GT(spent().tokens, 2500);
  EXPECT_LE(spent().tokens, 5000);
}

TEST_F(Budgets, InMoneyAreNotExceeded) {
  const test::ModelServer server(with_replies());
  const Ended ended = spend(server, "usd: 0.003", "gpt-5-mini");
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_NE(ended.out.find("limit reached: money"), std::string::npos) << ended;
  EXPECT_GT(spent().usd, 0.001);
  EXPECT_LE(spent().usd, 0.003);
}

TEST_F(Budgets, HoldForRepairsToo) {
  const std::string wrong = folder_.write("wrong.json", R"(["no genome"])");
  const test::ModelServer server({"--replies", wrong});
  const Ended ended = run(experiment("{genius: {conversations: 4, iterations: 100}}",
                                     llm("openai", server.url()) + "budget: {calls: 7}\n", 300),
                          {"--set", "search.window=4", "--set", "search.repairs=2"});
  EXPECT_EQ(ended.code, 2) << ended;
  EXPECT_GE(server.requests().size(), 3U);
  EXPECT_LE(server.requests().size(), 7U);
}

TEST_F(Budgets, OfNothingAskNothing) {
  const test::ModelServer server(with_replies());
  const Ended ended = spend(server, "calls: 0");
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(Budgets, ThatAreRaisedLetTheRunGoOn) {
  const test::ModelServer server(with_replies());
  ASSERT_EQ(spend(server, "calls: 3").code, 0);
  const Ended ended = resume({"--set", "budget.calls=5"});
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_EQ(server.requests().size(), 5U);
}

TEST_F(Budgets, InMoneyAreRefusedWhereThePriceIsUnknown) {
  const Ended ended = run(experiment(kGenius, llm("openai", "http://127.0.0.1:1/v1") + "budget: {usd: 1}\n"));
  EXPECT_EQ(ended.code, 2) << ended;
  EXPECT_NE(complaint(ended).find("budget.usd cannot be kept: the model's price is not known"), std::string::npos);
  EXPECT_FALSE(base::fs::exists(run_folder()));
}

}  // namespace
}  // namespace weft::e2e
