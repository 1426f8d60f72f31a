#include "tests/e2e/weft.hpp"

namespace weft::e2e {
namespace {

constexpr const char* kSpace =
    "name: small\ntask: language_model\n"
    "genes: {width: {choice: [32, 64]}, depth: {range: [1, 4]}, ratio: {choice: [1, 4], per_layer: true}}\n"
    "layers: {count: depth, block: gpt2.block, bind: {D: width, H: 2, R: ratio}}\n";

class LatencyTable : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  Ended build() const {
    return weft({"latency", "build", path("small.yaml"), "--out", path("t.json"), "--repeats", "5", "--warmup", "1",
                 "--check", "5"});
  }
  // A search by the table, whose space may differ from the table's.
  Ended search(const std::string& space) const {
    folder_.write("x.yaml", "space: " + space + "\nevaluate: {cascade: [{count: {}, keep: {params: 150k}}, {latency: " +
                                "{table: " + path("t.json") + "}}]}\nobjective: {minimize: latency_s}\n" +
                                "search: {method: {evolution: {population: 6, generations: 3, parents: 2, " +
                                "mutations: 2, crossovers: 2}}}\n");
    return weft({"run", path("x.yaml"), "--json", "--out", path("run")});
  }
  test::Folder folder_;
};

TEST_F(LatencyTable, IsBuiltAndSearchedBy) {
  folder_.write("small.yaml", kSpace);
  const Ended built = build();
  ASSERT_EQ(built.code, 0) << built;
  EXPECT_NE(built.out.find("t.json: 6 cells, on CPU"), std::string::npos) << built;
  EXPECT_NE(built.out.find("5 held-out genomes: mean absolute error "), std::string::npos) << built;
  EXPECT_NE(built.err.find("cell 6 of 6"), std::string::npos) << built;

  const Ended ran = search(path("small.yaml"));
  ASSERT_EQ(ran.code, 0) << ran;
  const Json cells = Json::parse(base::read_file(path("t.json"))).at("cells");
  double least = 0;  // of one layer of the smaller width
  for (const Json& cell : cells) {
    const std::string what = cell.at("what");
    if (what == R"(gpt2.block {"D":32,"H":2,"R":1})" || what.find("width 32") != std::string::npos)
      least += cell.at("seconds").get<double>();
  }
  const Json outcome = json_lines(ran.out).at(0).at("best").at("outcome");
  const Json& values = outcome.at("metrics").contains("latency_s") ? outcome.at("metrics") : outcome.at("measured");
  EXPECT_TRUE(values.at("latency_s").get<double>() >= 0.5 * least) << outcome;
  for (const Json& trial : trials_of(path("run"))) EXPECT_TRUE(trial.contains("outcome")) << trial;
}

TEST_F(LatencyTable, IsTheSameWhereARunIsResumed) {
  folder_.write("small.yaml", kSpace);
  ASSERT_EQ(build().code, 0);
  ASSERT_EQ(search(path("small.yaml")).code, 0);
  const Ended again = weft({"resume", path("run"), "--json"});
  EXPECT_EQ(again.code, 0) << again;
  ASSERT_EQ(build().code, 0);  // measured anew: other numbers
  const Ended other = weft({"resume", path("run"), "--json"});
  EXPECT_EQ(other.code, 2) << other;
  EXPECT_EQ(complaint(other),
            "weft: " + path("t.json") + ": is not the file that the run started with; put it back to go on");
}

TEST_F(LatencyTable, OfAnotherSpaceIsRefusedBeforeTheSearchBegins) {
  folder_.write("small.yaml", kSpace);
  ASSERT_EQ(build().code, 0);
  const Ended ran = search("gpt_nano");
  EXPECT_EQ(ran.code, 2) << ran;
  EXPECT_EQ(complaint(ran), "weft: " + path("t.json") + ": is of the space 'small', not of 'gpt_nano'");
}

}  // namespace
}  // namespace weft::e2e
