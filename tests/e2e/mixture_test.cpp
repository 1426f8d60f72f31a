#include "base/files.hpp"
#include "tests/e2e/search_fixture.hpp"

namespace weft::e2e {
namespace {

// Gradient-based search as its users run it: a mixture is trained, and what it learned is proposed.
class MixtureRun : public Searches {
 protected:
  std::string write(const std::string& name, const std::string& supernet, const std::string& method = "mixture") {
    return folder_.write(name,
                         "space: gpt_nano_heads\ntask: {data: wordnet_glosses, context: 16}\nevaluate:\n  supernet:\n"
                         "    train: {steps: 4, batch: 2, precision: fp32, validation: 4, curve: 1}\n    " +
                             supernet + "\nobjective: {minimize: val_loss}\nsearch: {method: " + method +
                             ", trials: 3}\nengine: {local: {workers: 1, threads: 1}}\n");
  }
};

TEST_F(MixtureRun, ProposesTheMostProbableGenomeAndThenSamplesAndRepeats) {
  const std::string file = write("e.yaml", "subnets: {mixture: {drnas: {learning_rate: 0.05, warmup: 0}}}");
  const std::string one = (folder_ / "one").string(), two = (folder_ / "two").string();
  const Ended ended = weft({"run", file, "--out", one});
  ASSERT_EQ(ended.code, 0) << ended;
  ASSERT_EQ(weft({"run", file, "--out", two}).code, 0);
  const std::string dump = weft({"journal", "dump", one}).out;
  EXPECT_EQ(weft({"journal", "dump", two}).out, dump);
  const auto lines = json_lines(dump);
  ASSERT_EQ(lines.size(), 3U) << dump;
  EXPECT_EQ(lines[0].at("op"), "most_probable");
  EXPECT_EQ(lines[1].at("op"), "sample");
  const std::string report = base::read_file(base::fs::path(one) / "report.html");
  EXPECT_NE(report.find("\"supernet\":[{"), std::string::npos) << "the curve of the training";
}

TEST_F(MixtureRun, SaysWhereASpaceOrASupernetHasNoMixture) {
  const std::string own = write("own.yaml", "subnets: {mixture: darts}");
  const Ended refused = weft({"run", own, "--out", (folder_ / "a").string(), "--set", "space=gpt_nano"});
  EXPECT_EQ(refused.code, 2) << refused;
  EXPECT_NE(refused.err.find("the space 'gpt_nano' cannot be superposed: the gene 'block' decides the program"),
            std::string::npos)
      << refused;
  const std::string drawn = (folder_ / "drawn").string();
  ASSERT_EQ(weft({"run", write("drawn.yaml", "subnets: {sampler: uniform}", "random"), "--out", drawn}).code, 0);
  const Ended none = weft({"run", write("given.yaml", "checkpoint: " + drawn + "/supernet.safetensors"), "--out",
                           (folder_ / "b").string()});
  EXPECT_EQ(none.code, 2) << none;
  EXPECT_NE(none.err.find("learned no mixture, which the method mixture needs; train it with subnets.mixture"),
            std::string::npos)
      << none;
}

}  // namespace
}  // namespace weft::e2e
