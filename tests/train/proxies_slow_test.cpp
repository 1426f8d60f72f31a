// Proxies beside PyTorch: proxies_check.py computes them again from the exported models, as their papers have them.
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <unistd.h>

#include "base/process.hpp"
#include "net/checkpoint.hpp"
#include "net/pytorch.hpp"
#include "tests/support/folder.hpp"
#include "tests/train/proxies_fixture.hpp"

namespace weft::train {
namespace {

namespace fs = base::fs;

class ProxiesInPytorch : public ::testing::Test {
 protected:
  void SetUp() override { at::set_num_threads(1); }

  // Writes the model, its batches and weft's scores of it.
  void write(const std::string& name, const space::Architecture& architecture, const ProxyOptions& options) const {
    const fs::path folder = folder_.path() / name;
    fs::create_directories(folder);
    const net::Network network = net::make_network(architecture);
    const net::Weights weights = shaken(network);
    const Kept data(architecture.input);
    auto scores = compute_proxies(network, weights, data, options, 7);
    EXPECT_EQ(scores.size(), 2 + (options.scores.empty() ? proxy_names() : options.scores).size()) << name;
    scores.erase("params");
    scores.erase("flops");
    base::write_file(folder / "expected.json", base::Json(scores).dump());
    net::TensorFile batches;
    for (std::size_t i = 0; i < data.given.size(); ++i) {
      batches.tensors.emplace_back("input" + std::to_string(i), data.given[i].input);
      batches.tensors.emplace_back("target" + std::to_string(i), data.given[i].target);
    }
    net::write_safetensors(folder / "batches.safetensors", batches);
    base::write_file(folder / "model.py", net::write_python(architecture, {.title = name, .space = "none"}).text);
    net::write_safetensors(folder / "model.safetensors", net::to_state_dict(network, weights));
  }

  void check() const {
    std::vector<std::string> environment;
    for (char** one = environ; *one != nullptr; ++one) environment.emplace_back(*one);
    const base::Finished finished = base::run(
        {.argv = {WEFT_SOURCE_DIR "/.venv/bin/python", WEFT_SOURCE_DIR "/tests/train/proxies_check.py", folder_.path()},
         .environment = environment,
         .err_with_out = true},
        "", std::chrono::seconds(560));
    EXPECT_EQ(finished.status, 0) << finished.output;
    std::printf("%s", finished.output.c_str());
  }

  test::Folder folder_;
  const ProxyOptions all_{.scores = {}, .batch = 6, .batches = 3};
  const ProxyOptions without_attention_{
      .scores = {"grad_norm", "snip", "synflow", "jacob_cov", "naswot", "zico", "activation_distance"},
      .batch = 6,
      .batches = 2};
};

TEST_F(ProxiesInPytorch, AreThoseOfLanguageModels) {
  const base::Json recurrent = {
      {"cell", base::read_file(base::home() / "search_spaces/blocks/nasbench_nlp_lstm.block")}};
  for (const char* block : {"gpt2", "llama", "parallel", "primer"})
    write(block, of_space("gpt_nano", gpt_genome(block)), all_);
  write("recurrent", of_space("nasbench_nlp", recurrent.dump(), 5), without_attention_);
  check();
}

TEST_F(ProxiesInPytorch, AreThoseOfImageNetworks) {
  write("vit", of_space("vit_nano", gpt_genome("gpt2")), all_);
  write("conv_mixer", of_space("vit_nano", gpt_genome("conv_mixer")), all_);
  write("cells",
        of_space("nasbench201", R"({"op_10":"nor_conv_3x3","op_20":"nor_conv_1x1","op_21":"avg_pool_3x3",)"
                                R"("op_30":"skip_connect","op_31":"nor_conv_1x1","op_32":"none"})"),
        without_attention_);
  check();
}

TEST_F(ProxiesInPytorch, AreThoseOfEveryKindOfAttention) {
  const std::vector<std::string> programs{
      "return x + linear(attention(linear(x, D), linear(x, D // 2), linear(x, D // 2), heads=H, kv_heads=2, "
      "alibi=true, "
      "window=3), D) + relu(linear(x, D))",
      "return x + linear(attention(linear(x, D), linear(x, D), linear(x, D), heads=2, rotary=0.5, normalize=true, "
      "window=5), D) * sigmoid(linear(x, D))",
      "return x + linear(attention(linear(x, D), linear(x, D), linear(x, 2 * D), heads=H, prefix=3), D) + "
      "linear(gelu(linear(rmsnorm(x), R * D)), D)"};
  for (std::size_t i = 0; i < programs.size(); ++i) write("program" + std::to_string(i), of_program(programs[i]), all_);
  write("relative",
        of_program("return x + linear(attention(linear(x, D), linear(x, D), linear(x, D), heads=H, relative=2), D) + "
                   "linear(silu(linear(layernorm(x), R * D)), D)",
                   false),
        all_);
  ProxyOptions spelled = all_;
  std::erase(spelled.scores = proxy_names(), "dss");  // the modules' names tell no queries
  write("matrices",
        of_program("h = heads(linear(layernorm(x), D), H)\nreturn x + tanh(linear(merge(matmul(softmax(matmul(h, "
                   "transpose(h))), h)), D))"),
        spelled);
  check();
}

}  // namespace
}  // namespace weft::train
