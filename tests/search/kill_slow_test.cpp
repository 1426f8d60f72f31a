// A run that is killed at any moment, and killed again while it resumes, ends with the journal of a run that was left
// alone. What was journaled is neither evaluated nor paid for again, and no process is left behind.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <fstream>
#include <set>
#include <thread>

#include "base/hash.hpp"
#include "base/process.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "journal/journal.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/model_server.hpp"

namespace weft::search {
namespace {

using base::Json;
using test::Folder;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::minutes kLimit{5};

// Processes whose environment has this entry, read from /proc.
std::vector<std::string> processes_with(const std::string& entry) {
  std::vector<std::string> found;
  for (const auto& process : fs::directory_iterator("/proc")) {
    const std::string name = process.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(process.path() / "environ");
    const std::string environment{std::istreambuf_iterator<char>(file), {}};
    if (environment.find(entry) != std::string::npos) found.push_back(name);
  }
  return found;
}

struct Known {
  std::set<std::string> evaluations;  // seeds, which are hashes of the keys
  std::set<std::string> calls;        // seeds of requests
};

class Kill : public ::testing::Test {
 protected:
  static std::string dump(const fs::path& run) {
    return journal::Journal::open(run, journal::Journal::Mode::read)->dump(false);
  }

  // Starts or resumes the run; true when it came to its end before `after`, else it was killed then.
  bool go(const fs::path& run, std::chrono::microseconds after) {
    base::Command command{.environment = {mark_}, .own_group = true};
    command.argv =
        fs::exists(run / "journal.sqlite")
            ? std::vector<std::string>{WEFT_BINARY, "resume", run.string(), "--allow-command"}
            : std::vector<std::string>{WEFT_BINARY, "run", experiment_, "-o", run.string(), "--allow-command"};
    std::ofstream(run.string() + ".log", std::ios::app) << "\n";
    const std::string shell = "exec \"$@\" >> " + run.string() + ".log 2>&1";
    command.argv.insert(command.argv.begin(), {"sh", "-c", shell, "sh"});
    const auto start = Clock::now();
    const pid_t pid = base::spawn(command);
    int status = 0;
    while (::waitpid(pid, &status, WNOHANG) == 0) {
      if (Clock::now() - start > after) {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, &status, 0);
        return false;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    EXPECT_EQ(status, 0) << base::read_file(run.string() + ".log");
    return true;
  }

  // What the journal has: rows that no later session may make again.
  static Known known(const fs::path& run) {
    Known known;
    if (!fs::exists(run / "journal.sqlite")) return known;
    try {
      SQLite::Database database((run / "journal.sqlite").string(), SQLite::OPEN_READWRITE, 10'000);
      SQLite::Statement keys(database, "SELECT key FROM evaluations WHERE transient = 0");
      while (keys.executeStep()) known.evaluations.insert(std::to_string(base::hash64(keys.getColumn(0).getString())));
      SQLite::Statement calls(database, "SELECT request FROM calls");
      while (calls.executeStep()) known.calls.insert(Json::parse(calls.getColumn(0).getString()).at("seed").dump());
    } catch (const SQLite::Exception&) {
      return {};  // killed before the tables were there
    }
    return known;
  }

  void expect_nobody_left() const {
    std::vector<std::string> left = processes_with(mark_);
    for (int i = 0; i < 200 && !left.empty(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      left = processes_with(mark_);
    }
    EXPECT_TRUE(left.empty()) << "left behind: " << base::join(left, " ");
  }

  // Kills `kills` times at random moments of runs that are gone on with to their end, and begun anew.
  template <class Check>
  void kill_often(int kills, Check check) {
    const fs::path whole = folder_.path() / "whole";
    const auto start = Clock::now();
    ASSERT_TRUE(go(whole, kLimit));
    const std::string expected = dump(whole);
    ASSERT_GT(base::split_lines(expected).size(), 20U);
    // A run that resumes comes further in this time than the first one did: its end is hit, too.
    const auto longest = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start) * 4 / 5;
    base::Random random(7);
    for (int number = 0, killed = 0; killed < kills; ++number) {
      const fs::path run = folder_.path() / ("run" + std::to_string(number));
      // The last time it may end in peace.
      for (bool ended = false; !ended;) {
        const Known before = known(run);
        const std::chrono::microseconds after(random.below(static_cast<std::uint64_t>(longest.count())));
        ended = go(run, killed < kills ? after : kLimit);
        killed += ended ? 0 : 1;
        check(before);
        if (!ended) expect_nobody_left();
      }
      ASSERT_EQ(dump(run), expected);
      fs::remove_all(run);
    }
  }

  // Genomes for the server to answer with: a JSON list of texts.
  std::string replies_file() const {
    const auto sampled =
        base::run({.argv = {WEFT_BINARY, "space", "sample", "gpt_nano", "-n", "50", "--json"}}, "", kLimit);
    Json replies = Json::array();
    for (const std::string& line : base::split_lines(sampled.output)) {
      if (!line.empty()) replies.push_back(Json::parse(line).at("genome").dump());
    }
    replies.push_back("no genome at all");
    return folder_.write("replies.json", replies.dump());
  }
  fs::path log() const { return folder_.path() / "evaluations.log"; }

  Folder folder_;
  std::string experiment_;
  const std::string mark_ = "WEFT_TEST_OF=" + folder_.path().string();
};

TEST_F(Kill, AtTwoHundredMomentsOfACountRun) {
  experiment_ = folder_.write("count.yaml",
                              "space: gpt_nano\n"
                              "evaluate: {count: {}}\n"
                              "objective: {minimize: score}\n"
                              "search: {method: {regularized_evolution: {population: 10}}, trials: 200}\n");
  kill_often(200, [](const Known&) {});
}

// The first run records the cassette, all others are told from it.
TEST_F(Kill, AtTwentyMomentsOfACassetteRun) {
  const test::ModelServer server({"--by-request", "--replies", replies_file()});
  experiment_ = folder_.write("cassette.yaml",
                              "space: gpt_nano\n"
                              "evaluate: {count: {}}\n"
                              "objective: {minimize: score}\n"
                              "search: {method: {genius: {conversations: 4, iterations: 20}}, window: 4}\n"
                              "llm: {provider: cassette, mode: record, cassette: " +
                                  (folder_.path() / "replies.jsonl").string() +
                                  ", record: {provider: openai, model: fake, base_url: \"" + server.url() + "\"}}\n");
  std::size_t calls = 0;
  kill_often(20, [&](const Known&) {
    if (calls == 0) calls = server.requests().size();
  });
  EXPECT_GT(calls, 80U);
  EXPECT_EQ(server.requests().size(), calls);
}

// Evaluations by a program that notes what it is given, replies by a server that does so too.
TEST_F(Kill, AtTwentyMomentsRepeatsNoEvaluationAndNoCall) {
  const test::ModelServer server({"--by-request", "--replies", replies_file(), "--delay", "0.02,0.3,1"});
  // The winner's test is not an evaluation of the search. An evaluation takes as long as its request.
  const std::string program = folder_.write("program.sh", R"(read line
seed=${line#*\"seed\":}; seed=${seed%%,*}
case $line in *'"test":false'*) echo $seed >> $1 ;; esac
sleep 0.0${#line}
echo "{\"loss\": ${#line}.$((seed % 1000))}"
)");
  experiment_ = folder_.write("program.yaml",
                              "space: gpt_nano\n"
                              "evaluate: {command: {run: [sh, " +
                                  program + ", " + log().string() +
                                  "]}}\n"
                                  "objective: {minimize: loss}\n"
                                  "search:\n"
                                  "  method: {evoprompting: {initial: 8, survivors: 4, prompts: 2, samples: 4}}\n"
                                  "  trials: 32\n"
                                  "engine: {local: {workers: 2}}\n"
                                  "llm: {provider: openai, model: fake, samples: true, base_url: \"" +
                                  server.url() + "\"}\n");
  std::size_t evaluations = 0, calls = 0, known = 0;
  kill_often(20, [&](const Known& before) {
    known += before.evaluations.size() * before.calls.size();
    const auto started = base::split_lines(base::read_file(log()));
    for (; evaluations < started.size(); ++evaluations)
      EXPECT_FALSE(before.evaluations.contains(started[evaluations])) << "evaluated again";
    const auto requests = server.requests();
    for (; calls < requests.size(); ++calls)
      EXPECT_FALSE(before.calls.contains(requests[calls].at("body").at("seed").dump())) << "paid for again";
  });
  EXPECT_GT(known, 100U);
  EXPECT_GT(evaluations, 40U);
  EXPECT_GT(calls, 5U);
}

}  // namespace
}  // namespace weft::search
