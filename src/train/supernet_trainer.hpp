// Trains a supernet: every step some sub-networks, whose gradients meet in the shared weights, then one update. What a
// step does follows from the seed and its number, so that a training that was killed goes on as if it had not been.
#pragma once

#include <functional>
#include <optional>

#include "base/json.hpp"
#include "train/data.hpp"
#include "train/mixture.hpp"
#include "train/process_group.hpp"
#include "train/shared_adamw.hpp"
#include "train/subnet_lanes.hpp"
#include "train/subnet_sampler.hpp"

namespace weft::train {

struct SupernetRecipe {
  Recipe recipe;  ///< budget, batch, schedule, AdamW, precision, validation
  SamplerConfig sampler;
  std::optional<MixtureRecipe> mixture = {};  ///< in place of the sampler: all sub-networks at once, superposed
  double distill = 0;           ///< share of the loss that asks for the largest sub-network's scores; sandwich alone
  double temperature = 1;       ///< of those scores
  std::int64_t accumulate = 1;  ///< batches whose gradients are added up for an update
  double ema = 0;               ///< what averaged weights keep of themselves a step; 0: none are kept
  bool sort = false;  ///< with shrinking: the largest network's channels and heads are put in order of importance
                      ///< before the others are trained
  net::SupernetOptions::Depth depth = net::SupernetOptions::Depth::first;
  double checkpoint_s = 60;  ///< seconds between checkpoints
  bool own_subnets = false;  ///< whether each rank of a data-parallel training draws its own sub-networks

  base::Json checked = {};  ///< what it was read from: the identity of a training
  /// Of a checked `evaluate: {supernet: ...}`.
  static SupernetRecipe from_json(const base::Json& supernet);
};

/// Where a training stands: a point of its curve.
struct SupernetPoint {
  std::int64_t step = 0;
  double used = 0, seconds = 0;
  double train_loss = 0;                         ///< of the step's last sub-network
  double largest = 0, smallest = 0, middle = 0;  ///< validation losses in nats; NaN where not measured
  std::optional<double> mixture, derived;        ///< of a mixture, and of the most probable genome alone
  base::Json to_json() const;
  static SupernetPoint from_json(const base::Json& value);
};

/// A supernet that is being trained.
class SupernetTrainer {
 public:
  SupernetTrainer(const space::Space& space, const Dataset& data, const SupernetRecipe& recipe, std::uint64_t seed,
                  ProcessGroup& group);

  /// One update. Throws base::Error where the loss is no number: the last checkpoint is from before.
  double step();
  /// One update with these sub-networks instead of drawn ones.
  double step(const std::vector<space::Genome>& genomes) { return step(genomes, genomes); }

  bool done() const { return used_ >= 1; }
  std::int64_t steps() const { return step_; }
  double used() const { return used_; }
  double seconds() const { return seconds_; }
  /// Validation losses of the largest, the smallest and the middle sub-network.
  SupernetPoint measure();
  const std::vector<SupernetPoint>& curve() const { return curve_; }

  /// A checkpoint of everything that the rest of the training follows from.
  void save(const base::fs::path& path) const;
  /// Goes on from a checkpoint. Throws base::Error where it is of another space, recipe, seed or data, or damaged.
  void resume(const base::fs::path& path);

  /// The same in two trainings of the same experiment that stand at the same step with the same weights, bit for bit.
  std::uint64_t fingerprint() const;

  net::Supernet& supernet() { return supernet_; }
  /// Null where sub-networks are drawn.
  Mixture* mixture() { return mixture_ ? &*mixture_ : nullptr; }

 private:
  double sampled_step();
  double mixture_step();
  void learn_mixture();
  double step(const std::vector<space::Genome>& own, const std::vector<space::Genome>& all);
  at::Tensor scores_of(const net::SubNetwork& network, const at::Tensor& input, bool training) const;
  double train_on(const std::vector<net::SubNetwork>& networks, const Batch& batch);
  Batch next_batch(std::int64_t micro, const char* stream = "batches") const;
  double mixed_loss(const Batch& batch, const Mixture::Probabilities& probabilities, bool learn);
  void finish_step(const std::vector<const net::SubNetwork*>& active, double loss);
  double validation_loss(const std::function<at::Tensor(const at::Tensor&)>& scores) const;
  void measure_mixture(SupernetPoint& point);
  void share_gradients();
  void smooth();
  base::Json identity() const;

  const space::Space& space_;
  const Dataset& data_;
  SupernetRecipe recipe_;
  std::uint64_t seed_;
  ProcessGroup& group_;
  at::Device device_;
  net::Supernet supernet_;
  SubnetSampler sampler_;
  SharedAdamW optimizer_;
  SubnetLanes lanes_;
  std::optional<Mixture> mixture_;
  std::int64_t positions_;  // of an example
  std::int64_t step_ = 0;
  double used_ = 0, seconds_ = 0, loss_ = 0;
  bool sorted_ = false;
  std::vector<SupernetPoint> curve_;
};

}  // namespace weft::train
