#include <fcntl.h>

#include "tests/e2e/search_fixture.hpp"

namespace weft::e2e {
namespace {

// What users get wrong: one clear line, exit code 2, and no folder of a run that did not happen.
class Input : public Searches {
 protected:
  void expect_refused(const Ended& ended, const std::string& said) const {
    EXPECT_EQ(ended.code, 2) << ended;
    EXPECT_NE(complaint(ended).find(said), std::string::npos) << "expected " << said << "\n" << ended;
    EXPECT_EQ(base::split_lines(complaint(ended)).size(), 1U);
    EXPECT_FALSE(base::fs::exists(run_folder())) << ended;
    EXPECT_LT(ended.seconds, 20);
  }
  std::string counting(const std::string& more = "") const { return experiment("random", more, 4); }
  // `settings` over an experiment that is right without them.
  void expect_refused(const Arguments& settings, const std::string& said) const {
    Arguments more;
    for (const std::string& setting : settings) {
      more.emplace_back("--set");
      more.push_back(setting);
    }
    expect_refused(run(counting(), more), said);
  }
};

TEST_F(Input, ThatIsNoYamlNamesThePlace) {
  const std::string file = folder_.write("e.yaml", "space: [gpt_nano\nevaluate: count\n");
  expect_refused(run(file), file + ":2:9: is not YAML: ");
  expect_refused(run(folder_.write("e.yaml", "")), "the file is null; expected keys and values");
  expect_refused(run(folder_.write("e.yaml", "a: \xff\xfe\n")), "e.yaml:1:");
}

TEST_F(Input, WithAnUnknownKeyNamesTheNearest) {
  const std::string file = counting("budgett: {calls: 3}\n");
  expect_refused(run(file), file + ":5:1: unknown key 'budgett'; known here: ");
  EXPECT_TRUE(complaint(run(file)).ends_with("; did you mean 'budget'?"));
  expect_refused({"serach.trials=4"}, "--set serach.trials=4: unknown key 'serach'");
  expect_refused({"search.trials"}, "--set search.trials: expected key=value");
  expect_refused({"search.trials=many"}, "--set search.trials=many: 'trials' is \"many\"; expected a whole number");
  expect_refused({"search.trials=-1"}, "expected at least 1");
}

TEST_F(Input, ThatNamesWhatIsNotThereSaysWhatIs) {
  expect_refused(weft({"run", "nothere", "-o", run_folder()}), "no file 'nothere.yaml' here or in ");
  expect_refused({"space=gpt_nanoo"}, "; there are autobert_zero, autoformer_b, ");
  expect_refused({"space=gpt_nanoo"}, "; did you mean 'gpt_nano'?");
  expect_refused({"search.method=randomm"}, "unknown key 'randomm'; known here: random, ");
  expect_refused({"task.data=text_file", "task.path=/nonexistent", "evaluate={train: {steps: 2}}",
                  "objective={minimize: val_loss}"},
                 "/nonexistent: task.path: no such file");
  expect_refused({"task.data=wordnet", "evaluate={train: {steps: 2}}"}, "expected wordnet_glosses, ");
}

TEST_F(Input, OfTwoEvaluatorsOrNoBudgetIsRefused) {
  expect_refused(
      {"evaluate={count: {}, train: {steps: 3}}"},
      "expected exactly one of train, supernet, proxy, count, latency, table, surrogate, command or cascade");
  expect_refused({"evaluate=train"}, "'train' needs exactly one of steps, tokens and seconds as its budget");
  expect_refused({"search={method: random}"}, "nothing ends this run");
}

TEST_F(Input, OfASpaceThatDoesNotFitTheDataIsRefused) {
  expect_refused({"task.data=fashion_mnist", "evaluate={train: {steps: 2}}"},
                 "the space 'gpt_nano' is for language models, the data fashion_mnist is not");
  expect_refused(
      {"space=vit_nano", "evaluate={train: {steps: 2}}"},
      "the space 'vit_nano' is for images, the data wordnet_glosses is not; there are fashion_mnist, image_folder");
}

TEST_F(Input, WithoutAModelOrItsKeyIsRefusedBeforeAnythingIsMade) {
  const std::string method = "search.method=genius";
  expect_refused({method}, "the method genius asks a language model; add llm: ");
  expect_refused({method, "llm={model: m}"}, "'llm' needs the key 'provider'");
  expect_refused({method, "llm={provider: opennai, model: m}"}, "did you mean 'openai'?");
  expect_refused({method, "llm={provider: openai}"}, "the provider 'openai' needs a 'model'");
  expect_refused({method, "llm={provider: openai, model: m, base_url: nonsense}"}, "base_url 'nonsense': a URL starts");
  expect_refused({method, "llm={provider: openai, model: m, api_key_env: WEFT_E2E_UNSET}"},
                 "the key is read from the environment variable WEFT_E2E_UNSET, which is not set");
  expect_refused({method, "llm={provider: llama, model: nothere.gguf}"}, "nothere.gguf");
}

TEST_F(Input, OfAFileOfCertificatesThatIsMissingLeavesAFolderOfOnesOwn) {
  const std::string kept = folder_.write("run/notes.txt", "mine");
  const Ended ended = run(experiment(kGenius, llm("openai", "https://127.0.0.1:1", ", ca_file: nothere.pem")));
  EXPECT_EQ(ended.code, 2) << ended;
  EXPECT_NE(complaint(ended).find("nothere.pem: no such file"), std::string::npos) << ended;
  EXPECT_EQ(complaint(ended).find("weft resume"), std::string::npos) << ended;
  EXPECT_EQ(base::read_file(kept), "mine");
  EXPECT_EQ(std::distance(base::fs::directory_iterator(run_folder()), base::fs::directory_iterator()), 1);
}

TEST_F(Input, OfAProgramIsRunOnlyWhereThatIsAllowed) {
  expect_refused({"evaluate={command: {run: [rm, -rf, x]}}"}, "runs a program of its own, 'rm -rf x'; pass --allow-co");
}

TEST_F(Input, OfAHundredMegabytesIsRefused) {
  const std::string file = in_folder("large.yaml");
  const int fd = ::open(file.c_str(), O_CREAT | O_WRONLY, 0644);
  ASSERT_EQ(::ftruncate(fd, 100'000'000), 0);
  ::close(fd);
  expect_refused(run(file), "large.yaml: is larger than the 4.19MB that weft reads");
  expect_refused(run(folder_.write("e.yaml", "space: " + std::string(4'000'000, 'x'))), "e.yaml:1:");
}

TEST_F(Input, NestedDeeplyIsRefused) {
  for (const auto& [open, close] : {std::pair{"[", "]"}, std::pair{"{a: ", "}"}, std::pair{"- ", ""}}) {
    std::string text = "space: ";
    for (int i = 0; i < 20'000; ++i) text += open;
    for (int i = 0; i < 20'000; ++i) text += close;
    expect_refused(run(folder_.write("e.yaml", text)), "e.yaml:1:");
  }
}

TEST_F(Input, OfAGenomeOutsideItsDomainSaysWhatItMayBe) {
  expect_refused(weft({"model", "count", "gpt_nano", R"({"embed_dim": 64, "depth": 9})"}),
                 "genome: gene 'depth' is 9; it must be 2, 3, 4, 5 or 6");
  expect_refused(weft({"model", "count", "gpt_nano", "{"}), "genome: not JSON");
  expect_refused(weft({"model", "count", "gpt_nano", "-"}, R"({"embed": 64})"), "-: ");
  expect_refused(weft({"model", "count", "gpt_nano", "nothere.json"}), "nothere.json: no such file");
}

TEST_F(Input, OfAGeneThatIsNoNumberIsRefused) {
  const std::string file = folder_.write("b.block", "def block(x):\n    return x\n");
  for (const char* gene : {"D", "=4", "D=wide", "D=12abc"})
    expect_refused(weft({"block", "check", file, "--gene", gene}), "expected NAME=number, as in D=128");
}

TEST_F(Input, OfABlockWithAnUnknownOpShowsWhere) {
  const std::string file = folder_.write("b.block", "def block(x):\n    return x + linaer(x, D)\n");
  const Ended ended = weft({"block", "check", file});
  EXPECT_EQ(ended.code, 2) << ended;
  EXPECT_EQ(ended.err.find("weft: " + file + ":2:16: unknown op 'linaer'; did you mean 'linear'?"), 0U) << ended;
  EXPECT_TRUE(ended.err.ends_with("\n      return x + linaer(x, D)\n                 ^\n")) << ended;
}

TEST_F(Input, OfARunThatIsThereOrIsNotIsRefused) {
  const std::string nothing = in_folder("nothing");
  base::fs::create_directories(nothing);
  for (const char* command : {"resume", "report"}) expect_refused(weft({command, nothing}), nothing + ": holds no run");
  expect_refused(weft({"journal", "dump", nothing}), nothing + ": holds no run");
  folder_.write("nothing/journal.sqlite", "garbage");
  expect_refused(weft({"report", nothing}), "is no journal, or a damaged one");
  folder_.write("nothing/journal.sqlite", "");
  expect_refused(weft({"resume", nothing}), "holds a run that never started; remove the folder");
  ASSERT_EQ(run(counting()).code, 0);
  const Ended again = run(counting());
  EXPECT_EQ(again.code, 2);
  EXPECT_NE(complaint(again).find("holds a run already; go on with: weft resume "), std::string::npos) << again;
  const Ended changed = resume({"--set", "seed=2"});
  EXPECT_EQ(changed.code, 2);
  EXPECT_NE(complaint(changed).find("start a new run for that"), std::string::npos) << changed;
  EXPECT_EQ(trials_of(run_folder()).size(), 4U);
}

}  // namespace
}  // namespace weft::e2e
