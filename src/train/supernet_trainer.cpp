#include "train/supernet_trainer.hpp"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/softmax.h>
#include <fmt/format.h>

#include <cmath>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "net/device.hpp"
#include "train/autocast.hpp"
#include "train/budget.hpp"
#include "train/importance.hpp"
#include "train/scoring.hpp"
#include "train/subnet_lanes.hpp"
#include "train/supernet_checkpoint.hpp"

namespace weft::train {
namespace {

constexpr std::int64_t kLookEvery = 50;  // steps on a GPU between looks at the loss, each of which waits for it

// A number that a random stream's name is made of.
std::uint64_t draw_of(std::int64_t step, std::int64_t micro) {
  return static_cast<std::uint64_t>(step) * 4096 + static_cast<std::uint64_t>(micro);
}

net::SupernetOptions options_of(const SupernetRecipe& recipe, std::uint64_t seed, const at::Device& device) {
  net::SupernetOptions options;
  options.depth = recipe.depth;
  options.device = device;
  options.seed = seed;
  options.trains = true;
  return options;
}

}  // namespace

SupernetRecipe SupernetRecipe::from_json(const base::Json& supernet) {
  const base::Json &train = supernet.at("train"), &subnets = supernet.at("subnets");
  const std::string sampler = subnets.at("sampler");
  return {.recipe = Recipe::from_json(train),
          .sampler = {.name = sampler,
                      .random = subnets.value("random", sampler == "sandwich" ? 2 : 1),
                      .bins = subnets.at("bins"),
                      .shrink = subnets.at("shrink")},
          .mixture = MixtureRecipe::from_json(subnets),
          .distill = subnets.at("distill"),
          .temperature = subnets.at("temperature"),
          .accumulate = subnets.at("accumulate"),
          .ema = subnets.at("ema"),
          .sort = subnets.at("sort"),
          .depth = subnets.at("depth") == "spread" ? net::SupernetOptions::Depth::spread
                                                   : net::SupernetOptions::Depth::first,
          .checkpoint_s = subnets.at("checkpoint_s"),
          .own_subnets = subnets.at("own"),
          .checked = {{"train", train}, {"subnets", subnets}}};
}

base::Json SupernetPoint::to_json() const {
  base::Json value = {{"step", step},       {"used", used},         {"seconds", seconds}, {"train_loss", train_loss},
                      {"largest", largest}, {"smallest", smallest}, {"middle", middle}};
  if (mixture) value["mixture"] = *mixture;
  if (derived) value["derived"] = *derived;
  return value;
}

SupernetPoint SupernetPoint::from_json(const base::Json& value) {
  const auto number = [&](const char* key) { return value.at(key).is_null() ? NAN : value.at(key).get<double>(); };
  const auto optional = [&](const char* key) {
    return value.contains(key) ? std::optional(number(key)) : std::nullopt;
  };
  return {.step = value.at("step"),
          .used = number("used"),
          .seconds = number("seconds"),
          .train_loss = number("train_loss"),
          .largest = number("largest"),
          .smallest = number("smallest"),
          .middle = number("middle"),
          .mixture = optional("mixture"),
          .derived = optional("derived")};
}

SupernetTrainer::SupernetTrainer(const space::Space& space, const Dataset& data, const SupernetRecipe& recipe,
                                 std::uint64_t seed, ProcessGroup& group)
    : space_(space),
      data_(data),
      recipe_(recipe),
      seed_(seed),
      group_(group),
      device_(net::parse_device(recipe.recipe.device)),
      supernet_(space, data.input(), options_of(recipe, seed, device_)),
      sampler_(space, data.input(), recipe.sampler, seed),
      optimizer_(supernet_, recipe_.recipe),
      positions_(supernet_.select(std::vector{sampler_.largest()})[0].ends().positions()) {
  if (recipe_.mixture) mixture_.emplace(supernet_, sampler_.largest(), *recipe_.mixture);
}

at::Tensor SupernetTrainer::scores_of(const net::SubNetwork& network, const at::Tensor& input, bool training) const {
  const Autocast autocast(recipe_.recipe.precision == "bf16", device_.type());
  const at::Tensor logits = network.forward(input, training);
  return logits.reshape({-1, logits.size(-1)}).to(at::kFloat);
}

// Every rank's examples are its share of those that one rank with all of them would draw.
Batch SupernetTrainer::next_batch(std::int64_t micro, const char* stream) const {
  base::Random random(seed_, stream, draw_of(step_, micro));
  const std::int64_t size = recipe_.recipe.batch, first = group_.rank() * size;
  const bool last = micro + 1 == recipe_.accumulate;
  const base::Random coming(seed_, stream, last ? draw_of(step_ + 1, 0) : draw_of(step_, micro + 1));
  const Batch batch = data_.part(random, size * group_.size(), first, size);
  data_.prepare(coming, first, size);
  return batch.on(device_);
}

// The gradients of all sub-networks; with distillation each but the first, which is the largest, is also asked for the
// first one's scores (Yu et al. 2020, BigNAS; in-place distillation of Yu, Huang 2019).
double SupernetTrainer::train_on(const std::vector<net::SubNetwork>& networks, const Batch& batch) {
  const double share = networks.size() > 1 ? recipe_.distill : 0, temperature = recipe_.temperature;
  const std::int64_t size = batch.input.size(0), parts = lanes_.parts(networks, size);
  std::vector<at::Tensor> teacher(static_cast<std::size_t>(parts));
  const auto loss_of = [&](const net::SubNetwork& network, const SubnetLanes::Part& part) {
    const at::Tensor scores = scores_of(network, batch.input.narrow(0, part.first, part.size), true);
    const at::Tensor loss = cross_entropy(scores, batch.target.narrow(0, part.first, part.size));
    if (share == 0) return loss;
    at::Tensor& taught = teacher[static_cast<std::size_t>(part.number)];
    if (&network == &networks[0]) {
      taught = at::softmax(scores.detach() / temperature, -1);
      return loss;
    }
    const at::Tensor logs = at::log_softmax(scores / temperature, -1);
    return loss * (1 - share) - (taught * logs).sum(-1).mean() * (temperature * temperature * share);
  };
  const std::span<const net::SubNetwork> all = networks;
  if (share > 0) lanes_.add_gradients(all.first(1), size, parts, loss_of);
  const auto losses = lanes_.add_gradients(share > 0 ? all.subspan(1) : all, size, parts, loss_of);
  const bool look = device_.is_cpu() || step_ % kLookEvery == 0;
  return look ? losses.back().item<double>() : 0;
}

// Adds up what the ranks have, in one message.
void SupernetTrainer::share_gradients() {
  if (group_.size() == 1) return;
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> flat;
  for (const net::SharedWeight& weight : supernet_.weights()) {
    if (weight.gradient.defined()) flat.push_back(weight.gradient.view({-1}));
  }
  at::Tensor all = at::cat(flat);
  group_.add_up(all);
  std::int64_t start = 0;
  for (at::Tensor& one : flat) {
    one.copy_(all.narrow(0, start, one.numel()));
    start += one.numel();
  }
}

void SupernetTrainer::smooth() {
  if (recipe_.ema <= 0) return;
  const at::NoGradGuard no_grad;
  for (net::SharedWeight& weight : supernet_.weights()) {
    if (!weight.smoothed.defined()) {
      weight.smoothed = weight.value.clone();
    } else {
      weight.smoothed.lerp_(weight.value, 1 - recipe_.ema);
    }
  }
}

double SupernetTrainer::step() {
  const auto start = Clock::now();
  const std::int64_t examples = recipe_.recipe.batch * recipe_.accumulate * group_.size();
  const Budget budget(recipe_.recipe, 1, examples * positions_);
  loss_ = mixture_ ? mixture_step() : sampled_step();
  seconds_ += seconds_since(start);
  used_ = budget.used(step_, seconds_);
  return loss_;
}

double SupernetTrainer::sampled_step() {
  if (recipe_.sort && !sorted_ && recipe_.sampler.name == "shrinking" && used_ * 2 >= recipe_.sampler.shrink / 2) {
    sort_by_importance(supernet_, sampler_.largest());
    sorted_ = true;
  }
  std::vector<space::Genome> own = sampler_.draw(step_, used_, recipe_.own_subnets ? group_.rank() : 0), all = own;
  if (recipe_.own_subnets) {
    for (int rank = 0; rank < group_.size(); ++rank) {
      if (rank == group_.rank()) continue;
      const auto others = sampler_.draw(step_, used_, rank);
      all.insert(all.end(), others.begin(), others.end());
    }
  }
  return step(own, all);
}

double SupernetTrainer::step(const std::vector<space::Genome>& own, const std::vector<space::Genome>& all) {
  at::manual_seed(base::mix64(seed_, static_cast<std::uint64_t>(step_)));  // of dropout
  const std::vector<net::SubNetwork> networks = supernet_.select(all);
  const std::vector<net::SubNetwork> trained(networks.begin(),
                                             networks.begin() + static_cast<std::ptrdiff_t>(own.size()));
  double loss = 0;
  for (std::int64_t micro = 0; micro < recipe_.accumulate; ++micro) loss = train_on(trained, next_batch(micro));
  std::vector<const net::SubNetwork*> active;
  for (const net::SubNetwork& network : networks) active.push_back(&network);
  finish_step(active, loss);
  return loss;
}

void SupernetTrainer::finish_step(const std::vector<const net::SubNetwork*>& active, double loss) {
  if (group_.any(!std::isfinite(loss)))  // all ranks end, each with the reason
    throw base::Error(
        fmt::format("the supernet's training diverged: the loss became {} at step {}; lower "
                    "learning_rate, or raise warmup",
                    std::isfinite(loss) ? NAN : loss, step_));
  share_gradients();
  optimizer_.step(active, learning_rate(recipe_.recipe, used_),
                  static_cast<double>(recipe_.accumulate * group_.size()));
  smooth();
  ++step_;
}

double SupernetTrainer::validation_loss(const std::function<at::Tensor(const at::Tensor&)>& scores) const {
  return score(scores, data_, Split::validation, recipe_.recipe.validation, 2 * recipe_.recipe.batch, device_).loss;
}

SupernetPoint SupernetTrainer::measure() {
  SupernetPoint point{.step = step_, .used = used_, .seconds = seconds_, .train_loss = loss_};
  const auto networks = supernet_.select(std::vector{sampler_.largest(), sampler_.smallest(), sampler_.middle()});
  const auto loss_of = [&](const net::SubNetwork& network) {
    return validation_loss([&](const at::Tensor& input) { return scores_of(network, input, false); });
  };
  point.largest = loss_of(networks[0]);
  point.smallest = loss_of(networks[1]);
  point.middle = loss_of(networks[2]);
  if (mixture_) measure_mixture(point);
  curve_.push_back(point);
  return point;
}

base::Json SupernetTrainer::identity() const {
  base::Json recipe = recipe_.checked;
  if (recipe.is_object()) {  // what decides no number
    recipe["train"].erase("device");
    recipe["train"].erase("time_limit");
    recipe["subnets"].erase("checkpoint_s");
  }
  return {{"data", data_.hash()}, {"seed", seed_}, {"recipe", recipe}, {"ranks", group_.size()}};
}

std::uint64_t SupernetTrainer::fingerprint() const {
  std::string text = fmt::format("{} {} {} {}", space_identity(space_), base::canonical_text(identity()), step_, used_);
  for (const net::SharedWeight& weight : supernet_.weights()) {
    const at::Tensor value = weight.value.detach().cpu().contiguous();
    const std::string_view bytes(static_cast<const char*>(value.const_data_ptr()), value.nbytes());
    text += fmt::format(" {} {} {}", weight.name, weight.updates, base::hash64(bytes));
  }
  return base::hash64(text);
}

void SupernetTrainer::save(const base::fs::path& path) const {
  base::Json curve = base::Json::array();
  for (const SupernetPoint& point : curve_) curve.push_back(point.to_json());
  base::Json state = {{"identity", identity()}, {"step", step_},
                      {"used", used_},          {"seconds", seconds_},
                      {"sorted", sorted_},      {"spread", recipe_.depth == net::SupernetOptions::Depth::spread},
                      {"curve", curve}};
  if (mixture_) state["mixture"] = mixture_->to_json();
  write_supernet(path, supernet_, state);
}

void SupernetTrainer::resume(const base::fs::path& path) {
  const base::Json state = read_supernet(path, supernet_);
  const base::Json& theirs = state.at("identity");
  const auto ranks = theirs.value("ranks", 1);
  const bool over = state.at("used") >= 1.0;  // then any number of ranks may use it
  if (!over && ranks != group_.size())
    throw base::Error(fmt::format("is being trained by {} ranks, not by {}: go on with as many, or train into another "
                                  "folder",
                                  ranks, group_.size()),
                      path.string());
  base::Json own = identity();
  own["ranks"] = ranks;
  if (theirs != own)
    throw base::Error("is a checkpoint of another training: its recipe, seed or data differ; train into another folder",
                      path.string());
  step_ = state.at("step");
  used_ = state.at("used");
  seconds_ = state.at("seconds");
  sorted_ = state.at("sorted");
  if (mixture_) mixture_->restore(state.at("mixture"));
  curve_.clear();
  for (const base::Json& point : state.at("curve")) curve_.push_back(SupernetPoint::from_json(point));
}

}  // namespace weft::train
