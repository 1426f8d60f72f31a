#include "tests/e2e/search_fixture.hpp"

namespace weft::e2e {
namespace {

const std::string kGenome = R"({"embed_dim":64,"depth":2,"block":"gpt2","num_heads":[2,4],"mlp_ratio":[1,2]})";

class Export : public Searches {
 protected:
  std::string out(const std::string& name) const { return in_folder(name); }
  std::string read(const std::string& name) const { return base::read_file(folder_.path() / name); }
  std::string complaint_of(const Arguments& arguments, int code = 2) const {
    const Ended ended = weft(arguments);
    EXPECT_EQ(ended.code, code) << ended;
    return complaint(ended);
  }
};

TEST_F(Export, WritesAGenomeAsThreeFilesThatItsWeightsCanBeReadFrom) {
  const Ended ended = weft({"export", "gpt_nano", kGenome, "-o", out("a"), "--seed", "3"});
  ASSERT_EQ(ended.code, 0) << ended;
  EXPECT_EQ(ended.out, out("a/model.py") + "\n" + out("a/model.safetensors") + "\n" + out("a/README.md") + "\n");
  EXPECT_NE(read("a/model.py").find("class Block(nn.Module):"), std::string::npos);
  EXPECT_NE(read("a/README.md").find("drawn with seed 3: it is not trained"), std::string::npos);
  ASSERT_EQ(weft({"export", "gpt_nano", kGenome, "-o", out("b"), "--weights", out("a/model.safetensors")}).code, 0);
  EXPECT_EQ(read("b/model.safetensors"), read("a/model.safetensors"));
  ASSERT_EQ(weft({"export", "gpt_nano", kGenome, "-o", out("c"), "--seed", "4"}).code, 0);
  EXPECT_NE(read("c/model.safetensors"), read("a/model.safetensors"));
}

TEST_F(Export, RefusesWhatDoesNotFit) {
  ASSERT_EQ(weft({"export", "gpt_nano", kGenome, "-o", out("a")}).code, 0);
  const std::string other = R"({"embed_dim":96,"depth":2,"block":"gpt2","num_heads":[2,4],"mlp_ratio":[1,2]})";
  EXPECT_EQ(complaint_of({"export", "gpt_nano", kGenome, "-o", out("a")}),
            "weft: " + out("a") + ": is not empty; --force writes into it");
  EXPECT_EQ(complaint_of({"export", "gpt_nano", other, "-o", out("b"), "--weights", out("a/model.safetensors")}),
            "weft: " + out("a/model.safetensors") +
                ": tensor 'token_embedding.weight' (stem.embedding) must be [256, 96] floating-point values, not [256, "
                "64] of Float");
  const std::string text = folder_.write("no.safetensors", "12345678 and more");
  EXPECT_EQ(complaint_of({"export", "gpt_nano", kGenome, "-o", out("b"), "--weights", text}),
            "weft: " + text + ": is no safetensors file: a header of 4050765991979987505 bytes does not fit");
  EXPECT_EQ(complaint_of({"export", "gpt_nano", kGenome, "-o", out("b"), "--train"}),
            "weft: --trial and --train belong to a run's folder, not to a genome");
  EXPECT_EQ(complaint_of({"export", "gpt_nano", "-o", out("b")}),
            "weft: gpt_nano: is no run's folder; for a space give a genome as well");
  EXPECT_EQ(complaint_of({"export", "gpt_nano", R"({"embed_dim":64})", "-o", out("b")}),
            "weft: genome: gene 'depth' is missing; it is 2, 3, 4, 5 or 6");
  EXPECT_EQ(complaint_of({"export", "gpt_nano", kGenome, "-o", out("a/model.py")}),
            "weft: " + out("a/model.py") + ": is a file; a folder is needed");
  EXPECT_FALSE(base::fs::exists(out("b")));
}

TEST_F(Export, OfARunWithoutWeightsSaysWhatToDo) {
  ASSERT_EQ(run(experiment("random", "", 4)).code, 0);
  EXPECT_NE(complaint_of({"export", run_folder(), "-o", out("a")}).find("--fresh takes untrained ones"),
            std::string::npos);
  EXPECT_EQ(complaint_of({"export", run_folder(), "-o", out("a"), "--train"}),
            "weft: --train: the run did not train its genomes (evaluate: count)");
  EXPECT_EQ(complaint_of({"export", run_folder(), "-o", out("a"), "--trial", "9"}),
            "weft: --trial: no trial 9; the run has 4");
  ASSERT_EQ(weft({"export", run_folder(), "-o", out("a"), "--trial", "1", "--fresh"}).code, 0);
  EXPECT_NE(read("a/README.md").find("Of trial 1 of the run"), std::string::npos);
}

// The run keeps its winner's weights, and training it again gives the same ones.
TEST_F(Export, OfATrainedWinnerHasItsWeights) {
  const std::string file =
      folder_.write("e.yaml",
                    "space: gpt_nano\ntask: {data: wordnet_glosses, context: 32}\n"
                    "evaluate: {train: {tokens: 2k, batch: 4, precision: fp32, validation: 8, curve: 1}}\n"
                    "objective: {minimize: val_loss}\nsearch: {method: random, trials: 2}\nengine: {local: {workers: "
                    "1, threads: 1}}\n");
  const Ended ended = run(file);
  ASSERT_EQ(ended.code, 0) << ended;
  ASSERT_EQ(weft({"export", run_folder(), "-o", out("kept")}).code, 0);
  ASSERT_EQ(weft({"export", run_folder(), "-o", out("again"), "--train"}).code, 0);
  EXPECT_EQ(read("kept/model.safetensors"), read("again/model.safetensors"));
  const std::string card = read("kept/README.md");
  for (const char* part : {"| val_loss |", "nats a token", "WordNet 3.0 License", "| learning_rate |", "## Lineage"})
    EXPECT_NE(card.find(part), std::string::npos) << part << card;
}

}  // namespace
}  // namespace weft::e2e
