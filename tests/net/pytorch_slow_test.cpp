// Exported models in Python: the scores of model.py with those of the forward pass here, for a genome of every space
// and for 200 random programs; and that they compile and export.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/rand_like.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/grad_mode.h>
#include <unistd.h>

#include <cmath>
#include <set>

#include "base/process.hpp"
#include "base/text.hpp"
#include "block/operators.hpp"
#include "net/checkpoint.hpp"
#include "net/pytorch.hpp"
#include "space/decode.hpp"
#include "space/vary.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/programs.hpp"

namespace weft::net {
namespace {

namespace fs = base::fs;

// Weights that are all far from what they start as, statistics among them.
Weights shaken(const Network& network) {
  Weights weights = initialise(network, 1, at::kCPU);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (network.weights[i].trained) {
      weights[i] += at::randn_like(weights[i]) * 0.1;
    } else {
      weights[i] += at::rand_like(weights[i]) * 0.5;
    }
  }
  return weights;
}

at::Tensor input_of(const space::Architecture& a, std::int64_t batch, std::int64_t time) {
  if (a.input.task == space::Task::language_model)
    return at::randint(a.input.vocabulary, {batch, std::min(time, a.input.context)}, at::kLong);
  return at::randn({batch, a.input.channels, a.input.height, a.input.width});
}

// Writes the model with what the forward pass here makes of an input; says whether that is finite.
bool write_case(const fs::path& folder, space::Architecture architecture, const PythonLabels& labels, base::Json how,
                std::int64_t time) {
  fs::create_directories(folder);
  const PythonSource source = write_python(architecture, labels);
  const Network network = make_network(std::move(architecture));
  const Weights weights = shaken(network);
  const at::Tensor input = input_of(network.architecture, 2, time);
  Weights wide;
  for (const at::Tensor& weight : weights) wide.push_back(weight.to(at::kDouble));
  const at::Tensor wide_input = input.is_floating_point() ? input.to(at::kDouble) : input;
  TensorFile expected;
  expected.tensors = {{"input", input},
                      {"scores", forward(network, weights, input, false)},
                      {"scores64", forward(network, wide, wide_input, false)}};
  base::write_file(folder / "model.py", source.text);
  write_safetensors(folder / "model.safetensors", to_state_dict(network, weights));
  write_safetensors(folder / "expected.safetensors", expected);
  how["frozen"] = base::Json::array();
  for (std::size_t i = 0; i < source.weights.size(); ++i) {
    if (network.weights[i].frozen) how["frozen"].push_back(source.weights[i]);
  }
  base::write_file(folder / "how.json", how.dump());
  return std::isfinite(expected.tensors[1].second.abs().max().item<float>());
}

// One process for all folders: importing PyTorch costs seconds.
void check_in_python(const fs::path& folder) {
  std::vector<std::string> environment{"TORCHINDUCTOR_CACHE_DIR=" + (folder.string() + "-cache")};
  for (char** one = environ; *one != nullptr; ++one) environment.emplace_back(*one);
  const base::Finished finished =
      base::run({.argv = {WEFT_SOURCE_DIR "/.venv/bin/python", WEFT_SOURCE_DIR "/tests/net/pytorch_check.py", folder},
                 .environment = environment,
                 .err_with_out = true},
                "", std::chrono::seconds(560));
  EXPECT_EQ(finished.status, 0) << finished.output;
  std::error_code ignored;
  fs::remove_all(folder.string() + "-cache", ignored);
  std::printf("%s", finished.output.c_str());
}

class Pytorch : public ::testing::Test {
 protected:
  void SetUp() override {
    at::set_num_threads(1);
    at::manual_seed(5);
  }
  const at::NoGradGuard no_grad_;
  test::Folder folder_;
};

bool uses(const space::Architecture& a, std::string_view op) {
  return std::any_of(a.layers.begin(), a.layers.end(), [&](const block::Graph& graph) {
    return std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const auto& node) { return node.op->name == op; });
  });
}

// What it takes to compile and to run: its ops, and its parameters.
std::size_t effort(const space::Architecture& a) {
  std::size_t nodes = 0;
  for (const block::Graph& graph : a.layers) nodes += graph.nodes.size();
  return nodes + static_cast<std::size_t>(a.counts.params / 200'000);
}

// The least of some genomes that keep the limits.
bool write_space(const fs::path& folder, const std::string& name, std::uint64_t seed) {
  const space::Space space = space::Space::load(name);
  base::Random random(seed, "export");
  std::optional<space::Genome> smallest;
  space::Architecture architecture;
  for (int i = 0; i < 12 || (i < 300 && effort(architecture) > 200); ++i) {
    space::Genome genome = space::sample(space, random);
    auto decoded = space::decode(space, genome, space.input);
    if (!decoded || (smallest && effort(*decoded) >= effort(architecture))) continue;
    smallest = std::move(genome);
    architecture = std::move(*decoded);
  }
  EXPECT_TRUE(smallest.has_value()) << name;
  if (!smallest) return true;
  // The compiler's own code takes seconds a layer, so two spaces have it; each position of a recurrent cell is
  // unrolled.
  const bool scans = uses(architecture, "scan"), whole = name == "gpt_nano" || name == "vit_nano";
  return write_case(folder / name, std::move(architecture), labels_of(space, *smallest),
                    {{"export", true}, {"compile", {whole ? "inductor" : "aot_eager"}}}, scans ? 5 : 24);
}

// In parts, so that they run side by side and none takes long.
constexpr int kParts = 8;
class PytorchSpaces : public Pytorch, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Part, PytorchSpaces, ::testing::Range(0, kParts));

TEST_P(PytorchSpaces, GiveTheScoresOfEach) {
  const std::vector<std::string> names = base::list_data("search_spaces", ".yaml");
  for (auto i = static_cast<std::size_t>(GetParam()); i < names.size(); i += kParts) {
    std::uint64_t seed = 3;  // what an open program computes may overflow
    while (!write_space(folder_.path(), names[i], seed) && seed < 10) ++seed;
  }
  check_in_python(folder_.path());
}

// Where a program stands: tokens, patches with a class token, or whole images.
struct Stand {
  const char* name;
  bool causal;
  std::int64_t patch, channels;
};
constexpr std::array kStands{Stand{"tokens", true, 0, 0}, Stand{"patches", false, 3, 1}, Stand{"image", false, 0, 16}};

space::Architecture around(const Stand& stand) {
  space::Architecture a;
  a.causal = stand.causal;
  a.width = 16;
  if (stand.causal) a.input = {.vocabulary = 11, .context = 70};
  if (!stand.causal) a.input = {space::Task::image_classification, 0, 0, stand.channels, 12, 12, 5};
  a.ends = {.patch = stand.patch, .class_token = stand.patch > 0, .learned_position = stand.causal || stand.patch > 0};
  if (!stand.causal && stand.patch == 0) a.ends.norm = space::Norm::none;
  a.ends.tied = stand.causal;
  return a;
}

// Ops that the shipped blocks lack, to begin with.
const std::vector<std::string> kMore{
    "return x + attention(linear(x, D), linear(x, D // 2), linear(x, D // 2), heads=H, kv_heads=2, alibi=true, "
    "window=3)",
    "return x + attention(linear(x, D), x, linear(x, D), heads=2, rotary=0.5, normalize=true, window=5)",
    "return x + attention(linear(x, D), x, linear(x, 2 * D), heads=H, alibi=true)\n",
    "return x + linear(attention(x, x, linear(x, 2 * D), heads=H, relative=2), D)",
    "return x + linear_attention(linear(x, D), linear(x, D), x, heads=H)",
    "return x + recurrence(linear(x, D), x, x, heads=H)",
    "return x + recurrence(x, x, linear(x, D), logsigmoid(linear(x, H)), heads=H)",
    "return x + recurrence(x, x, x, logsigmoid(linear(x, D)), heads=H)",
    "return experts(x, 2 * D, experts=3, top=2) + experts(x, D, experts=2, gated=true)",
    "return dwconv(x, width=3, bias=true) + dwconv(x, width=3, dilation=2)",
    "return conv(x, D, kernel=3, groups=2) + conv(x, D, kernel=1, bias=false)",
    "return x + lightconv(x, width=3, heads=H) * shift(x) - shift(x, by=3)",
    "return x + leaky_relu(fourier(x)) + max(x, tanh(x)) * min(x, linear(x, D))",
    "return layernorm(x, bias=false) + 0.5 * rmsnorm(x) - 2 * scale(softsign(x), init=0.5) + 1",
    "h = heads(x, H)\nreturn x + merge(matmul(softmax(matmul(h, transpose(h))), h)) - cosine(softplus(x))",
    "a, b = split(linear(x, 2 * D), 2)\nreturn 1 - a * sigmoid(b) + x + dropout(softmax(x), 0.5) + zero(linear(x, D))",
    "return x * sigmoid(linear(mean(silu(x)), D)) + pick(relu(x), x, index=1)",
    "return batchnorm(conv2d(x, D, 3, groups=2)) + conv2d(x, D, 3, dilation=2, bias=true) + maxpool(x, size=5)",
    "return concat(maxpool(x, size=2, stride=2), conv2d(relu(x), D, 5, stride=2)) + avgpool(conv2d(x, 2 * D, 1, "
    "stride=2))",
    "return x * linear(mean(x), D) + avgpool(x)",
    "return layernorm(x, heads=H, epsilon=0.001) + layernorm(x, bias=false, heads=2) + rmsnorm(x, heads=H, "
    "epsilon=0.01)",
    "return layernorm(x, epsilon=0.01, frozen=true) + linear(rmsnorm(x, frozen=true), D, frozen=true) + linear(x, D, "
    "zero=true)",
    "return x + gelu(rotary(linear(x, D), heads=H, share=0.5), tanh=true) + rotary(x, heads=2)",
    "h = take(linear(x, 2 * D), D // 2)\nreturn repeat(h, times=2) + repeat(h, times=2, parts=2) + repeat(h, times=2, "
    "parts=D // 2)",
    "return widen(linear(x, D // 2), x) * widen(linear(x, D // 4), x, value=1.5) + widen(x, linear(x, D // 2))",
    "return x + attention(x, x, linear(x, 2 * D), heads=H, prefix=3)",
    "return x + attention(x, linear(x, D // 2), linear(x, D // 2), heads=H, kv_heads=2, prefix=2, alibi=true, "
    "normalize=true, rotary=1)",
    "return x + attention(x, x, x, heads=H, prefix=2, window=4)",
    "return concat(take(conv2d(x, 2 * D, 3), D // 2), take(x, D // 2))",
    "def cell(x, h):\n  return tanh(linear(concat(x, h), width))\n\ndef block(x):\n  return x + scan(cell, scan(cell, "
    "x, "
    "width=R * D), width=D)",
    "def cell(x, h, c):\n  c = sigmoid(linear(h, width)) * c + tanh(linear(x, width))\n  return layernorm(c) * "
    "silu(c), c\n\ndef block(x):\n  return scan(cell, x, width=D) + scan(cell, linear(x, H), width=D)",
    "def cell(x, a, b, c):\n  return widen(x, a) + b, c - tanh(a), 0.5 * b\n\ndef block(x):\n  return scan(cell, x, "
    "width=D)",
};

std::vector<block::Program> seeds() {
  std::vector<block::Program> programs;
  for (const std::string& name : test::shipped_blocks()) programs.push_back(test::shipped_block(name));
  for (const std::string& text : kMore) programs.push_back(test::program_of(text));
  return programs;
}

block::Binding binding_of(double heads, double ratio) {
  return {{"D", 16}, {"C", 16}, {"H", heads}, {"R", ratio}, {"B", 1}};
}

// Where edits of a program have to hold.
block::Setting setting(const Stand& stand) {
  const space::Architecture a = around(stand);
  return {.layers = {{binding_of(4, 2), a.stem()}, {binding_of(2, 3), a.stem()}}, .place = a.place()};
}

// Two layers of the program, of different heads and ratio; nothing where they do not check.
std::optional<space::Architecture> stack(const block::Program& program, const Stand& stand) {
  space::Architecture a = around(stand);
  for (const auto& [heads, ratio] : {std::pair(4.0, 2.0), std::pair(2.0, 3.0)}) {
    const block::Binding binding = binding_of(heads, ratio);
    const block::Type input = a.layers.empty() ? a.stem() : a.layers.back().type(a.layers.back().result);
    auto graph = block::check(program, binding, input, a.place());
    if (!graph) return std::nullopt;
    a.layers.push_back(std::move(*graph));
  }
  return a;
}

TEST_F(Pytorch, GivesTheScoresOfTwoHundredRandomPrograms) {
  const std::vector<block::Program> begin = seeds();
  std::set<std::string> known;
  std::set<std::string_view> ops;
  for (std::uint64_t number = 0; known.size() < 200 && number < 5000; ++number) {
    base::Random random(9, "programs", number);
    block::Program program = begin[number % begin.size()];
    const Stand& stand = kStands[(number + number / begin.size()) % kStands.size()];
    const std::uint64_t round = number / begin.size();
    if (round > 0 && number % 2 == 0) program = block::random_program(setting(stand), random, 20);
    for (std::uint64_t edits = round; edits > 0; --edits)
      program = block::mutate(program, setting(stand), random).value_or(program);
    for (const Stand& one : kStands) {
      if (number >= begin.size() && one.name != stand.name) continue;
      const auto architecture = stack(program, one);
      if (!architecture || !known.insert(std::string(one.name) + block::id(program)).second) continue;
      for (const block::Graph& graph : architecture->layers) {
        for (const block::Node& node : graph.nodes) ops.insert(node.op->name);
      }
      base::Json how = base::Json::object();
      if (number % 4 == 0) how["export"] = true;
      if (number % 4 == 1) how["compile"] = {"eager"};
      write_case(folder_ / (std::to_string(1000 + known.size()) + "-" + one.name), *architecture,
                 {.title = block::print(program)}, std::move(how), uses(*architecture, "scan") ? 6 : 70);
    }
  }
  EXPECT_GE(known.size(), 200U);
  for (const block::Op* op : block::ops()) EXPECT_TRUE(ops.contains(op->name) || op->name == "pick") << op->name;
  check_in_python(folder_.path());
}

}  // namespace
}  // namespace weft::net
