// What tests of a training over several processes share: a small experiment, ranks on this machine, weights of a file.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/weft.hpp"
#include "tests/support/environment.hpp"

namespace weft::e2e {

/// A port of the loopback interface that nobody listens at.
inline std::string free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  EXPECT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), length), 0);
  EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length), 0);
  ::close(socket);
  return std::to_string(ntohs(address.sin_port));
}

using Weights = std::map<std::string, std::vector<float>>;

/// The shared weights of a checkpoint and AdamW's means, read as the safetensors format says.
inline Weights weights_of(const std::string& file) {
  const std::string bytes = base::read_file(file);
  std::uint64_t size = 0;
  std::memcpy(&size, bytes.data(), sizeof(size));
  Weights weights;
  const Json header = Json::parse(bytes.substr(sizeof(size), size));
  for (const auto& [name, row] : header.items()) {
    if (name == "__metadata__") continue;
    const std::uint64_t from = row.at("data_offsets")[0], to = row.at("data_offsets")[1];
    std::vector<float>& values = weights[name];
    values.resize((to - from) / sizeof(float));
    std::memcpy(values.data(), bytes.data() + sizeof(size) + size + from, to - from);
  }
  return weights;
}

/// The largest absolute difference of two weights of one name that is a shared weight's value; NaN where one is NaN.
inline double difference(const Weights& one, const Weights& other) {
  double most = 0;
  for (const auto& [name, values] : one) {
    if (!name.ends_with("/value")) continue;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double here = std::abs(static_cast<double>(values[i]) - static_cast<double>(other.at(name).at(i)));
      if (!(here <= most)) most = here;
    }
  }
  return most;
}

class Ranks : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string weights_file(const std::string& run) const { return path(run) + "/supernet.safetensors"; }

  /// `weft supernet train` of the experiment into a folder of this name.
  Arguments training(const std::string& run, const Arguments& settings = {}) const {
    Arguments argv = weft_with({"supernet", "train", experiment_, "-o", path(run)});
    for (const std::string& setting : settings) argv.insert(argv.end(), {"--set", "evaluate.supernet." + setting});
    return argv;
  }

  /// What the environment tells a rank.
  static test::Variables variables(int rank, int size, const std::string& port) {
    return {{"RANK", std::to_string(rank)},
            {"LOCAL_RANK", std::to_string(rank)},
            {"WORLD_SIZE", std::to_string(size)},
            {"MASTER_ADDR", "127.0.0.1"},
            {"MASTER_PORT", port}};
  }
  static std::unique_ptr<Running> start(const Arguments& argv, const test::Variables& variables) {
    const test::Environment environment(variables);
    return std::make_unique<Running>(argv);
  }
  /// Two ranks of the same training, the first first.
  static std::vector<std::unique_ptr<Running>> two(const Arguments& argv) {
    const std::string port = free_port();
    std::vector<std::unique_ptr<Running>> ranks;
    for (const int rank : {0, 1}) ranks.push_back(start(argv, variables(rank, 2, port)));
    return ranks;
  }
  /// Both to their end, which must be a good one; only the first may say anything.
  static void finish(const std::vector<std::unique_ptr<Running>>& ranks) {
    const Ended first = ranks[0]->wait(), second = ranks[1]->wait();
    EXPECT_EQ(first.code, 0) << first;
    EXPECT_EQ(second.code, 0) << second;
    EXPECT_NE(first.out, "");
    EXPECT_EQ(second.out + second.err, "");
  }

  /// A training that is long, and saved after every step.
  static Arguments endless() { return {"train.steps=1000000", "subnets.checkpoint_s=0.001"}; }
  void await_checkpoint(const std::string& run) const {
    await("a checkpoint", [&] { return base::fs::exists(weights_file(run)); });
  }

  test::Folder folder_;
  std::string experiment_ = write_experiment();
  const test::Environment one_thread_{test::Variables{{"OMP_NUM_THREADS", "1"}, {"WORLD_SIZE", {}}, {"RANK", {}}}};

 private:
  std::string write_experiment() const {
    const std::string space =
        folder_.write("tiny.yaml",
                      "name: tiny\ntask: language_model\n"
                      "genes:\n  embed_dim: {choice: [16, 32]}\n  depth: {range: [1, 2]}\n"
                      "  num_heads: {choice: [2, 4], per_layer: true}\n  mlp_ratio: {choice: [1, 2], per_layer: true}\n"
                      "layers: {count: depth, block: gpt2.block, bind: {D: embed_dim, H: num_heads, R: mlp_ratio}}\n"
                      "stem: {embedding: bytes, position: learned}\nhead: {norm: layernorm, tied: true}\n");
    return folder_.write("e.yaml", "space: " + space +
                                       "\ntask: {data: wordnet_glosses, context: 16}\n"
                                       "evaluate:\n  supernet:\n    train: {steps: 10, batch: 2, curve: 1, "
                                       "validation: 4, precision: fp32}\n"
                                       "objective: {minimize: val_loss}\nsearch: {method: random, trials: 2}\n");
  }
};

}  // namespace weft::e2e
