// Learns how much each value of each gene shall have of a mixture over entangled weights, by gradients: DARTS (Liu et
// al. 2019, first order) and DrNAS (Chen et al. 2021), superposed as TangleNAS does (Sukthanker et al. 2024). One
// vector of logits for each place of a Superposition: a global gene, a per-layer gene in each layer.
#pragma once

#include <optional>

#include "base/json.hpp"
#include "net/superposition.hpp"
#include "space/distribution.hpp"
#include "train/process_group.hpp"

namespace weft::train {

struct MixtureRecipe {
  bool dirichlet = false;  ///< DrNAS: probabilities are a sample of a Dirichlet; else DARTS: a softmax
  double learning_rate = 3e-3;
  double decay = 1e-3;  ///< of the logits; with a Dirichlet of its concentrations towards the uniform one's
  double warmup = 0.1;  ///< share of the budget in which only weights learn
  /// Of a checked `subnets`; nothing where it draws sub-networks instead.
  static std::optional<MixtureRecipe> from_json(const base::Json& subnets);
};

class Mixture {
 public:
  /// Throws base::Error as Superposition does. Logits start as zeros: every value alike.
  Mixture(net::Supernet& supernet, const space::Genome& largest, const MixtureRecipe& recipe);

  using Probabilities = std::vector<at::Tensor>;
  /// What a step uses, differentiable in the logits: a softmax, or the sample that the seed gives of Dirichlets whose
  /// concentrations are elu(logits) + 1, with the implicit gradient of Figurnov et al. 2018.
  Probabilities draw(std::uint64_t seed) const;
  /// What they are on average.
  Probabilities means() const;

  net::Superposition& superposition() { return superposition_; }
  /// One update of the logits by Adam (betas 0.5 and 0.999, as in DARTS), from the gradients that are there, added up
  /// over the ranks; they are none after.
  void step(ProcessGroup& group);

  space::Distribution distribution() const;
  /// The most probable genome that the space allows.
  space::Genome derived(space::Counter& counter) const { return distribution().most_probable(counter); }

  /// Probabilities by gene, and everything that the rest of a training follows from, exactly.
  base::Json to_json() const;
  /// Throws base::Error where the state is of another space.
  void restore(const base::Json& state);

  /// [all values of all places], float64 on the CPU.
  at::Tensor& logits() { return logits_; }

 private:
  at::Tensor concentrations() const;
  at::Tensor penalty() const;
  std::vector<at::Tensor> mean_parts() const;
  Probabilities for_weights(const std::vector<at::Tensor>& parts) const;

  const space::Space& space_;
  MixtureRecipe recipe_;
  at::TensorOptions weights_;  // type and device
  net::Superposition superposition_;
  at::Tensor logits_;
  std::vector<double> average_, square_;  // moments
  std::int64_t updates_ = 0;
};

}  // namespace weft::train
