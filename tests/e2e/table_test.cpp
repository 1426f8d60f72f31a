#include <set>

#include "base/hash.hpp"
#include "tests/e2e/weft.hpp"
#include "tests/support/environment.hpp"

namespace weft::e2e {
namespace {

constexpr const char* kSpace =
    "name: small\ntask: language_model\n"
    "genes: {width: {choice: [32, 64, 96]}, depth: {range: [1, 4]}, ratio: {choice: [1, 2, 4], per_layer: true}}\n"
    "layers: {count: depth, block: gpt2.block, bind: {D: width, H: 2, R: ratio}}\n";

// Scores a genome by its width and seed after a while, and writes down that it did.
constexpr const char* kProgram = R"(
import json, os, sys, time
asked = json.load(sys.stdin)
time.sleep(0.15)
width = asked["genome"]["width"]
print(json.dumps({"step": 1, "val_loss": 9.0}))
print(json.dumps({"val_loss": 100.0 / width + (asked["seed"] % 97) * 1e-4, "test_loss": 101.0 / width}))
with open(sys.argv[1], "a") as log:
    log.write(json.dumps([asked["genome"], asked["seed"]]) + "\n")
)";

class Tables : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  // Genomes that are counted, all of the space or a sample of them.
  std::string recipe(const std::string& grid, const std::string& evaluate = "count",
                     const std::string& metric = "params") const {
    folder_.write("small.yaml", kSpace);
    return folder_.write("recipe.yaml", "name: counted\nspace: small.yaml\nevaluate: " + evaluate +
                                            "\nobjective: {minimize: " + metric + "}\nsearch: {method: {grid: " + grid +
                                            "}}\ntable: {description: Counted., citation: me}\n");
  }
  Ended generate(const std::string& recipe, const std::string& name, const Arguments& more = {}) const {
    Arguments arguments{"table", "generate", recipe, "--run", path("run-" + name), "-o", path(name)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return weft(arguments);
  }
  Json shown(const std::string& name) const {
    const Ended show = weft({"table", "show", path(name), "--json"});
    EXPECT_EQ(show.code, 0) << show;
    return Json::parse(show.out);
  }

  const test::Folder folder_;
  const test::Environment clean_{test::no_proxies()};
};

const std::string kTask = "wordnet_glosses";  // an experiment's where it names none
const std::string kGenome = R"({"width": 64, "depth": 2, "ratio": [1, 4]})";

TEST_F(Tables, AreGeneratedAndAsked) {
  const Ended made = generate(recipe("{}"), "t");
  ASSERT_EQ(made.code, 0) << made;
  EXPECT_NE(made.out.find("t: 360 rows of 360 genomes"), std::string::npos) << made;  // 3 (3 + 9 + 27 + 81)
  const Json table = shown("t");
  EXPECT_EQ(table.at("space"), "space.json");  // of one's own: it goes along
  EXPECT_EQ(table.at("rows"), 360);

  const Ended wanted = weft({"model", "count", path("small.yaml"), kGenome, "--json"});
  const Arguments ask{"table",      "query", path("t"), "--genome", kGenome,    "--task", kTask,
                      "--fidelity", "1",     "--seed",  "0",        "--metric", "params"};
  const Ended answer = weft(ask);
  EXPECT_EQ(answer.code, 0) << answer;
  EXPECT_EQ(base::trim(answer.out), Json::parse(wanted.out).at("params").dump());
  const std::string line =
      R"({"genome": )" + kGenome +
      R"(, "task": "wordnet_glosses", "fidelity": 1, "seed": 0, "metric": "params", "unit": "thousand"})";
  const Ended many = weft({"table", "query", path("t"), "--batch", "-"}, line + "\n" + line + "\n");
  EXPECT_EQ(many.code, 0) << many;
  ASSERT_EQ(json_lines(many.out).size(), 2U);
  EXPECT_DOUBLE_EQ(json_lines(many.out)[1].at("value").get<double>() * 1000,
                   Json::parse(wanted.out).at("params").get<double>());
}

TEST_F(Tables, NeverChooseACellByThemselves) {
  ASSERT_EQ(generate(recipe("{}"), "t").code, 0);
  const Ended few = weft(
      {"table", "query", path("t"), "--genome", kGenome, "--task", kTask, "--fidelity", "1", "--metric", "params"});
  EXPECT_EQ(few.code, 2);
  EXPECT_EQ(complaint(few), "weft: --seed: is needed: a table never chooses a cell by itself");
  const Ended seed = weft({"table", "query", path("t"), "--genome", kGenome, "--task", kTask, "--fidelity", "1",
                           "--seed", "4", "--metric", "params"});
  EXPECT_EQ(seed.code, 2);
  EXPECT_EQ(complaint(seed), "weft: the table counted has no seed 4; it has 0");
  const Ended line = weft({"table", "query", path("t"), "--batch", "-"}, "\n{\"genome\": 3}\n");
  EXPECT_EQ(line.code, 2);
  EXPECT_EQ(complaint(line), "weft: 1 of 1 queries have no answer");
  EXPECT_EQ(line.out, "{\"line\":2,\"error\":\"the question lacks 'task'\"}\n");
}

TEST_F(Tables, GoOnWhereTheyWereKilledWithNothingRepeatedOrLost) {
  const std::string log = path("log");
  folder_.write("score.py", kProgram);
  const std::string made =
      recipe("{sample: 8, seeds: 3}", "{command: {run: [python3, " + path("score.py") + ", " + log + "]}}", "val_loss");
  const Arguments arguments{"table",     "generate",
                            made,        "--run",
                            path("run"), "-o",
                            path("t"),   "--allow-command",
                            "--set",     "engine.local.workers=2"};
  const auto scored = [&] { return base::fs::exists(log) ? json_lines(base::read_file(log)).size() : std::size_t{0}; };
  {
    Running first(weft_with(arguments));
    await("seven evaluations", [&] { return scored() >= 7; });
    first.signal(SIGKILL);
    first.wait();
  }
  const Ended rest = weft(arguments);
  ASSERT_EQ(rest.code, 0) << rest;
  EXPECT_NE(rest.out.find("t: 24 rows of 8 genomes"), std::string::npos) << rest;
  EXPECT_LE(scored(), 24U + 2U);  // what two workers had in hand
  std::set<std::string> cells;
  for (const Json& row : json_lines(base::read_file(log))) cells.insert(row.dump());
  EXPECT_EQ(cells.size(), 24U);
  const Json table = shown("t");
  EXPECT_EQ(table.at("seeds"), (Json{0, 1, 2}));
  std::set<std::string> metrics;
  for (const Json& metric : table.at("metrics")) {
    metrics.insert(metric.at("name"));
    EXPECT_EQ(metric.at("test"), metric.at("name") == "test_loss");
  }
  EXPECT_TRUE(metrics.contains("val_loss") && metrics.contains("test_loss") && metrics.contains("val_loss_curve"));
}

TEST_F(Tables, OfShardsAreMergedIntoTheWhole) {
  const std::string made = recipe("{sample: 30, seeds: 2}");
  ASSERT_EQ(generate(made, "whole").code, 0);
  for (const std::string shard : {"1", "2", "3"}) {
    const Ended part = generate(made, shard, {"--set", "search.method.grid.shard=" + shard + "/3"});
    ASSERT_EQ(part.code, 0) << part;
    EXPECT_NE(part.out.find(": 20 rows of 10 genomes"), std::string::npos) << part;
  }
  const Ended merged = weft({"table", "merge", path("1"), path("2"), path("3"), "-o", path("joint")});
  ASSERT_EQ(merged.code, 0) << merged;
  Json whole = shown("whole"), joint = shown("joint");
  for (const char* key : {"genomes", "rows", "metrics", "seeds", "about"}) EXPECT_EQ(whole[key], joint[key]) << key;
  const Ended other = generate(made, "1", {"--set", "search.method.grid.shard=2/3"});
  EXPECT_EQ(other.code, 2);
  EXPECT_EQ(complaint(other), "weft: " + path("run-1") +
                                  ": is the run of another recipe or part; go on with that one, or name another --run");
}

TEST_F(Tables, AreCheckedAndPredictedFrom) {
  ASSERT_EQ(generate(recipe("{}"), "t").code, 0);
  const Ended check = weft({"table", "check", path("t"), "--metric", "params", "-o", path("check.html")});
  EXPECT_EQ(check.code, 0) << check;
  EXPECT_NE(check.out.find("360 genomes, 360 scores"), std::string::npos) << check;
  EXPECT_NE(base::read_file(path("check.html")).find("<svg"), std::string::npos);
  const Ended fitted = weft({"table", "surrogate", path("t"), "--metric", "params", "-o", path("surrogate"), "--json"});
  ASSERT_EQ(fitted.code, 0) << fitted;
  EXPECT_GT(Json::parse(fitted.out).at("r2").get<double>(), 0.95);
  const Ended of_run = weft({"table", "surrogate", path("run-t"), "--metric", "params", "-o", path("other"), "--json"});
  EXPECT_EQ(of_run.code, 0) << of_run;
  EXPECT_EQ(of_run.out, fitted.out);
  const Ended said = weft({"table", "predict", path("surrogate"), "--genome", kGenome, "--json"});
  ASSERT_EQ(said.code, 0) << said;
  const Ended wanted = weft({"model", "count", path("small.yaml"), kGenome, "--json"});
  const double params = Json::parse(wanted.out).at("params");
  EXPECT_NEAR(Json::parse(said.out).at("mean").get<double>(), params, 0.2 * params);
}

TEST_F(Tables, AreServed) {
  ASSERT_EQ(generate(recipe("{}"), "t").code, 0);
  Running server(weft_with({"table", "serve", path("t"), "--port", "0"}));
  await("the server", [&] { return server.err().find("Ctrl-C ends it") != std::string::npos; });
  const std::string said = server.err();
  const std::size_t start = said.find("http://"), end = said.find("/table,");
  const std::string url = said.substr(start, end - start);
  folder_.write("ask.py",
                "import json, sys, urllib.request\n"
                "url = sys.argv[1]\n"
                "print(json.dumps(json.load(urllib.request.urlopen(url + '/table'))))\n"
                "print(json.dumps(json.load(urllib.request.urlopen(url + '/openapi.json'))))\n"
                "print(json.dumps(json.load(urllib.request.urlopen(url + '/queries', data=sys.argv[2].encode()))))\n");
  const std::string question =
      R"({"task": "wordnet_glosses", "fidelity": 1, "seed": 0, "metric": "params", "genome": )" + kGenome + "}";
  const Ended asked = Running({"python3", path("ask.py"), url, "[" + question + ", {}]"}).wait();
  ASSERT_EQ(asked.code, 0) << asked;
  const std::vector<Json> answers = json_lines(asked.out);
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0].at("genomes"), 360);
  EXPECT_TRUE(answers[1].at("paths").contains("/query"));
  EXPECT_GT(answers[2][0].at("value").get<double>(), 1e4);
  EXPECT_TRUE(answers[2][1].contains("error"));
  server.signal(SIGINT);
  EXPECT_EQ(server.wait().code, 0);
}

TEST_F(Tables, AreReproducedOn) {
  ASSERT_EQ(generate(recipe("{}"), "t").code, 0);
  const std::string published = folder_.write(
      "published.yaml",
      "name: p\ntable: counted\nobjective: {minimize: params}\nreport: value\nunit: count\nrepetitions: 20\n"
      "budgets: [5, 50]\nmethods: {random: {random: {}}, evolution: {regularized_evolution: {population: 5}}}\n"
      "references:\n  - {method: random, budget: 5, fidelity: 1, mean: 1, deviation: 0.1, runs: 9, kind: published}\n");
  const Ended done = weft({"reproduce", published, "--table", path("t"), "-o", path("page.html")});
  ASSERT_EQ(done.code, 0) << done;
  EXPECT_NE(done.out.find("differs"), std::string::npos) << done;
  EXPECT_NE(base::read_file(path("page.html")).find("differs"), std::string::npos);
  const Ended json = weft({"reproduce", published, "--table", path("t"), "--json"});
  EXPECT_EQ(Json::parse(json.out).at("rows").size(), 4U) << json;
}

TEST_F(Tables, AreFetchedFromWhereTheyArePublished) {
  const std::string data = "digit,score\n0,1\n";
  folder_.write("www/source.csv", data);
  Running server({"python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", path("www")});
  await("the server", [&] { return server.out().find("http://") != std::string::npos; });
  const std::string said = server.out();
  const std::size_t port = said.find("port ") + 5;
  const std::string url = "http://127.0.0.1:" + said.substr(port, said.find(' ', port) - port) + "/source.csv";
  const auto mapping = [&](const std::string& sha256) {
    return folder_.write("mine.yaml",
                         "table: {name: mine, space: nasbench_macro, fidelity_unit: budget, metrics: {s: "
                         "{unit: score, goal: maximize}}, licence: CC0, source: me}\n"
                         "fetch: {files: [{url: \"" +
                             url + "\", sha256: " + sha256 + ", most_bytes: 1000}]}\n" +
                             "read: {format: csv}\ngenome: {text: \"{digit}\"}\n" +
                             "rows: [{task: t, values: {s: {column: score}}}]\n");
  };
  const std::string right = mapping(base::sha256(data));
  const Ended fetched = weft({"table", "fetch", right, "-o", path("downloads")});
  ASSERT_EQ(fetched.code, 0) << fetched;
  EXPECT_EQ(base::read_file(path("downloads/source.csv")), data);
  EXPECT_NE(fetched.out.find("weft table import " + right + " " + path("downloads/source.csv") + " -o tables/mine"),
            std::string::npos)
      << fetched;
  const std::string wrong = mapping(std::string(64, 'a'));
  const Ended refused = weft({"table", "fetch", wrong, "-o", path("other")});
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(complaint(refused).find("has the SHA-256 "), std::string::npos) << refused;
  EXPECT_FALSE(base::fs::exists(path("other/source.csv")));
  EXPECT_NE(complaint(weft({"table", "fetch", "nasbench_nlp"})).find("no address with a fixed content is known"),
            std::string::npos);
}

}  // namespace
}  // namespace weft::e2e
