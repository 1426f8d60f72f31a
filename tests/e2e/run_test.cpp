#include <set>

#include "tests/e2e/search_fixture.hpp"

namespace weft::e2e {
namespace {

struct Talk {
  const char *provider, *path, *method;
};

class Run : public Searches, public ::testing::WithParamInterface<Talk> {
 protected:
  const test::Folder certificates_;
  const test::Certificate certificate_{certificates_};
};

INSTANTIATE_TEST_SUITE_P(Of, Run,
                         ::testing::Values(Talk{"openai", "/v1", "evoprompting"}, Talk{"openai", "/v1", "genius"},
                                           Talk{"anthropic", "", "evoprompting"}, Talk{"anthropic", "", "genius"}),
                         [](const auto& given) {
                           return std::string(given.param.method) + "_with_" + given.param.provider;
                         });

TEST_P(Run, ThroughAServerOverTls) {
  const test::ModelServer server(with_replies({"--tls", certificate_.file, certificate_.key}));
  const std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + GetParam().path;
  const bool evolves = GetParam().method == std::string("evoprompting");
  const Ended ended = run(experiment(evolves ? kEvoPrompting : kGenius,
                                     llm(GetParam().provider, url, ", ca_file: \"" + certificate_.file + "\"")));
  ASSERT_EQ(ended.code, 0) << ended;
  const std::vector<Json> trials = trials_of(run_folder());
  ASSERT_EQ(trials.size(), 16U);
  int written = 0, calls = 0, good = 0;
  for (const Json& trial : trials) {
    written += trial.at("op") == GetParam().method;
    calls += trial.contains("calls") ? static_cast<int>(trial.at("calls").size()) : 0;
    good += trial.contains("outcome");
  }
  EXPECT_EQ(written, evolves ? 12 : 16);
  EXPECT_GE(calls, written);
  EXPECT_GE(good, 10);
  EXPECT_EQ(server.requests().size(), static_cast<std::size_t>(calls));
  for (const Json& request : server.requests()) {
    const Json& headers = request.at("headers");
    EXPECT_EQ(headers.value("authorization", "") + headers.value("x-api-key", ""),
              (GetParam().path[0] != '\0' ? "Bearer " : "") + kKey);
  }
  EXPECT_NE(ended.out.find("16 trials"), std::string::npos) << ended;
  EXPECT_TRUE(base::fs::exists(run_folder() + "/report.html"));
  expect_no_key(ended);
  expect_no_key_in_views();
}

class Runs : public Searches {};

TEST_F(Runs, TrainWhatAServerProposes) {
  const test::ModelServer server(with_replies());
  const std::string file = experiment("{evoprompting: {initial: 2, parents: 1, survivors: 2, prompts: 1, samples: 2}}",
                                      "engine: {local: {workers: 2, threads: 1}}\n" + llm("openai", server.url()), 4);
  const Ended ended = run(file, {"--set", "evaluate={train: {steps: 2, batch: 2, validation: 2, precision: fp32}}",
                                 "--set", "objective={minimize: val_loss}", "--set", "task.context=16", "--json"});
  ASSERT_EQ(ended.code, 0) << ended;
  EXPECT_EQ(trials_of(run_folder()).size(), 4U);
  EXPECT_EQ(json_lines(ended.out).size(), 1U);
  EXPECT_EQ(trials_of(run_folder()).at(0).at("outcome").at("metrics").count("val_loss"), 1U);
  expect_no_key(ended);
}

TEST_F(Runs, CanBeTriedWithOneCall) {
  const test::ModelServer server(with_replies());
  const Ended ended = weft({"llm", "check", experiment(kGenius, llm("openai", server.url())), "--json"});
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_EQ(json_lines(ended.out).at(0).at("model"), "m-fake");
  EXPECT_EQ(server.requests().size(), 1U);
  const test::ModelServer wrong({"--scenario", "echo-key"});
  const Ended failed = weft({"llm", "check", experiment(kGenius, llm("openai", wrong.url()))});
  EXPECT_TRUE(failed.code == 1 || failed.code == 2) << failed;
  EXPECT_NE(complaint(failed).find("Incorrect API key provided: Bearer [key]"), std::string::npos) << failed;
}

TEST_F(Runs, GoOnAfterTheirEndWithMoreTrials) {
  const test::ModelServer server(with_replies());
  ASSERT_EQ(run(experiment(kEvoPrompting, llm("openai", server.url()), 8)).code, 0);
  const Ended dumped = weft({"journal", "dump", run_folder()});
  const Ended more = resume({"--set", "search.trials=12"});
  ASSERT_EQ(more.code, 0) << more;
  const Ended dumped_again = weft({"journal", "dump", run_folder()});
  EXPECT_TRUE(dumped_again.out.starts_with(dumped.out));
  EXPECT_EQ(json_lines(dumped_again.out).size(), 12U);
}

TEST_F(Runs, NeverShowTheKeyThatAServerRepeats) {
  {
    const test::ModelServer server({"--scenario", "echo-key-reply"});
    const Ended ended = run(experiment(kGenius, llm("openai", server.url()), 4));
    EXPECT_EQ(ended.code, 2) << ended;
    EXPECT_NE(ended.err.find("no trial has a score: 4 × invalid: "), std::string::npos) << ended;
    EXPECT_EQ(trials_of(run_folder()).size(), 4U);
    expect_no_key(ended);
    expect_no_key_in_views();
  }
  base::fs::remove_all(run_folder());
  const test::ModelServer server({"--scenario", "echo-key"});
  const Ended ended = run(experiment(kEvoPrompting, llm("anthropic", server.url(""))));
  EXPECT_NE(complaint(ended).find("Incorrect API key provided: [key]"), std::string::npos) << ended;
  expect_no_key(ended);
  expect_no_key_in_views();
}

}  // namespace
}  // namespace weft::e2e
