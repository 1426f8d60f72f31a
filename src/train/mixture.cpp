#include "train/mixture.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_dirichlet_grad.h>
#include <ATen/ops/_sample_dirichlet.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/elu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/split_with_sizes.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace weft::train {
namespace {

using base::Json;

constexpr double kBeta1 = 0.5, kBeta2 = 0.999, kEpsilon = 1e-8;

std::vector<std::int64_t> sizes_of(const net::Superposition& superposition) {
  std::vector<std::int64_t> sizes;
  for (const auto& place : superposition.places()) sizes.push_back(place.values);
  return sizes;
}

// A sample of Dirichlet(concentration), differentiable: its Jacobian is that of torch.distributions.Dirichlet,
// dx_j/dα_i = g_i (δ_ij - x_j), put as a term that is zero.
at::Tensor dirichlet(const at::Tensor& concentration, const at::Generator& generator) {
  at::Tensor sample, slope;
  {
    const at::NoGradGuard no_grad;
    sample = at::_sample_dirichlet(concentration, generator);
    slope = at::_dirichlet_grad(sample, concentration, concentration.sum().expand_as(concentration));
  }
  const at::Tensor moved = slope * (concentration - concentration.detach());
  return sample + (moved - sample * moved.sum());
}

at::Tensor tensor_of(const std::vector<double>& values) {
  at::Tensor tensor = at::zeros({static_cast<std::int64_t>(values.size())}, at::kDouble);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<double>());
  return tensor;
}

std::vector<double> values_of(const at::Tensor& tensor) {
  const double* const data = tensor.const_data_ptr<double>();
  return {data, data + tensor.numel()};
}

}  // namespace

std::optional<MixtureRecipe> MixtureRecipe::from_json(const Json& subnets) {
  if (!subnets.contains("mixture")) return std::nullopt;
  const auto chosen = subnets.at("mixture").begin();
  return MixtureRecipe{.dirichlet = chosen.key() == "drnas",
                       .learning_rate = chosen.value().at("learning_rate"),
                       .decay = chosen.value().at("decay"),
                       .warmup = chosen.value().at("warmup")};
}

Mixture::Mixture(net::Supernet& supernet, const space::Genome& largest, const MixtureRecipe& recipe)
    : space_(supernet.space()),
      recipe_(recipe),
      weights_(at::TensorOptions().dtype(supernet.options().type).device(supernet.options().device)),
      superposition_(supernet, largest) {
  if (superposition_.places().empty())
    throw base::Error("the space '" + space_.name + "' has no gene with several values to mix");
  std::int64_t count = 0;
  for (const std::int64_t size : sizes_of(superposition_)) count += size;
  logits_ = at::zeros({count}, at::kDouble).set_requires_grad(true);
  average_.assign(static_cast<std::size_t>(count), 0);
  square_ = average_;
}

at::Tensor Mixture::concentrations() const {
  return at::elu(logits_) + 1;
}

// One message to the device for all of them.
Mixture::Probabilities Mixture::for_weights(const std::vector<at::Tensor>& parts) const {
  return at::split_with_sizes(at::cat(parts).to(weights_), sizes_of(superposition_));
}

Mixture::Probabilities Mixture::draw(std::uint64_t seed) const {
  if (!recipe_.dirichlet) return means();
  const auto generator = at::detail::createCPUGenerator(seed);
  std::vector<at::Tensor> parts;
  for (const at::Tensor& own : at::split_with_sizes(concentrations(), sizes_of(superposition_)))
    parts.push_back(dirichlet(own, generator));
  return for_weights(parts);
}

Mixture::Probabilities Mixture::means() const {
  return for_weights(mean_parts());
}

std::vector<at::Tensor> Mixture::mean_parts() const {
  std::vector<at::Tensor> parts;
  const at::Tensor all = recipe_.dirichlet ? concentrations() : logits_;
  for (const at::Tensor& own : at::split_with_sizes(all, sizes_of(superposition_)))
    parts.push_back(recipe_.dirichlet ? own / own.sum() : at::softmax(own, 0));
  return parts;
}

// DARTS decays the logits; DrNAS pulls concentrations towards those of the uniform Dirichlet (section 3.2).
at::Tensor Mixture::penalty() const {
  const at::Tensor off = recipe_.dirichlet ? concentrations() - 1 : logits_;
  return (off * off).sum() * (recipe_.decay / 2);
}

void Mixture::step(ProcessGroup& group) {
  at::Tensor& gradient = logits_.mutable_grad();
  if (!gradient.defined()) gradient = at::zeros_like(logits_.detach());
  group.add_up(gradient);
  gradient.div_(group.size());
  penalty().backward();
  const at::NoGradGuard no_grad;
  ++updates_;
  const double first = 1 - std::pow(kBeta1, updates_), second = 1 - std::pow(kBeta2, updates_);
  double* const value = logits_.mutable_data_ptr<double>();
  const double* const slope = logits_.grad().const_data_ptr<double>();
  for (std::size_t i = 0; i < average_.size(); ++i) {
    average_[i] += (1 - kBeta1) * (slope[i] - average_[i]);
    square_[i] += (1 - kBeta2) * (slope[i] * slope[i] - square_[i]);
    value[i] -= recipe_.learning_rate * (average_[i] / first) / (std::sqrt(square_[i] / second) + kEpsilon);
  }
  logits_.mutable_grad().zero_();
}

space::Distribution Mixture::distribution() const {
  const at::NoGradGuard no_grad;
  space::Distribution distribution(space_);
  const std::vector<at::Tensor> all = mean_parts();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& place = superposition_.places()[i];
    distribution.set(place.gene, place.layer, values_of(all[i].contiguous()));
  }
  return distribution;
}

Json Mixture::to_json() const {
  return {{"probabilities", distribution().to_json()},
          {"logits", values_of(logits_)},
          {"average", average_},
          {"square", square_},
          {"updates", updates_}};
}

void Mixture::restore(const Json& state) {
  const auto logits = state.at("logits").get<std::vector<double>>();
  const auto average = state.at("average").get<std::vector<double>>(),
             square = state.at("square").get<std::vector<double>>();
  const std::size_t count = average_.size();
  if (logits.size() != count || average.size() != count || square.size() != count)
    throw base::Error("its mixture is of another space");
  logits_ = tensor_of(logits).set_requires_grad(true);
  average_ = average;
  square_ = square;
  updates_ = state.at("updates");
}

}  // namespace weft::train
