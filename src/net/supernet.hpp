// A supernet: one store of maximal weights for a whole space, and the forward pass of any of its genomes over parts of
// them (entangled weights; Chen et al. 2021, AutoFormer, section 3.1; bi-branch sharing: Gao et al. 2022,
// AutoBERT-Zero). A weight belongs to a layer, an op and its ordinal among the program's ops of that name; layers with
// different programs share what they have in common. One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/network.hpp"
#include "net/windows.hpp"
#include "space/decode.hpp"

namespace weft::net {

/// A weight that genomes share, as large as any of them needed it so far.
struct SharedWeight {
  std::string name;  ///< "layers.0.3.linear(s,3).0.bias#s": group, layer, op with the form of its weight,
                     ///< ordinal, parameter, and the form of its own axes
  WeightSpec spec;   ///< of the network that first asked for it
  Axes axes;
  at::Tensor value;            ///< contiguous
  at::Tensor gradient;         ///< zeros between steps; undefined where the supernet is not trained
  at::Tensor average, square;  ///< the optimiser's; undefined before its first update
  at::Tensor smoothed;         ///< the mean over past values, where a training keeps one
  std::int64_t updates = 0;    ///< of any part of it
};

/// A genome's part of a shared weight.
struct Part {
  std::size_t weight = 0;  ///< index into Supernet::weights()
  Axes axes;
  at::Tensor tensor;                    ///< what the forward pass takes: a view of the shared weight, or a copy
  std::vector<block::Run> memory;       ///< where its values lie in the shared tensor
  std::vector<at::Tensor> own, shared;  ///< of a copy: windows of the copy, and of the shared weight
  std::vector<at::Tensor> gradient;     ///< windows of the shared gradient; none where it does not learn
  bool copied() const { return !own.empty(); }
};

/// A layer or an end with its parts, kept for the next genome that has it.
struct BoundParts {
  block::Graph graph;  ///< of a layer
  std::vector<Kernel> kernels;
  std::vector<Part> parts;
  Weights tensors;     ///< of the parts
  block::Axis result;  ///< what the channels that come out are made of
};

struct BoundEnds {
  space::Architecture ends;  ///< without layers
  BoundParts stem, head;
};

/// A genome's network over the supernet's weights, with copies of their values at its selection where a view will not
/// do. It holds until the supernet grows. What is const may run in several threads.
class SubNetwork {
 public:
  /// Scores as net::forward() gives them.
  at::Tensor forward(const at::Tensor& input, bool training) const;
  /// The loss's gradients of each part that learns, in the order of each_part(); undefined where it was not used.
  std::vector<at::Tensor> gradients(const at::Tensor& loss) const;
  /// Adds them to the shared weights' gradients, and writes back running statistics.
  void collect(const std::vector<at::Tensor>& gradients) const;
  /// Whether its forward passes in training are on a CPU and leave no trace but their scores: nothing is drawn, and
  /// there are no running statistics.
  bool may_run_beside_others() const;
  /// Its weights as a stand-alone network has them, in the order of make_network(): copies.
  Weights copy_weights() const;
  /// Calls visit(part) for each of its parts, in that order.
  template <class Visit>
  void each_part(Visit visit) const {
    for (const Part& part : ends_->stem.parts) visit(part);
    for (const auto& layer : layers_) {
      for (const Part& part : layer->parts) visit(part);
    }
    for (const Part& part : ends_->head.parts) visit(part);
  }
  template <class Visit>
  void each_layer(Visit visit) const {
    for (const auto& layer : layers_) visit(*layer);
  }
  const block::Counts& counts() const { return counts_; }
  const space::Architecture& ends() const { return ends_->ends; }

 private:
  friend class Supernet;
  void fill() const;
  std::shared_ptr<const BoundEnds> ends_;
  std::vector<std::shared_ptr<const BoundParts>> layers_;
  block::Counts counts_;
};

struct SupernetOptions {
  /// Which of the supernet's layers a genome of fewer has: the first ones, or evenly spread ones.
  enum class Depth { first, spread };
  Depth depth = Depth::first;
  at::Device device = at::kCPU;
  at::ScalarType type = at::kFloat;
  std::uint64_t seed = 1;
  bool trains = false;   ///< whether there are gradients
  bool outlined = true;  ///< whether it starts with room for the largest genome and for each value of each gene
  std::int64_t most_values = std::int64_t{1} << 33U;  ///< of all weights together; beyond them it does not grow
};

class Supernet {
 public:
  /// Grows for what it is asked for. Throws base::Error where the space's outline does not fit into it.
  Supernet(const space::Space& space, const space::Input& input, const SupernetOptions& options);
  Supernet(const Supernet&) = delete;
  Supernet& operator=(const Supernet&) = delete;

  /// The network of a genome with the values of now; or why there is none: what decode() refuses, or a size beyond the
  /// limit.
  base::Result<SubNetwork> select(const space::Genome& genome);
  /// Of several genomes, which all hold until it grows again. Throws base::Error for one that has none.
  std::vector<SubNetwork> select(const std::vector<space::Genome>& genomes);

  std::vector<SharedWeight>& weights() { return weights_; }
  const std::vector<SharedWeight>& weights() const { return weights_; }
  /// Values of all weights together.
  std::int64_t values() const;
  /// How often it grew: what was selected before another growth does not hold any more.
  int growths() const { return growths_; }
  const space::Space& space() const { return space_; }
  const space::Input& input() const { return input_; }
  block::Place place() const { return space_.place(); }
  const SupernetOptions& options() const { return options_; }

  /// Puts a checkpoint's weights in the place of those that there are.
  void restore(std::vector<SharedWeight> weights);

 private:
  struct Wanted;
  using Key = space::LayerKey::Key;
  std::vector<int> places(const space::Genome& genome) const;
  std::vector<Wanted> wanted_layers(const space::Genome& genome, const space::Architecture& architecture) const;
  std::string make_room(const std::vector<Wanted>& wanted);
  void add(const std::string& name, const WeightSpec& spec, const Axes& axes);
  void grow(SharedWeight& weight, const Axes& axes);
  std::string grow_all(const space::Genome& genome, std::vector<Wanted>& wanted, space::Architecture& architecture);
  std::shared_ptr<const BoundParts> bind(const Wanted& wanted) const;
  base::Result<SubNetwork> find(const space::Genome& genome);
  Part bind_part(const std::string& name, const WeightSpec& spec, const Axes& axes) const;
  bool find_layers(const space::Genome& genome, SubNetwork& network) const;
  Key layer_key(const space::Genome& genome, int layer, int place, const block::Type& input,
                const block::Axis& axis) const;
  base::Result<SubNetwork> bind_genome(const space::Genome& genome, const block::Counts& counts);

  const space::Space& space_;
  const space::Input input_;
  const SupernetOptions options_;
  space::Counter counter_;
  space::LayerKey keys_;
  std::int64_t writers_ = 0;  // products of the largest genome that write into the residual stream
  std::vector<SharedWeight> weights_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::unordered_map<Key, std::shared_ptr<const BoundParts>, space::LayerKey::Hash> layers_;
  std::unordered_map<Key, std::shared_ptr<const BoundEnds>, space::LayerKey::Hash> ends_;
  int growths_ = 0;
};

}  // namespace weft::net
