// A supernet's training over several processes: real ones, which meet over the loopback interface.
#include "tests/e2e/ranks.hpp"

namespace weft::e2e {
namespace {

using SupernetRanks = Ranks;

// A training of b examples on each of two ranks is one of 2b: the same examples and sub-networks, a mean of two means.
TEST_F(SupernetRanks, ThatTorchrunStartsTrainWhatOneDoesWithTwiceTheBatch) {
  const Ended one = Running(training("one", {"train.batch=4"})).wait();
  ASSERT_EQ(one.code, 0) << one;
  Arguments argv{WEFT_SOURCE_DIR "/.venv/bin/torchrun",
                 "--nproc-per-node",
                 "2",
                 "--master-addr",
                 "127.0.0.1",
                 "--master-port",
                 free_port(),
                 "--no-python"};
  const Arguments weft = training("two");
  argv.insert(argv.end(), weft.begin(), weft.end());
  const Ended two = Running(argv).wait(std::chrono::seconds(120));
  ASSERT_EQ(two.code, 0) << two;
  const Weights alone = weights_of(weights_file("one")), together = weights_of(weights_file("two"));
  ASSERT_EQ(alone.size(), together.size());
  EXPECT_GT(alone.size(), 20U);
  const double apart = difference(alone, together);
  RecordProperty("largest_difference", std::to_string(apart * 1e6) + "e-6");
  EXPECT_TRUE(apart <= 1e-5) << apart;
}

// The ranks compare their weights, bit for bit, at the end of a training.
TEST_F(SupernetRanks, WithSubNetworksOfTheirOwnEndWithTheSameWeights) {
  const Arguments settings{"subnets.sampler=uniform", "train.steps=15"};
  finish(two(training("shared", settings)));
  Arguments own = settings;
  own.emplace_back("subnets.own=true");
  finish(two(training("own", own)));
  EXPECT_GT(difference(weights_of(weights_file("shared")), weights_of(weights_file("own"))), 1e-3);
}

TEST_F(SupernetRanks, EndSoonWhereOneIsLostAndGoOnTogether) {
  for (const int lost : {1, 0}) {
    const auto ranks = two(training("run", endless()));
    await_checkpoint("run");
    ranks[static_cast<std::size_t>(lost)]->signal(SIGKILL);
    const Ended left = ranks[static_cast<std::size_t>(1 - lost)]->wait(std::chrono::seconds(30));
    EXPECT_EQ(left.code, 2) << left;
    const std::string said = complaint(left);
    EXPECT_TRUE(said.starts_with("weft: a rank was lost or does not answer (")) << said;
    EXPECT_NE(said.find("the last checkpoint stays"), std::string::npos) << said;
    EXPECT_GT(weights_of(weights_file("run")).size(), 20U);
  }
}

TEST_F(SupernetRanks, StopGentlyTogetherWhereOneIsToldTo) {
  const auto ranks = two(training("run", endless()));
  await_checkpoint("run");
  ranks[1]->signal(SIGTERM);
  const Ended first = ranks[0]->wait(), second = ranks[1]->wait();
  EXPECT_EQ(first.code, 0) << first;
  EXPECT_EQ(second.code, 0) << second;
  EXPECT_NE(first.out.find("stopped; go on:  weft supernet train"), std::string::npos) << first;
  const Ended alone = Running(training("run")).wait();
  EXPECT_EQ(alone.code, 2);
  EXPECT_NE(complaint(alone).find("is being trained by 2 ranks, not by 1: go on with as many"), std::string::npos)
      << alone;
}

TEST_F(SupernetRanks, GoOnAsIfTheyHadNotBeenStopped) {
  const Arguments settings{"train.steps=120", "subnets.checkpoint_s=0.001"};
  finish(two(training("whole", settings)));
  const auto ranks = two(training("parts", settings));
  await_checkpoint("parts");
  for (const auto& rank : ranks) rank->signal(SIGINT);
  for (const auto& rank : ranks) EXPECT_EQ(rank->wait().code, 0);
  finish(two(training("parts", settings)));
  EXPECT_EQ(weights_of(weights_file("whole")), weights_of(weights_file("parts")));
}

TEST_F(SupernetRanks, LeaveASupernetThatOneProcessSearches) {
  finish(two(training("run")));
  const std::string trained = base::read_file(weights_file("run"));
  const Ended search = weft({"resume", path("run")});
  EXPECT_EQ(search.code, 0) << search;
  EXPECT_EQ(trials_of(path("run")).size(), 2U);
  EXPECT_TRUE(base::read_file(weights_file("run")) == trained);
}

TEST_F(SupernetRanks, WaitForTheOthersAsLongAsTheirPatience) {
  for (const int rank : {0, 1}) {
    test::Variables alone = variables(rank, 2, free_port());
    alone["WEFT_PATIENCE"] = "2";
    const Ended ended = start(training("run" + std::to_string(rank)), alone)->wait();
    EXPECT_EQ(ended.code, 2) << ended;
    EXPECT_NE(complaint(ended).find("the 2 ranks did not meet at 127.0.0.1:"), std::string::npos) << ended;
    EXPECT_TRUE(ended.seconds < 30) << ended;
  }
}

TEST_F(SupernetRanks, TrainWhatTheFirstWasTold) {
  const std::string port = free_port();
  const auto first = start(training("run"), variables(0, 2, port));
  const auto second = start(training("run", {"train.learning_rate=0.5"}), variables(1, 2, port));
  EXPECT_EQ(first->wait().code, 0);
  EXPECT_EQ(second->wait().code, 0);
}

TEST_F(SupernetRanks, MustHaveTheSameSpace) {
  const std::string port = free_port();
  std::string space = base::read_file(path("tiny.yaml")), experiment = base::read_file(experiment_);
  folder_.write("other.yaml", space.replace(space.find("[1, 2]"), 6, "[1, 3]"));
  experiment.replace(experiment.find("tiny.yaml"), 9, "other.yaml");
  const auto first = start(training("run"), variables(0, 2, port));
  experiment_ = folder_.write("e2.yaml", experiment);
  const auto second = start(training("run"), variables(1, 2, port));
  for (const auto& rank : {std::ref(*first), std::ref(*second)}) {
    const Ended ended = rank.get().wait();
    EXPECT_EQ(ended.code, 2) << ended;
    EXPECT_NE(complaint(ended).find("the ranks would not train the same"), std::string::npos) << ended;
  }
}

struct Wrong {
  const char* variable;
  std::optional<std::string> value;
  const char* setting;
  const char* said;
};

TEST_F(SupernetRanks, SayWhatIsWrongWithHowTheyWereStarted) {
  const Wrong cases[] = {
      {"MASTER_PORT", {}, "", "MASTER_PORT: the variable must be a whole number from 1 to 65535, not ''"},
      {"MASTER_PORT", "http", "", "MASTER_PORT: the variable must be a whole number from 1 to 65535, not 'http'"},
      {"MASTER_ADDR", {}, "", "MASTER_ADDR: the variable must name the machine of rank 0"},
      {"RANK", "2", "", "RANK: the variable must be a whole number from 0 to 1, not '2'"},
      {"WORLD_SIZE", "two", "", "WORLD_SIZE: the variable must be a whole number from 1 to 1048576, not 'two'"},
      {"RANK", "0", "train={seconds: 5, precision: fp32}", "several ranks need steps or tokens as their budget"},
      {"RANK", "0", "train.precision=auto", "several ranks must train in one precision"},
  };
  for (const Wrong& wrong : cases) {
    test::Variables given = variables(0, 2, "29500");
    given[wrong.variable] = wrong.value;
    const Ended ended =
        start(training("run", *wrong.setting == '\0' ? Arguments{} : Arguments{wrong.setting}), given)->wait();
    EXPECT_EQ(ended.code, 2) << ended;
    EXPECT_NE(complaint(ended).find(wrong.said), std::string::npos) << ended;
    base::fs::remove_all(path("run"));
  }
}

}  // namespace
}  // namespace weft::e2e
