// All genomes of a space in one forward pass: the largest one's network, each weight of which is multiplied with the
// share that the genomes which have it hold (superposed slices of entangled weights, each op called once; Sukthanker
// et al. 2024, TangleNAS, section 3). The head sees the mixture of what comes out after each depth. One thread.
#pragma once

#include "net/exits.hpp"
#include "net/supernet.hpp"

namespace weft::net {

class Superposition {
 public:
  /// A gene with several values; of a per-layer gene one of its layers.
  struct Place {
    int gene = 0, layer = 0;
    std::int64_t values = 0;
  };

  /// `largest` is the space's largest genome. Throws base::Error, which names the gene or the weight, where the space
  /// cannot be superposed: its largest genome must have all of every shared weight, and every other one the same
  /// program, of which it has leading parts. At most 4,096 combinations of the genes' values but for the depth's.
  Superposition(Supernet& supernet, const space::Genome& largest);

  /// In the order of the space's genes, then of layers.
  const std::vector<Place>& places() const { return places_; }
  /// The network of the largest genome: what an update of the weights changes. It holds until the supernet grows.
  const SubNetwork& network();

  /// What a forward pass runs on.
  struct Mixed {
    Weights weights;          ///< of each part of network(), in its order
    std::vector<Exit> exits;  ///< of each depth; none where all genomes have one
  };
  /// The weights of the mixture. `probabilities` has one [values] for each place, of the weights' type and on their
  /// device; they are differentiated. Where `learn`, gradients of the weights land in the supernet's, too.
  Mixed mix(const std::vector<at::Tensor>& probabilities, bool learn);
  /// Scores as net::forward() gives them.
  at::Tensor forward(const Mixed& mixed, const at::Tensor& input, bool training) const;

  /// What each part of network() is multiplied with, in its order; undefined: with ones. [shape of the part]
  std::vector<at::Tensor> masks(const std::vector<at::Tensor>& probabilities);

 private:
  static constexpr std::size_t kWhole = static_cast<std::size_t>(-1);  // of a part that every genome has

  // Σ_u p_u · outer_u ⊗ inner_u over the distinct slices u of a weight, where p = select · (probability of each
  // combination of the layer's genes).
  struct Mask {
    int layer = 0;
    std::vector<std::int64_t> shape;
    std::vector<std::vector<std::int64_t>>
        slices;                       // of each combination: what tells its slice from others; while bound
    at::Tensor select, outer, inner;  // [u, combinations], [u, size 0], [u, the other axes]
  };

  [[noreturn]] void refuse(const std::string& why) const;
  void find_places();
  std::vector<space::Genome> combinations() const;
  void check_programs(const std::vector<SubNetwork>& networks) const;
  void check_whole(const std::vector<SubNetwork>& networks) const;
  std::string genes_that_differ(const space::Genome& genome) const;
  std::vector<SubNetwork> select_all() const;
  void bind();
  using Slices = std::vector<const Part*>;  // of each combination; null where it has none of the weight
  std::size_t find_mask(const Part& part, int layer, const Slices& slices);
  void fill_mask(Mask& mask, const Part& part, const Slices& slices) const;
  std::vector<Exit> exits(const std::vector<at::Tensor>& probabilities) const;
  at::Tensor of_combinations(const std::vector<at::Tensor>& probabilities, int layer) const;

  Supernet& supernet_;
  const space::Space& space_;
  space::Genome largest_;
  std::vector<Place> places_;
  std::vector<int> mixed_;          // genes that decide the layers
  std::vector<space::Genome> all_;  // the combinations of their values, the last gene's the fastest
  SubNetwork network_;
  int growths_ = -1;                    // of the supernet when it was bound
  std::vector<Mask> masks_;             // distinct ones
  std::vector<std::size_t> part_mask_;  // of each part
};

}  // namespace weft::net
