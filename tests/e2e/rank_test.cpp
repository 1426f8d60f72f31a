#include "tests/e2e/weft.hpp"

namespace weft::e2e {
namespace {

// weft rank as people use it: a file of their own scores, written by anything.
class Rank : public ::testing::Test {
 protected:
  static std::string study(int genomes) {
    Json rows = Json::array();
    for (int i = 0; i < genomes; ++i)
      rows.push_back({{"id", std::to_string(i)},
                      {"params", 1000 + (i * 7) % 20},
                      {"scores", {{"mine", i + i % 3}}},
                      {"truth", {2.0 + i, 2.5 + i}}});
    return Json{{"objective", {{"minimize", "loss"}}}, {"predictors", {{"mine", "minimize"}}}, {"genomes", rows}}
        .dump();
  }

  test::Folder folder_;
};

TEST_F(Rank, PrintsATableOfEightyColumnsWhereThereIsNoTerminal) {
  const Ended ended = weft({"rank", folder_.write("scores.json", study(20))});
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_TRUE(ended.out.starts_with("scores\n20 genomes, 2 seeds each; loss, lower is better\n")) << ended;
  for (const std::string& line : base::split_lines(ended.out)) EXPECT_LE(line.size(), 80U) << line;
}

TEST_F(Rank, PrintsJson) {
  const Ended ended = weft({"rank", folder_.write("scores.json", study(20)), "--json"});
  EXPECT_EQ(ended.code, 0) << ended;
  EXPECT_EQ(Json::parse(ended.out).at("rankings")[0].at("name"), "mine");
}

TEST_F(Rank, WritesThePageBesideItsFileOrWhereItIsTold) {
  const std::string file = folder_.write("scores.json", study(20));
  const Ended beside = weft({"rank", file, "--format", "html"});
  EXPECT_EQ(beside.out, (folder_ / "scores.html").string() + "\n") << beside;
  const Ended told = weft({"rank", file, "--format", "html", "-o", (folder_ / "other.html").string()});
  EXPECT_EQ(base::read_file(folder_ / "other.html"), base::read_file(folder_ / "scores.html")) << told;
}

TEST_F(Rank, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(weft({"rank", "/nowhere.json"}).code, 2);
  const std::string file = folder_.write("scores.json", "{\"objective\": NaN}");
  const Ended ended = weft({"rank", file});
  EXPECT_EQ(ended.code, 2) << ended;
  EXPECT_TRUE(complaint(ended).starts_with("weft: " + file + ": not JSON")) << ended;
}

}  // namespace
}  // namespace weft::e2e
