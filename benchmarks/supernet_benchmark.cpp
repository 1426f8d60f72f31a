// weft's side of supernet_benchmark.py: one JSON object a line in, one out; what they mean stands there.
#include <ATen/Parallel.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <iostream>

#include "base/error.hpp"
#include "net/device.hpp"
#include "space/genome_text.hpp"
#include "train/autocast.hpp"
#include "train/budget.hpp"
#include "train/shared_adamw.hpp"
#include "train/subnet_lanes.hpp"

namespace {

using namespace weft;
using base::Json;

class Side {
 public:
  explicit Side(const Json& config)
      : space_(space::Space::load(config.at("space"))),
        device_(net::parse_device(config.value("device", "cpu"))),
        bf16_(config.at("precision") == "bf16") {
    recipe_.learning_rate = config.at("lr");
    recipe_.clip = 0;
    space::Input input = space_.input;
    if (config.at("context").is_number()) input.context = config.at("context");
    net::SupernetOptions options;
    options.trains = true;
    options.device = device_;
    supernet_.emplace(space_, input, options);
    optimizer_.emplace(*supernet_, recipe_);
    const std::int64_t batch = config.at("batch");
    const bool images = input.task == space::Task::image_classification;
    input_ = images ? at::randn({batch, input.channels, input.height, input.width})
                    : at::randint(input.vocabulary, {batch, input.context}, at::kLong);
    target_ = at::randint(images ? input.classes : input.vocabulary,
                          at::IntArrayRef{images ? batch : batch * input.context}, at::kLong);
    input_ = input_.to(device_);
    target_ = target_.to(device_);
  }

  Json step(const Json& list) {
    std::vector<space::Genome> genomes;
    for (const Json& one : list) {
      auto genome = space::from_json(space_, one);
      if (!genome) throw base::Error(genome.error());
      genomes.push_back(std::move(*genome));
    }
    const auto start = train::Clock::now();
    const std::vector<net::SubNetwork> networks = supernet_->select(genomes);
    const double change = train::seconds_since(start);
    std::vector<const net::SubNetwork*> active;
    for (const net::SubNetwork& network : networks) active.push_back(&network);
    const std::int64_t batch = input_.size(0);
    const auto losses = lanes_.add_gradients(
        networks, batch, lanes_.parts(networks, batch),
        [&](const net::SubNetwork& network, const train::SubnetLanes::Part& part) { return loss_of(network, part); });
    const auto before = train::Clock::now();
    optimizer_->step(active, recipe_.learning_rate);
    const double adamw = train::seconds_since(before);
    const double mean = at::stack(losses).mean().item<double>();
    return {{"seconds", train::seconds_since(start)}, {"loss", mean}, {"adamw", adamw}, {"change", change}};
  }

 private:
  at::Tensor loss_of(const net::SubNetwork& network, const train::SubnetLanes::Part& part) const {
    const train::Autocast autocast(bf16_, device_.type());
    const at::Tensor logits = network.forward(input_.narrow(0, part.first, part.size), true);
    const std::int64_t positions = target_.size(0) / input_.size(0);
    return at::cross_entropy_loss(logits.reshape({-1, logits.size(-1)}).to(at::kFloat),
                                  target_.narrow(0, part.first * positions, part.size * positions));
  }

  space::Space space_;
  at::Device device_;
  bool bf16_;
  train::Recipe recipe_;
  std::optional<net::Supernet> supernet_;
  std::optional<train::SharedAdamW> optimizer_;
  train::SubnetLanes lanes_;
  at::Tensor input_, target_;
};

Json answer(const Json& request, std::unique_ptr<Side>& side, double before) {
  if (request.contains("config")) {
    side = std::make_unique<Side>(request.at("config"));
    return {{"ready", true}};
  }
  if (request.contains("step")) return side->step(request.at("step"));
  if (request.contains("memory")) return {{"bytes", train::PeakMemory::bytes()}, {"before_bytes", before}};
  throw base::Error("no such request: " + request.dump());
}

}  // namespace

int main() {
  std::unique_ptr<Side> side;
  bool threads_set = false;
  const double before = train::PeakMemory::bytes();
  try {
    for (std::string line; std::getline(std::cin, line);) {
      const Json request = Json::parse(line);
      if (request.contains("quit")) break;
      if (request.contains("config") && !std::exchange(threads_set, true))
        net::set_threads(request.at("config").at("threads"));
      std::cout << answer(request, side, before).dump() << std::endl;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
